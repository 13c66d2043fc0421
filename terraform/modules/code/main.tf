# One object for all functions: the provider uploads a local file once a function, and one after the other.
resource "aws_s3_bucket" "this" {
  bucket        = var.bucket
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# The name says what is in it: a function's code changes exactly when the bytes do.
resource "aws_s3_object" "package" {
  bucket      = aws_s3_bucket.this.id
  key         = "functions/${var.package.sha256}.zip"
  source      = var.package.path
  source_hash = var.package.sha256
}
