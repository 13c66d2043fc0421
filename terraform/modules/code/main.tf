# One object for all functions: the provider uploads a local file once a function, and one after the other.
resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV2_AWS_62: nothing waits for a package
  #checkov:skip=CKV_AWS_18: CloudTrail tells who read what
  #checkov:skip=CKV2_AWS_61: packages are what a rollback needs
  #checkov:skip=CKV_AWS_144: a package is built again, byte by byte, from its commit
  #checkov:skip=CKV_AWS_21: an object is named by its hash and never becomes another
  #checkov:skip=CKV_AWS_145: S3 encrypts with its own key; the code is no secret
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

# Third-party packages change seldom: as a layer they are uploaded and unpacked once.
resource "aws_s3_object" "layer" {
  count = var.layer == null ? 0 : 1

  bucket      = aws_s3_bucket.this.id
  key         = "layers/${var.layer.sha256}.zip"
  source      = var.layer.path
  source_hash = var.layer.sha256
}

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "OnlyOverTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = data.aws_iam_policy_document.this.json

  depends_on = [aws_s3_bucket_public_access_block.this]
}
