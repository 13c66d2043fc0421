output "object" {
  description = "Where the package lies, for functions to name."
  value = {
    bucket = aws_s3_object.package.bucket
    key    = aws_s3_object.package.key
    sha256 = var.package.sha256
  }
}
