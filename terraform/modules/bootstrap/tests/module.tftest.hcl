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
  environment = "dev"
  repository  = "owner/name"
}

run "names" {
  command = plan

  assert {
    condition     = aws_s3_bucket.state.bucket == "bbws-terraform-state-dev" && aws_dynamodb_table.locks.name == "bbws-terraform-locks-dev"
    error_message = "State and lock are named after the environment."
  }

  assert {
    condition     = [aws_iam_role.deploy.name, aws_iam_role.plan.name] == ["bbws-access-dev-role-deploy", "bbws-access-dev-role-plan"]
    error_message = "CI's roles are named after the environment, as the policies that deny them to the stack have them."
  }
}

run "no_repository" {
  command = plan

  variables {
    repository = "name"
  }

  expect_failures = [var.repository]
}
