output "arn" {
  description = "ARN of the sender's identity."
  value       = aws_ses_email_identity.sender.arn
}
