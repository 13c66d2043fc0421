output "topic_arns" {
  description = "The topics that alarms are published to, by kind: critical, warning, dlq."
  value       = { for kind, topic in aws_sns_topic.this : kind => topic.arn }
}

output "alarm_names" {
  description = "Names of all alarms."
  value = sort(concat(
    [for alarm in aws_cloudwatch_metric_alarm.counted : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.slow : alarm.alarm_name],
    [
      aws_cloudwatch_metric_alarm.authorizer_latency.alarm_name,
      aws_cloudwatch_metric_alarm.dynamodb_throttling.alarm_name,
      aws_cloudwatch_metric_alarm.dlq_messages.alarm_name,
      aws_cloudwatch_metric_alarm.lambda_concurrency.alarm_name,
    ],
  ))
}

output "dashboard_name" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}
