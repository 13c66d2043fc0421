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
  prefix     = "bbws-access-dev"
  region     = "eu-west-1"
  table_name = "table"
  queue_name = "queue"
  log_groups = { authorizer = "/aws/lambda/a" }

  functions = {
    authorizer-authorize         = { function = "authorize", service = "authorizer" }
    permission-list-permissions  = { function = "list", service = "permission" }
    invitation-create-invitation = { function = "create", service = "invitation" }
  }

  metric_filters = {
    AuthorizationDenied = { log_group = "authorizer", pattern = "{ $.decision = \"*_DENIED\" }", value = "1" }
  }
}

run "counts" {
  command = plan

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.counted) + length(aws_cloudwatch_metric_alarm.slow) + 4 == 13
    error_message = "There are 13 alarms."
  }

  assert {
    condition     = length(local.widgets) == 16
    error_message = "The dashboard has 16 widgets."
  }

  assert {
    condition     = toset([for t in aws_sns_topic.this : t.name]) == toset(["bbws-access-dev-sns-critical", "bbws-access-dev-sns-warning", "bbws-access-dev-sns-dlq"])
    error_message = "There are three topics."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.lambda_concurrency.threshold == 800
    error_message = "The warning comes at 80 % of the limit."
  }
}

run "a_filter_of_nothing" {
  command = plan

  variables {
    metric_filters = {
      Lost = { log_group = "nowhere", pattern = "{ $.a = 1 }", value = "1" }
    }
  }

  expect_failures = [var.log_groups]
}
