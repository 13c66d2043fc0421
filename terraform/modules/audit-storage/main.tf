resource "aws_kms_key" "this" {
  #checkov:skip=CKV2_AWS_64: the default policy leaves it to IAM, and the roles there name this key
  #checkov:skip=CKV_AWS_7: rotates everywhere but on the local machine, where nothing lasts a year
  description             = "Audit archive ${var.name}"
  enable_key_rotation     = var.time_driven
  deletion_window_in_days = 30
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV2_AWS_62: nothing waits for an archived day
  #checkov:skip=CKV_AWS_18: CloudTrail tells who read what; the objects are locked whoever asks
  #checkov:skip=CKV_AWS_144: replicated in prod, the one environment with a DR region
  bucket              = var.name
  object_lock_enabled = true
  force_destroy       = var.emulated
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.this.arn
    }
  }
}

# No default retention: it would lock exports too. The archive's objects get mode and date as they are
# written; this policy makes sure that none is written without.
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

  statement {
    sid       = "ArchiveOnlyLocked"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.this.arn}/archive/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "s3:object-lock-mode"
      values   = [var.lock_mode]
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = data.aws_iam_policy_document.this.json

  depends_on = [aws_s3_bucket_public_access_block.this]
}

locals {
  # Days. What is locked outlives its rule: S3 removes nothing before its retention is over.
  rules = {
    archive = { prefix = "archive/", glacier_after = 90, expires_after = 2555, versions_kept = 2555 }
    exports = { prefix = "exports/", glacier_after = null, expires_after = 30, versions_kept = 1 }
  }
}

# The provider waits most of a minute for a lifecycle to settle.
resource "aws_s3_bucket_lifecycle_configuration" "this" {
  #checkov:skip=CKV_AWS_300: each rule ends unfinished uploads after a day; the check does not see rules made from data
  count = var.time_driven ? 1 : 0

  bucket = aws_s3_bucket.this.id

  dynamic "rule" {
    for_each = local.rules

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = rule.value.prefix
      }

      dynamic "transition" {
        for_each = rule.value.glacier_after == null ? [] : [rule.value.glacier_after]

        content {
          days          = transition.value
          storage_class = "GLACIER"
        }
      }

      expiration {
        days = rule.value.expires_after
      }

      noncurrent_version_expiration {
        noncurrent_days = rule.value.versions_kept
      }

      abort_incomplete_multipart_upload {
        days_after_initiation = 1
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}
