output "state_bucket_name" {
  description = "Bucket of Terraform's state."
  value       = module.bootstrap.state_bucket_name
}

output "lock_table_name" {
  description = "Table of Terraform's locks."
  value       = module.bootstrap.lock_table_name
}

output "deploy_role_arn" {
  description = "Role that CI takes on to stand the environment up."
  value       = module.bootstrap.deploy_role_arn
}

output "plan_role_arn" {
  description = "Role that CI takes on to plan; it changes nothing."
  value       = module.bootstrap.plan_role_arn
}
