output "queue_name" {
  description = "Name of the queue of failed events, whether it is there or not."
  value       = local.queue_name
}

output "queue_url" {
  description = "URL of the queue of failed events; null where there is none."
  value       = one(aws_sqs_queue.dead_letters[*].url)
}

output "log_group_name" {
  description = "Log group of failed events."
  value       = aws_cloudwatch_log_group.dead_letters.name
}

output "log_group_arn" {
  description = "Log group of failed events, by ARN."
  value       = aws_cloudwatch_log_group.dead_letters.arn
}
