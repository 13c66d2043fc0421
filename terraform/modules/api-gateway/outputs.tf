output "id" {
  description = "Id of the REST API."
  value       = aws_api_gateway_rest_api.this.id
}

output "invoke_url" {
  description = "Where the stage answers on AWS."
  value       = aws_api_gateway_stage.this.invoke_url
}

output "authorizer_id" {
  description = "Id of the TOKEN authorizer, which the OpenAPI document makes."
  value       = one(data.aws_api_gateway_authorizers.this.ids)
}

output "cursor_key_arn" {
  description = "ARN of the key that seals cursors."
  value       = aws_kms_key.cursors.arn
}

output "log_group_name" {
  description = "Log group of the API's access log."
  value       = aws_cloudwatch_log_group.access.name
}
