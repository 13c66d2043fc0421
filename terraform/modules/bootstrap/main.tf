# What an account needs before anything else can be stood up in it: a place for Terraform's state, a lock,
# and a role that CI may take on without a key of its own.
locals {
  state_bucket = "bbws-terraform-state-${var.environment}"
  lock_table   = "bbws-terraform-locks-${var.environment}"
  oidc_host    = "token.actions.githubusercontent.com"
  oidc_arn     = "arn:${local.part}:iam::${local.account}:oidc-provider/${local.oidc_host}"
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

resource "aws_s3_bucket" "state" {
  #checkov:skip=CKV2_AWS_62: nothing waits for a change of the state
  #checkov:skip=CKV_AWS_18: CloudTrail tells who read what
  #checkov:skip=CKV2_AWS_61: old versions of the state are its history, and small
  #checkov:skip=CKV_AWS_144: the state can be imported again from what stands
  bucket = local.state_bucket

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket                  = aws_s3_bucket.state.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

data "aws_iam_policy_document" "state" {
  statement {
    sid       = "OnlyOverTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.state.arn, "${aws_s3_bucket.state.arn}/*"]

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

resource "aws_s3_bucket_policy" "state" {
  bucket = aws_s3_bucket.state.id
  policy = data.aws_iam_policy_document.state.json

  depends_on = [aws_s3_bucket_public_access_block.state]
}

# For Terraform before 1.10, which cannot lock in S3; the stack itself uses S3's own lock.
resource "aws_dynamodb_table" "locks" {
  #checkov:skip=CKV_AWS_119: AWS's own key; a lock is no secret
  name                        = local.lock_table
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "LockID"
  deletion_protection_enabled = true

  attribute {
    name = "LockID"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.create_oidc_provider ? 1 : 0

  url            = "https://${local.oidc_host}"
  client_id_list = ["sts.amazonaws.com"]
}
