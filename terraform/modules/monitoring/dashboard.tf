# Sixteen widgets, three in a row; each says what it shows, in the order in which trouble is looked for.
locals {
  authorizer = var.functions["authorizer-authorize"].function
  services   = sort(keys(local.names))

  # Everything that a widget may leave out is the same in all of them.
  widgets = [
    { title = "Authorizer latency (ms)", stat = "p95", metrics = [
      ["AWS/Lambda", "Duration", "FunctionName", local.authorizer, { stat = "p50" }],
      ["AWS/Lambda", "Duration", "FunctionName", local.authorizer, { stat = "p95" }],
      ["AWS/Lambda", "Duration", "FunctionName", local.authorizer, { stat = "p99" }],
    ] },
    { title = "Authorizer invocations and errors", stat = "Sum", metrics = [
      ["AWS/Lambda", "Invocations", "FunctionName", local.authorizer],
      [var.namespace, "AuthorizerGeneralErrors"],
    ] },
    { title = "Authorizer decisions", stat = "Sum", metrics = [
      [var.namespace, "AuthorizationDenied"],
      [var.namespace, "TokenValidationFailures"],
      [var.namespace, "PermissionDenied"],
      [var.namespace, "OrgAccessDenied"],
    ] },
    { title = "Errors by service", stat = "Sum", metrics = [
      for service in local.services : [var.namespace, "${title(service)}GeneralErrors"]
    ] },
    { title = "Invocations by service", stat = "Sum", metrics = [
      for n, service in local.services : [{
        id         = "e${n}"
        label      = service
        expression = "SUM(SEARCH('{AWS/Lambda,FunctionName} MetricName=\"Invocations\" \"${var.prefix}-lambda-${service}\"', 'Sum', 60))"
      }]
    ] },
    { title = "Invitations", stat = "Sum", metrics = [
      [var.namespace, "InvitationsSent"],
      [var.namespace, "InvitationsAccepted"],
      [var.namespace, "DuplicateInvitations"],
    ] },
    { title = "Invitation emails that failed", stat = "Sum", metrics = [
      [var.namespace, "InvitationEmailFailures"],
    ] },
    { title = "Invitation latency (ms)", stat = "p95", metrics = [
      for name in lookup(local.names, "invitation", []) : ["AWS/Lambda", "Duration", "FunctionName", name]
    ] },
    { title = "Audit events captured", stat = "Sum", metrics = [
      [var.namespace, "AuditEventsCaptured"],
    ] },
    { title = "Audit archive failures", stat = "Sum", metrics = [
      [var.namespace, "AuditArchiveFailures"],
    ] },
    { title = "Audit exports", stat = "Sum", metrics = [
      [var.namespace, "AuditExports"],
    ] },
    { title = "DynamoDB capacity", stat = "Sum", metrics = [
      ["AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", var.table_name],
      ["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", var.table_name],
    ] },
    { title = "DynamoDB throttles", stat = "Sum", metrics = [
      for operation in local.table_operations :
      ["AWS/DynamoDB", "ThrottledRequests", "TableName", var.table_name, "Operation", operation]
    ] },
    { title = "DynamoDB latency (ms)", stat = "Average", metrics = [
      for operation in local.table_operations :
      ["AWS/DynamoDB", "SuccessfulRequestLatency", "TableName", var.table_name, "Operation", operation]
    ] },
    { title = "Lambda concurrency", stat = "Maximum", metrics = [
      ["AWS/Lambda", "ConcurrentExecutions"],
    ] },
    { title = "Events that could not be processed", stat = "Maximum", metrics = [
      ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.queue_name],
      [var.namespace, "DLQMessages", { stat = "Sum" }],
    ] },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = "${var.prefix}-dashboard"

  dashboard_body = jsonencode({
    widgets = [
      for n, widget in local.widgets : {
        type   = "metric"
        x      = 8 * (n % 3)
        y      = 6 * floor(n / 3)
        width  = 8
        height = 6
        properties = {
          title   = widget.title
          region  = var.region
          view    = "timeSeries"
          stacked = false
          period  = 60
          stat    = widget.stat
          metrics = widget.metrics
        }
      }
    ]
  })
}
