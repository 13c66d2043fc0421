output "state_bucket_name" {
  description = "Bucket of Terraform's state."
  value       = aws_s3_bucket.state.id
}

output "lock_table_name" {
  description = "Table of Terraform's locks."
  value       = aws_dynamodb_table.locks.name
}

output "deploy_role_arn" {
  description = "Role that CI takes on to stand the environment up."
  value       = aws_iam_role.deploy.arn
}

output "plan_role_arn" {
  description = "Role that CI takes on to plan; it changes nothing."
  value       = aws_iam_role.plan.arn
}
