output "aliases" {
  description = "The live alias of each function: its function, service and ARN, and the ARN under which API Gateway invokes it."
  value = {
    for name, alias in aws_lambda_alias.live : name => {
      function   = alias.function_name
      service    = var.functions[name].service
      arn        = alias.arn
      invoke_arn = alias.invoke_arn
      http       = var.functions[name].http
    }
  }
}

output "log_group_arns" {
  description = "Log group of each service, by ARN."
  value       = { for service, group in aws_cloudwatch_log_group.this : service => group.arn }
}

output "log_group_names" {
  description = "Log group of each service, by name."
  value       = { for service, group in aws_cloudwatch_log_group.this : service => group.name }
}
