mock_provider "aws" {}

variables {
  prefix           = "bbws-access-dev"
  name             = "bbws-access-dev-apigw"
  stage            = "dev"
  openapi_template = "tests/openapi.json.tftpl"
  throttle_rate    = 100
  throttle_burst   = 50

  functions = {
    role-get-role        = { function = "get", invoke_arn = "arn:get", http = true }
    authorizer-authorize = { function = "authorize", invoke_arn = "arn:authorize", http = false }
    role-seed-defaults   = { function = "seed", invoke_arn = "arn:seed", http = false }
  }
}

run "the_stage" {
  command = plan

  assert {
    condition     = aws_api_gateway_method_settings.this.settings[0].throttling_rate_limit == 100
    error_message = "The throttle is the environment's."
  }

  assert {
    condition     = keys(aws_lambda_permission.api) == ["authorizer-authorize", "role-get-role"]
    error_message = "The API may call its functions and the authorizer, and no others."
  }

  assert {
    condition     = !strcontains(aws_api_gateway_stage.this.access_log_settings[0].format, "context.path\"")
    error_message = "The access log holds no path, which may hold a token."
  }

  assert {
    condition     = !aws_api_gateway_stage.this.xray_tracing_enabled
    error_message = "A trace of the stage holds the path, and with it a token."
  }
}

run "no_throttle" {
  command = plan

  variables {
    throttle_rate = 0
  }

  expect_failures = [var.throttle_rate]
}
