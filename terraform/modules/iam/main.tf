locals {
  # What each service does with the table: partitions it reads, partitions it writes, indexes it asks.
  # ForAllValues holds for a request that names no key at all, so nobody is allowed to scan.
  access = {
    authorizer = {
      reads   = ["ORG#*", "PLATFORM"]
      writes  = []
      indexes = ["GSI3"]
    }
    permission = {
      reads   = ["PERM#*", "ORG#*", "PLATFORM"]
      writes  = ["ORG#*"]
      indexes = ["GSI1", "GSI2"]
    }
    role = {
      reads   = ["ORG#*", "ORGNAME#*", "PLATFORM"]
      writes  = ["ORG#*"]
      indexes = ["GSI1"]
    }
    team = {
      reads   = ["ORG#*"]
      writes  = ["ORG#*"]
      indexes = ["GSI1", "GSI2", "GSI3"]
    }
    invitation = {
      reads   = ["ORG#*", "INVTOKEN#*", "ACCOUNT#*", "RATE#*"]
      writes  = ["ORG#*", "INVTOKEN#*", "ACCOUNT#*", "RATE#*"]
      indexes = ["GSI1", "GSI2"]
    }
    audit = {
      reads   = ["ORG#*", "PLATFORM"]
      writes  = ["ORG#*"]
      indexes = ["GSI1", "GSI4", "GSI5"]
    }
  }
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = var.services

  name               = "${var.prefix}-role-${each.key}-service"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "this" {
  for_each = var.services

  statement {
    sid       = "ReadPartitions"
    actions   = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"]
    resources = [var.table_arn]

    condition {
      test     = "ForAllValues:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = local.access[each.key].reads
    }
  }

  statement {
    sid       = "AskIndexes"
    actions   = ["dynamodb:Query"]
    resources = [for index in local.access[each.key].indexes : "${var.table_arn}/index/${index}"]
  }

  dynamic "statement" {
    for_each = length(local.access[each.key].writes) > 0 ? [1] : []

    content {
      sid       = "WritePartitions"
      actions   = ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"]
      resources = [var.table_arn]

      condition {
        test     = "ForAllValues:StringLike"
        variable = "dynamodb:LeadingKeys"
        values   = local.access[each.key].writes
      }
    }
  }

  # Events of decisions. That none takes the place of another is up to the put's condition: IAM knows only partitions.
  dynamic "statement" {
    for_each = each.key == "authorizer" ? [1] : []

    content {
      sid       = "RecordDecisions"
      actions   = ["dynamodb:PutItem"]
      resources = [var.table_arn]

      condition {
        test     = "ForAllValues:StringLike"
        variable = "dynamodb:LeadingKeys"
        values   = ["ORG#*#DATE#*"]
      }
    }
  }

  dynamic "statement" {
    for_each = each.key == "authorizer" ? [] : [1]

    content {
      sid       = "SealCursors"
      actions   = ["kms:Encrypt", "kms:Decrypt"]
      resources = [var.cursor_key_arn]
    }
  }

  dynamic "statement" {
    for_each = each.key == "invitation" ? [1] : []

    content {
      sid       = "SendMail"
      actions   = ["ses:SendEmail", "ses:SendRawEmail"]
      resources = [var.sender_arn]
    }
  }

  dynamic "statement" {
    for_each = each.key == "invitation" ? [1] : []

    content {
      sid = "ManageAccounts"
      actions = [
        "cognito-idp:AdminGetUser",
        "cognito-idp:AdminCreateUser",
        "cognito-idp:AdminSetUserPassword",
        "cognito-idp:AdminDeleteUser",
        "cognito-idp:AdminEnableUser",
      ]
      resources = [var.user_pool_arn]
    }
  }

  dynamic "statement" {
    for_each = each.key == "audit" ? [1] : []

    content {
      sid       = "KeepTheArchive"
      actions   = ["s3:PutObject", "s3:PutObjectRetention", "s3:GetObject", "s3:GetObjectRetention"]
      resources = ["${var.audit_bucket_arn}/archive/*", "${var.audit_bucket_arn}/exports/*"]
    }
  }

  dynamic "statement" {
    for_each = each.key == "audit" ? [1] : []

    content {
      sid       = "UseTheArchivesKey"
      actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
      resources = [var.audit_key_arn]
    }
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${var.log_group_arns[each.key]}:*"]
  }

  dynamic "statement" {
    for_each = contains(["audit", "role"], each.key) ? [1] : []

    content {
      sid       = "NoteFailedEvents"
      actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      resources = ["${var.dead_letters_log_group_arn}:*"]
    }
  }

  # X-Ray knows no resources.
  statement {
    sid       = "Trace"
    actions   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "this" {
  for_each = var.services

  name   = "service"
  role   = aws_iam_role.this[each.key].id
  policy = data.aws_iam_policy_document.this[each.key].json
}
