mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = {
      json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
    }
  }

  mock_data "aws_caller_identity" {
    defaults = {
      account_id = "123456789012"
    }
  }

  mock_data "aws_partition" {
    defaults = {
      partition = "aws"
    }
  }
}

mock_provider "aws" {
  alias = "dr"
}

variables {
  name      = "archive"
  lock_mode = "COMPLIANCE"
}

run "locked_and_ageing" {
  command = plan

  assert {
    condition     = aws_s3_bucket.this.object_lock_enabled && aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "The bucket is versioned and can lock objects."
  }

  assert {
    condition = { for r in aws_s3_bucket_lifecycle_configuration.this[0].rule : r.id => [
    [for t in r.transition : t.days], r.expiration[0].days] } == { archive = [[90], 2555], exports = [[], 30] }
    error_message = "The archive goes to Glacier at day 90 and lasts 2,555 days; exports last 30."
  }

  assert {
    condition     = length(aws_s3_bucket.replica) == 0
    error_message = "There is no replica where none is asked for."
  }
}

run "replicated" {
  command = plan

  variables {
    replica_region = "eu-west-1"
  }

  assert {
    condition     = aws_s3_bucket.replica[0].bucket == "archive-replica"
    error_message = "The replica is named after the bucket."
  }

  assert {
    condition     = aws_s3_bucket_replication_configuration.this[0].rule[0].delete_marker_replication[0].status == "Disabled"
    error_message = "Deleting here deletes nothing there."
  }
}

run "no_such_mode" {
  command = plan

  variables {
    lock_mode = "NONE"
  }

  expect_failures = [var.lock_mode]
}
