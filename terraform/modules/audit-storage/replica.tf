# The archive's copy in the DR region. What is deleted here is not deleted there: an archive wants that.
locals {
  replicas = var.replica_region == null ? [] : [var.replica_region]
}

resource "aws_kms_key" "replica" {
  #checkov:skip=CKV2_AWS_64: the default policy leaves it to IAM, and the replication role there names this key
  #checkov:skip=CKV_AWS_7: rotates everywhere but on the local machine, which has no replica
  count    = length(local.replicas)
  provider = aws.dr

  description             = "Audit archive ${var.name}, replica"
  enable_key_rotation     = var.time_driven
  deletion_window_in_days = 30
}

resource "aws_s3_bucket" "replica" {
  #checkov:skip=CKV2_AWS_62: nothing waits for an archived day
  #checkov:skip=CKV_AWS_18: CloudTrail tells who read what; the objects are locked whoever asks
  #checkov:skip=CKV_AWS_144: it is the replica
  count    = length(local.replicas)
  provider = aws.dr

  bucket              = "${var.name}-replica"
  object_lock_enabled = true
  force_destroy       = var.emulated
}

resource "aws_s3_bucket_versioning" "replica" {
  count    = length(local.replicas)
  provider = aws.dr

  bucket = aws_s3_bucket.replica[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "replica" {
  count    = length(local.replicas)
  provider = aws.dr

  bucket                  = aws_s3_bucket.replica[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "replica" {
  count    = length(local.replicas)
  provider = aws.dr

  bucket = aws_s3_bucket.replica[0].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.replica[0].arn
    }
  }
}

data "aws_iam_policy_document" "replica_bucket" {
  count = length(local.replicas)

  statement {
    sid       = "OnlyOverTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.replica[0].arn, "${aws_s3_bucket.replica[0].arn}/*"]

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

resource "aws_s3_bucket_policy" "replica" {
  count    = length(local.replicas)
  provider = aws.dr

  bucket = aws_s3_bucket.replica[0].id
  policy = data.aws_iam_policy_document.replica_bucket[0].json

  depends_on = [aws_s3_bucket_public_access_block.replica]
}

resource "aws_s3_bucket_lifecycle_configuration" "replica" {
  #checkov:skip=CKV_AWS_300: each rule ends unfinished uploads after a day; the check does not see rules made from data
  count    = var.time_driven ? length(local.replicas) : 0
  provider = aws.dr

  bucket = aws_s3_bucket.replica[0].id

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

  depends_on = [aws_s3_bucket_versioning.replica]
}

data "aws_iam_policy_document" "assume_replication" {
  count = length(local.replicas)

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_s3_bucket.this.arn]
    }
  }
}

resource "aws_iam_role" "replication" {
  count = length(local.replicas)

  name                 = "${var.name}-replication"
  assume_role_policy   = data.aws_iam_policy_document.assume_replication[0].json
  permissions_boundary = var.permissions_boundary_arn
}

data "aws_iam_policy_document" "replication" {
  count = length(local.replicas)

  statement {
    sid       = "ReadConfiguration"
    actions   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
    resources = [aws_s3_bucket.this.arn]
  }

  statement {
    sid = "ReadVersions"
    actions = [
      "s3:GetObjectVersionForReplication",
      "s3:GetObjectVersionAcl",
      "s3:GetObjectVersionTagging",
      "s3:GetObjectRetention",
      "s3:GetObjectLegalHold",
    ]
    resources = ["${aws_s3_bucket.this.arn}/*"]
  }

  statement {
    sid       = "WriteCopies"
    actions   = ["s3:ReplicateObject", "s3:ReplicateTags"]
    resources = ["${aws_s3_bucket.replica[0].arn}/*"]
  }

  statement {
    sid       = "Decrypt"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.this.arn]
  }

  statement {
    sid       = "Encrypt"
    actions   = ["kms:Encrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.replica[0].arn]
  }
}

resource "aws_iam_role_policy" "replication" {
  count = length(local.replicas)

  name   = "replication"
  role   = aws_iam_role.replication[0].id
  policy = data.aws_iam_policy_document.replication[0].json
}

resource "aws_s3_bucket_replication_configuration" "this" {
  count = length(local.replicas)

  bucket = aws_s3_bucket.this.id
  role   = aws_iam_role.replication[0].arn

  rule {
    id     = "archive"
    status = "Enabled"

    filter {
      prefix = "archive/"
    }

    delete_marker_replication {
      status = "Disabled"
    }

    source_selection_criteria {
      sse_kms_encrypted_objects {
        status = "Enabled"
      }
    }

    destination {
      bucket        = aws_s3_bucket.replica[0].arn
      storage_class = "STANDARD"

      encryption_configuration {
        replica_kms_key_id = aws_kms_key.replica[0].arn
      }
    }
  }

  depends_on = [
    aws_s3_bucket_versioning.this,
    aws_s3_bucket_versioning.replica,
    aws_iam_role_policy.replication,
  ]
}
