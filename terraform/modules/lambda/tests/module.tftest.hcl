mock_provider "aws" {}

variables {
  prefix                   = "bbws-access-dev"
  code                     = { bucket = "code", key = "code.zip", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
  role_arns                = { authorizer = "arn:aws:iam::123456789012:role/a", audit = "arn:aws:iam::123456789012:role/b" }
  environment              = {}
  log_retention_days       = 30
  audit_log_retention_days = 90

  functions = {
    authorizer-authorize  = { service = "authorizer", handler = "lambdas.authorizer.authorize", memory = 512, timeout = 10, http = false }
    audit-archive-expired = { service = "audit", handler = "lambdas.audit.archive_expired", memory = 1024, timeout = 300, http = false }
  }
}

run "names_and_logs" {
  command = plan

  assert {
    condition     = aws_lambda_function.this["authorizer-authorize"].function_name == "bbws-access-dev-lambda-authorizer-authorize"
    error_message = "Functions are named after environment, service and action."
  }

  assert {
    condition     = { for k, g in aws_cloudwatch_log_group.this : k => g.retention_in_days } == { authorizer = 30, audit = 90 }
    error_message = "The audit service's logs are kept longer."
  }

  assert {
    condition     = length(aws_lambda_provisioned_concurrency_config.authorizer) == 0
    error_message = "Concurrency is provisioned only where it is asked for."
  }
}

run "warm" {
  command = plan

  variables {
    authorizer_concurrency = 2
  }

  assert {
    condition     = aws_lambda_provisioned_concurrency_config.authorizer[0].provisioned_concurrent_executions == 2
    error_message = "The authorizer is kept warm."
  }
}

run "variables_of_one_function" {
  command = plan

  variables {
    environment     = { SHARED = "yes" }
    own_environment = { authorizer-authorize = { OWN = "yes" } }
  }

  assert {
    condition     = [for f in aws_lambda_function.this : contains(keys(f.environment[0].variables), "OWN") if f.environment[0].variables["SHARED"] == "yes"] == [false, true]
    error_message = "What is one function's own is in no other's environment."
  }
}

run "no_such_function" {
  command = plan

  variables {
    own_environment = { audit-nothing = { OWN = "yes" } }
  }

  expect_failures = [var.own_environment]
}

run "no_such_retention" {
  command = plan

  variables {
    log_retention_days = 31
  }

  expect_failures = [var.log_retention_days]
}
