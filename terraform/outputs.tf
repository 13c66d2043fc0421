output "dynamodb_table_name" {
  description = "Name of the single table."
  value       = module.table.name
}

output "dynamodb_table_arn" {
  description = "ARN of the single table."
  value       = module.table.arn
}

output "permission_service_role_arn" {
  description = "ARN of the permission service's role."
  value       = lookup(module.iam.role_arns, "permission", null)
}

output "invitation_service_role_arn" {
  description = "ARN of the invitation service's role."
  value       = lookup(module.iam.role_arns, "invitation", null)
}

output "team_service_role_arn" {
  description = "ARN of the team service's role."
  value       = lookup(module.iam.role_arns, "team", null)
}

output "role_service_role_arn" {
  description = "ARN of the role service's role."
  value       = lookup(module.iam.role_arns, "role", null)
}

output "audit_service_role_arn" {
  description = "ARN of the audit service's role."
  value       = lookup(module.iam.role_arns, "audit", null)
}

output "authorizer_service_role_arn" {
  description = "ARN of the authorizer's role."
  value       = lookup(module.iam.role_arns, "authorizer", null)
}

output "permission_log_group_name" {
  description = "Log group of the permission service."
  value       = lookup(module.functions.log_group_names, "permission", null)
}

output "invitation_log_group_name" {
  description = "Log group of the invitation service."
  value       = lookup(module.functions.log_group_names, "invitation", null)
}

output "team_log_group_name" {
  description = "Log group of the team service."
  value       = lookup(module.functions.log_group_names, "team", null)
}

output "role_log_group_name" {
  description = "Log group of the role service."
  value       = lookup(module.functions.log_group_names, "role", null)
}

output "audit_log_group_name" {
  description = "Log group of the audit service."
  value       = lookup(module.functions.log_group_names, "audit", null)
}

output "authorizer_log_group_name" {
  description = "Log group of the authorizer."
  value       = lookup(module.functions.log_group_names, "authorizer", null)
}

output "api_gateway_id" {
  description = "Id of the REST API."
  value       = module.api.id
}

output "api_url" {
  description = "Where the API answers; paths such as /v1/… follow it."
  value       = local.api_url
}

output "authorizer_id" {
  description = "Id of the REST API's authorizer."
  value       = module.api.authorizer_id
}

output "user_pool_id" {
  description = "Id of the user pool."
  value       = module.cognito.id
}

output "user_pool_client_id" {
  description = "Id of the user pool's client, which tokens are made for."
  value       = module.cognito.client_id
}

output "issuer" {
  description = "The issuer that tokens name."
  value       = module.cognito.issuer
}

output "jwks_url" {
  description = "Where the user pool's public keys are."
  value       = local.jwks_url
}

output "audit_bucket_name" {
  description = "Bucket of the audit archive and of exports."
  value       = module.audit_storage.name
}

output "account_id" {
  description = "AWS account that this was stood up in."
  value       = data.aws_caller_identity.current.account_id
}

output "code_bucket_name" {
  description = "Bucket of the functions' code."
  value       = module.code.object.bucket
}

output "code_version" {
  description = "SHA-256 of the code package that the functions run."
  value       = var.code_package.sha256
}
