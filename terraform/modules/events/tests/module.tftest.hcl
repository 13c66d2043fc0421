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
  role_names = { role = "r", audit = "a" }

  functions = {
    role-seed-defaults    = { function = "seed", arn = "arn:aws:lambda:eu-west-1:123456789012:function:seed:live", service = "role", event = "OrganisationCreated" }
    audit-archive-expired = { function = "archive", arn = "arn:aws:lambda:eu-west-1:123456789012:function:archive:live", service = "audit", schedule = "cron(0 2 * * ? *)" }
    role-get-role         = { function = "get", arn = "arn:aws:lambda:eu-west-1:123456789012:function:get:live", service = "role" }
  }
}

run "what_starts_them" {
  command = plan

  assert {
    condition     = [for r in aws_cloudwatch_event_rule.schedule : r.schedule_expression] == ["cron(0 2 * * ? *)"]
    error_message = "The archive job runs daily at 02:00 UTC."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.event["role-seed-defaults"].event_pattern) == { source = ["bbws.access"], detail-type = ["OrganisationCreated"] }
    error_message = "A new organisation gets its roles."
  }

  assert {
    condition     = keys(aws_lambda_function_event_invoke_config.this) == ["audit-archive-expired", "role-seed-defaults"]
    error_message = "Only what no request waits for has a queue."
  }
}

run "without_what_waits" {
  command = plan

  variables {
    time_driven = false
  }

  assert {
    condition     = length(aws_sqs_queue.dead_letters) == 0 && length(aws_cloudwatch_event_rule.schedule) == 1
    error_message = "The local machine has the rules and no queue."
  }
}
