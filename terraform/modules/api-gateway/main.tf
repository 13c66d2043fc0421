# Cursors of lists are sealed with it: a client can neither read nor forge them.
resource "aws_kms_key" "cursors" {
  description             = "Cursors of ${var.name}"
  enable_key_rotation     = var.time_driven
  deletion_window_in_days = 7
}

locals {
  authorizer  = "authorizer-authorize"
  invoke_arns = { for name, alias in var.functions : name => alias.invoke_arn }
}

resource "aws_api_gateway_rest_api" "this" {
  name = var.name
  body = templatefile(var.openapi_template, { invoke_arns = local.invoke_arns })

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id

  triggers = {
    body = sha256(aws_api_gateway_rest_api.this.body)
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "/aws/apigateway/${var.prefix}"
  retention_in_days = var.log_retention_days
}

resource "aws_api_gateway_stage" "this" {
  rest_api_id          = aws_api_gateway_rest_api.this.id
  deployment_id        = aws_api_gateway_deployment.this.id
  stage_name           = var.stage
  xray_tracing_enabled = true

  # The path as it was asked for stays out: an invitation's token is part of it.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      requestId      = "$context.requestId"
      time           = "$context.requestTimeEpoch"
      ip             = "$context.identity.sourceIp"
      method         = "$context.httpMethod"
      resource       = "$context.resourcePath"
      status         = "$context.status"
      error          = "$context.error.responseType"
      user           = "$context.authorizer.principalId"
      latency        = "$context.responseLatency"
      functionStatus = "$context.integration.status"
      authorizer     = "$context.authorizer.status"
    })
  }
}

resource "aws_api_gateway_method_settings" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "*/*"

  settings {
    throttling_rate_limit  = var.throttle_rate
    throttling_burst_limit = var.throttle_burst
    metrics_enabled        = true
  }
}

resource "aws_lambda_permission" "api" {
  for_each = { for name, alias in var.functions : name => alias if alias.http || name == local.authorizer }

  statement_id  = "ApiGateway"
  action        = "lambda:InvokeFunction"
  function_name = each.value.function
  qualifier     = "live"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.this.execution_arn}/*"
}

data "aws_api_gateway_authorizers" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id

  depends_on = [aws_api_gateway_deployment.this]
}
