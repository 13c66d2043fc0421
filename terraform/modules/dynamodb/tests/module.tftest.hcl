mock_provider "aws" {}

variables {
  name                = "table"
  deletion_protection = true
}

run "five_indexes_and_what_keeps_data" {
  command = plan

  assert {
    condition     = toset([for i in aws_dynamodb_table.this.global_secondary_index : i.name]) == toset(["GSI1", "GSI2", "GSI3", "GSI4", "GSI5"])
    error_message = "The table has five indexes."
  }

  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled && aws_dynamodb_table.this.point_in_time_recovery[0].enabled
    error_message = "The table is protected and can be restored."
  }

  assert {
    condition     = aws_dynamodb_table.this.stream_view_type == "NEW_AND_OLD_IMAGES" && aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST"
    error_message = "The stream holds both images, and capacity is on demand."
  }
}

run "a_replica" {
  command = plan

  variables {
    replica_regions = ["eu-west-1"]
  }

  assert {
    condition     = [for r in aws_dynamodb_table.this.replica : r.region_name] == ["eu-west-1"]
    error_message = "The replica is in the DR region."
  }
}
