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

variables {
  bucket  = "code"
  package = { path = "code.zip", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
}

run "the_name_says_what_is_in_it" {
  command = plan

  assert {
    condition     = aws_s3_object.package.key == "functions/0000000000000000000000000000000000000000000000000000000000000000.zip"
    error_message = "The object is named by its hash."
  }

  assert {
    condition     = length(aws_s3_object.layer) == 0
    error_message = "Without a layer, none is uploaded."
  }
}

run "a_layer" {
  command = plan

  variables {
    layer = { path = "layer.zip", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
  }

  assert {
    condition     = aws_s3_object.layer[0].key == "layers/0000000000000000000000000000000000000000000000000000000000000000.zip"
    error_message = "The layer is named by its hash."
  }
}

run "no_hash" {
  command = plan

  variables {
    layer = { path = "layer.zip", sha256 = "abc" }
  }

  expect_failures = [var.layer]
}
