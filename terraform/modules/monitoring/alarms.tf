locals {
  names = { for service in distinct([for f in var.functions : f.service]) : service => sort([for f in var.functions : f.function if f.service == service]) }

  # Alarms on what the filters count: how much in how long is too much.
  counted = {
    authorizer-errors         = { metric = "AuthorizerGeneralErrors", above = 10, topic = "critical", says = "The authorizer fails: it lets nobody in whom it cannot judge" }
    invitation-failures       = { metric = "InvitationEmailFailures", above = 5, topic = "critical", says = "Invitations' emails are not sent" }
    audit-archive-failures    = { metric = "AuditArchiveFailures", above = 0, topic = "critical", period = 3600, says = "A finished day of the trail could not be archived" }
    permission-service-errors = { metric = "PermissionGeneralErrors", above = 5, topic = "warning", says = "The permission service fails" }
    team-service-errors       = { metric = "TeamGeneralErrors", above = 5, topic = "warning", says = "The team service fails" }
    role-service-errors       = { metric = "RoleGeneralErrors", above = 5, topic = "warning", says = "The role service fails" }
    audit-service-errors      = { metric = "AuditGeneralErrors", above = 3, topic = "warning", says = "The audit service fails" }
  }

  # Alarms on the slowest function of a service; an alarm takes ten metrics at most.
  slow = {
    permission-service-latency = { service = "permission", above = 500, topic = "warning" }
    invitation-service-latency = { service = "invitation", above = 1000, topic = "warning" }
  }

  # What the functions ask of the table; on-demand tables throttle by request, whichever index is the cause.
  table_operations = ["GetItem", "BatchGetItem", "Query", "PutItem", "TransactWriteItems"]
}

resource "aws_cloudwatch_metric_alarm" "counted" {
  for_each = local.counted

  alarm_name          = "${var.prefix}-alarm-${each.key}"
  alarm_description   = each.value.says
  namespace           = var.namespace
  metric_name         = each.value.metric
  statistic           = "Sum"
  period              = try(each.value.period, 60)
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this[each.value.topic].arn]
  ok_actions          = [aws_sns_topic.this[each.value.topic].arn]

  depends_on = [aws_cloudwatch_log_metric_filter.this]
}

resource "aws_cloudwatch_metric_alarm" "authorizer_latency" {
  alarm_name          = "${var.prefix}-alarm-authorizer-latency"
  alarm_description   = "The authorizer is slow, and with it every request: p95 over 100 ms"
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  dimensions          = { FunctionName = var.functions["authorizer-authorize"].function }
  extended_statistic  = "p95"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 100
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this["critical"].arn]
  ok_actions          = [aws_sns_topic.this["critical"].arn]
}

resource "aws_cloudwatch_metric_alarm" "dynamodb_throttling" {
  alarm_name          = "${var.prefix}-alarm-dynamodb-throttling"
  alarm_description   = "The table refuses requests"
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this["critical"].arn]
  ok_actions          = [aws_sns_topic.this["critical"].arn]

  metric_query {
    id          = "throttled"
    label       = "Throttled requests"
    expression  = "SUM(METRICS())"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.table_operations

    content {
      id = "m${metric_query.key}"

      metric {
        namespace   = "AWS/DynamoDB"
        metric_name = "ThrottledRequests"
        dimensions  = { TableName = var.table_name, Operation = metric_query.value }
        stat        = "Sum"
        period      = 60
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "dlq_messages" {
  alarm_name          = "${var.prefix}-alarm-dlq-messages"
  alarm_description   = "An event could not be processed and waits in the queue"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = var.queue_name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this["dlq"].arn]
  ok_actions          = [aws_sns_topic.this["dlq"].arn]
}

resource "aws_cloudwatch_metric_alarm" "lambda_concurrency" {
  alarm_name          = "${var.prefix}-alarm-lambda-concurrency"
  alarm_description   = "More than 80 % of the functions that the account may run at once are running"
  namespace           = "AWS/Lambda"
  metric_name         = "ConcurrentExecutions"
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = floor(0.8 * var.lambda_concurrency_limit)
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this["warning"].arn]
  ok_actions          = [aws_sns_topic.this["warning"].arn]
}

resource "aws_cloudwatch_metric_alarm" "slow" {
  for_each = local.slow

  alarm_name          = "${var.prefix}-alarm-${each.key}"
  alarm_description   = "The slowest function of the ${each.value.service} service: p95 over ${each.value.above} ms"
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this[each.value.topic].arn]
  ok_actions          = [aws_sns_topic.this[each.value.topic].arn]

  metric_query {
    id          = "slowest"
    label       = "Slowest function, p95 in ms"
    expression  = "MAX(METRICS())"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = lookup(local.names, each.value.service, [])

    content {
      id = "m${metric_query.key}"

      metric {
        namespace   = "AWS/Lambda"
        metric_name = "Duration"
        dimensions  = { FunctionName = metric_query.value }
        stat        = "p95"
        period      = 60
      }
    }
  }
}
