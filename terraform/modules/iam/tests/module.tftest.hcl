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
  prefix                     = "bbws-access-dev"
  services                   = ["permission", "invitation", "team", "role", "audit", "authorizer"]
  table_arn                  = "arn:aws:dynamodb:eu-west-1:123456789012:table/t"
  audit_bucket_arn           = "arn:aws:s3:::b"
  audit_key_arn              = "arn:aws:kms:eu-west-1:123456789012:key/k"
  user_pool_arn              = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/p"
  sender_arn                 = "arn:aws:ses:eu-west-1:123456789012:identity/i"
  cursor_key_arn             = "arn:aws:kms:eu-west-1:123456789012:key/c"
  dead_letters_log_group_arn = "arn:aws:logs:eu-west-1:123456789012:log-group:d"
  log_group_arns = {
    permission = "arn:aws:logs:eu-west-1:123456789012:log-group:1"
    invitation = "arn:aws:logs:eu-west-1:123456789012:log-group:2"
    team       = "arn:aws:logs:eu-west-1:123456789012:log-group:3"
    role       = "arn:aws:logs:eu-west-1:123456789012:log-group:4"
    audit      = "arn:aws:logs:eu-west-1:123456789012:log-group:5"
    authorizer = "arn:aws:logs:eu-west-1:123456789012:log-group:6"
  }
}

run "six_roles" {
  command = plan

  assert {
    condition     = length(aws_iam_role.this) == 6 && aws_iam_role.this["team"].name == "bbws-access-dev-role-team-service"
    error_message = "Each service has its role."
  }
}
