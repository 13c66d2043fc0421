locals {
  services   = toset([for f in var.functions : f.service])
  authorizer = "authorizer-authorize"
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158: CloudWatch Logs encrypts with its own key; no line holds a secret
  #checkov:skip=CKV_AWS_338: the contract keeps logs 30 or 90 days; what has to last is in the audit archive
  for_each = local.services

  name              = "/aws/lambda/${var.prefix}-${each.key}"
  retention_in_days = each.key == "audit" ? var.audit_log_retention_days : var.log_retention_days
}

# The name says what is in it; versions that functions still name are kept.
resource "aws_lambda_layer_version" "dependencies" {
  count = var.layer == null ? 0 : 1

  layer_name               = "${var.prefix}-layer-dependencies"
  description              = var.layer.sha256
  compatible_runtimes      = ["python3.12"]
  compatible_architectures = ["arm64"]
  s3_bucket                = var.layer.bucket
  s3_key                   = var.layer.key
  skip_destroy             = false
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_116: asynchronous functions have an on-failure destination, in the module events
  #checkov:skip=CKV_AWS_117: they use AWS's public endpoints only, with TLS and IAM
  #checkov:skip=CKV_AWS_115: a limit for each of 43 would take from the others; the API's throttle limits them together
  #checkov:skip=CKV_AWS_272: the package is named by its hash, in a bucket that only the deploy role writes
  #checkov:skip=CKV_AWS_173: no variable is a secret
  for_each = var.functions

  function_name = "${var.prefix}-lambda-${each.key}"
  role          = var.role_arns[each.value.service]
  handler       = each.value.handler
  runtime       = "python3.12"
  architectures = ["arm64"]
  memory_size   = each.value.memory
  timeout       = each.value.timeout
  s3_bucket     = var.code.bucket
  s3_key        = var.code.key
  publish       = true
  layers        = aws_lambda_layer_version.dependencies[*].arn

  environment {
    variables = merge(var.environment, lookup(var.own_environment, each.key, {}), { POWERTOOLS_SERVICE_NAME = each.value.service })
  }

  tracing_config {
    mode = "Active"
  }

  logging_config {
    # Lambda's own reports come as JSON too, so that a filter sees a function that ran out of time.
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.this[each.value.service].name
  }
}

resource "aws_lambda_alias" "live" {
  for_each = var.functions

  name             = "live"
  function_name    = aws_lambda_function.this[each.key].function_name
  function_version = aws_lambda_function.this[each.key].version
}

resource "aws_lambda_provisioned_concurrency_config" "authorizer" {
  count = var.authorizer_concurrency > 0 ? 1 : 0

  function_name                     = aws_lambda_alias.live[local.authorizer].function_name
  qualifier                         = aws_lambda_alias.live[local.authorizer].name
  provisioned_concurrent_executions = var.authorizer_concurrency
}
