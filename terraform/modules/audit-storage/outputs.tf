output "name" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.this.id
}

output "arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
}

output "key_arn" {
  description = "ARN of the key that encrypts it."
  value       = aws_kms_key.this.arn
}

output "replica_name" {
  description = "Name of the replica; null where there is none."
  value       = one(aws_s3_bucket.replica[*].id)
}
