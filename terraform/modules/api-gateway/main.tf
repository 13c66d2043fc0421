# Cursors of lists are sealed with it: a client can neither read nor forge them.
resource "aws_kms_key" "cursors" {
  #checkov:skip=CKV2_AWS_64: the default policy leaves it to IAM, and the roles there name this key
  #checkov:skip=CKV_AWS_7: rotates everywhere but on the local machine, where nothing lasts a year
  description             = "Cursors of ${var.name}"
  enable_key_rotation     = var.time_driven
  deletion_window_in_days = 7
}

locals {
  authorizer  = "authorizer-authorize"
  invoke_arns = { for name, alias in var.functions : name => alias.invoke_arn }
}

resource "aws_api_gateway_rest_api" "this" {
  #checkov:skip=CKV_AWS_237: a new API would have another address; it is changed in place
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
  #checkov:skip=CKV_AWS_158: CloudWatch Logs encrypts with its own key; no line holds a secret
  #checkov:skip=CKV_AWS_338: the contract keeps logs 30 days; what has to last is in the audit archive
  name              = "/aws/apigateway/${var.prefix}"
  retention_in_days = var.log_retention_days
}

resource "aws_api_gateway_stage" "this" {
  #checkov:skip=CKV_AWS_120: answers differ by user and must be fresh: who was deactivated is out at once
  #checkov:skip=CKV2_AWS_51: people and programs sign in with tokens
  #checkov:skip=CKV2_AWS_29: the throttle and the authorizer stand in front; a firewall belongs to the company's edge
  #checkov:skip=CKV2_AWS_4: execution logs would hold requests, and with them tokens; the access log does not
  #checkov:skip=CKV_AWS_73: a stage's trace holds the address that was asked for, and with it an invitation's token
  rest_api_id          = aws_api_gateway_rest_api.this.id
  deployment_id        = aws_api_gateway_deployment.this.id
  stage_name           = var.stage
  xray_tracing_enabled = false # the functions trace their runs, which say nothing of the address

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
  #checkov:skip=CKV_AWS_225: answers differ by user and must be fresh: who was deactivated is out at once
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
