# Functions that no request waits for: what starts them, and where an event goes that they cannot process.
locals {
  scheduled    = { for name, f in var.functions : name => f if f.schedule != null }
  on_event     = { for name, f in var.functions : name => f if f.event != null }
  asynchronous = merge(local.scheduled, local.on_event)
  rules        = merge(aws_cloudwatch_event_rule.schedule, aws_cloudwatch_event_rule.event)
  queue_name   = "${var.prefix}-sqs-dead-letters"
}

resource "aws_cloudwatch_log_group" "dead_letters" {
  #checkov:skip=CKV_AWS_158: CloudWatch Logs encrypts with its own key; no line holds a secret
  #checkov:skip=CKV_AWS_338: the contract keeps logs 30 days; what has to last is in the audit archive
  name              = "/aws/lambda/${var.prefix}-dlq"
  retention_in_days = var.log_retention_days
}

# Terraform waits half a minute for a queue; on this machine a failed event is only written to the log group.
resource "aws_sqs_queue" "dead_letters" {
  count = var.time_driven ? 1 : 0

  name                       = local.queue_name
  message_retention_seconds  = 14 * 24 * 3600
  visibility_timeout_seconds = 300
  sqs_managed_sse_enabled    = true
}

data "aws_iam_policy_document" "dead_letters" {
  count = var.time_driven ? 1 : 0

  statement {
    sid       = "OnlyOverTls"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [aws_sqs_queue.dead_letters[0].arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  statement {
    sid       = "UndeliveredEvents"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.dead_letters[0].arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [for rule in local.rules : rule.arn]
    }
  }
}

resource "aws_sqs_queue_policy" "dead_letters" {
  count = var.time_driven ? 1 : 0

  queue_url = aws_sqs_queue.dead_letters[0].id
  policy    = data.aws_iam_policy_document.dead_letters[0].json
}

# Lambda sends with the function's own role.
data "aws_iam_policy_document" "send" {
  count = var.time_driven ? 1 : 0

  statement {
    sid       = "PutFailedEventsAside"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.dead_letters[0].arn]
  }
}

resource "aws_iam_role_policy" "send" {
  for_each = var.time_driven ? toset([for f in local.asynchronous : f.service]) : toset([])

  name   = "dead-letters"
  role   = var.role_names[each.key]
  policy = data.aws_iam_policy_document.send[0].json
}

resource "aws_lambda_function_event_invoke_config" "this" {
  for_each = var.time_driven ? local.asynchronous : {}

  function_name                = each.value.function
  qualifier                    = "live"
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 6 * 3600

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead_letters[0].arn
    }
  }

  depends_on = [aws_iam_role_policy.send]
}

resource "aws_cloudwatch_event_rule" "schedule" {
  for_each = local.scheduled

  name                = "${var.prefix}-rule-${each.key}"
  description         = "When ${each.key} runs, in UTC"
  schedule_expression = each.value.schedule
}

resource "aws_cloudwatch_event_rule" "event" {
  for_each = local.on_event

  name        = "${var.prefix}-rule-${each.key}"
  description = "What ${each.key} runs for"

  event_pattern = jsonencode({
    source      = [var.event_source]
    detail-type = [each.value.event]
  })
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local.asynchronous

  rule      = local.rules[each.key].name
  target_id = "function"
  arn       = each.value.arn

  dynamic "dead_letter_config" {
    for_each = aws_sqs_queue.dead_letters

    content {
      arn = dead_letter_config.value.arn
    }
  }
}

resource "aws_lambda_permission" "events" {
  for_each = local.asynchronous

  statement_id  = "EventBridge"
  action        = "lambda:InvokeFunction"
  function_name = each.value.function
  qualifier     = "live"
  principal     = "events.amazonaws.com"
  source_arn    = local.rules[each.key].arn
}
