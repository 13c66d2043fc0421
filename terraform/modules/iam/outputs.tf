output "role_arns" {
  description = "Role of each service; known once its permissions are attached."
  value       = { for service, role in aws_iam_role.this : service => role.arn }
}

output "role_names" {
  description = "Name of each service's role."
  value       = { for service, role in aws_iam_role.this : service => role.name }
}
