output "id" {
  description = "Id of the user pool."
  value       = aws_cognito_user_pool.this.id
}

output "arn" {
  description = "ARN of the user pool."
  value       = aws_cognito_user_pool.this.arn
}

output "client_id" {
  description = "Id of the client that tokens are made for."
  value       = aws_cognito_user_pool_client.this.id
}

output "issuer" {
  description = "The issuer that tokens name."
  value       = "https://cognito-idp.${split("_", aws_cognito_user_pool.this.id)[0]}.amazonaws.com/${aws_cognito_user_pool.this.id}"
}
