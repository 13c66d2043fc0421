output "state_bucket_name" {
  description = "Bucket of Terraform's state."
  value       = aws_s3_bucket.state.id
}

output "lock_table_name" {
  description = "Table of Terraform's locks."
  value       = aws_dynamodb_table.locks.name
}

output "deploy_role_arn" {
  description = "Role that CI takes on."
  value       = aws_iam_role.deploy.arn
}
