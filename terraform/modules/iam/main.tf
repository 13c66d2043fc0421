locals {
  # What each service asks of the table: actions on partitions, and which partitions of which indexes it queries.
  # ForAllValues holds for a request that names no key at all, so nobody is allowed to scan. A transaction is
  # authorised item by item. Each line is held against the calls that the functions really make.
  own = ["ORG#*"]

  access = {
    authorizer = {
      partitions = {
        BatchGetItem = ["ORG#*", "PLATFORM"]
      }
      indexes = { GSI3 = ["USER#*"] }
    }
    permission = {
      partitions = {
        GetItem            = ["ORG#*", "PERM#*"]
        BatchGetItem       = ["ORG#*", "PLATFORM"]
        PutItem            = local.own
        UpdateItem         = local.own
        DeleteItem         = local.own
        ConditionCheckItem = local.own
      }
      indexes = { GSI1 = ["ORG#*", "CATEGORY#*"] }
    }
    role = {
      partitions = {
        GetItem            = ["ORG#*", "PLATFORM"]
        BatchGetItem       = local.own
        PutItem            = local.own
        UpdateItem         = local.own
        DeleteItem         = local.own
        ConditionCheckItem = local.own
      }
      indexes = { GSI1 = ["ORG#*", "PLATFORM#*"] }
    }
    team = {
      partitions = {
        GetItem            = local.own
        BatchGetItem       = local.own
        Query              = ["ORG#*#TEAM#*"]
        PutItem            = local.own
        UpdateItem         = local.own
        DeleteItem         = local.own
        ConditionCheckItem = local.own
      }
      indexes = { GSI1 = ["ORG#*"], GSI3 = ["USER#*"] }
    }
    invitation = {
      partitions = {
        GetItem            = ["ORG#*", "INVTOKEN#*"]
        BatchGetItem       = local.own
        Query              = local.own
        PutItem            = ["ORG#*", "INVTOKEN#*"]
        UpdateItem         = ["ORG#*", "ACCOUNT#*", "RATE#*"]
        DeleteItem         = ["ORG#*", "ACCOUNT#*", "INVTOKEN#*"]
        ConditionCheckItem = local.own
      }
      indexes = { GSI1 = ["ORG#*"], GSI3 = ["USER#*"] }
    }
    audit = {
      partitions = {
        GetItem    = local.own
        Query      = local.own
        PutItem    = local.own
        UpdateItem = local.own
      }
      indexes = { GSI1 = ["ORGANISATIONS"], GSI4 = ["USER#*"], GSI5 = ["ORG#*"] }
    }
  }

  # The trail, in which nothing is ever changed. The archive job alone gives events the time at which they expire.
  events           = ["ORG#*#DATE#*"]
  expiring         = ["PK", "SK", "ttl"]
  writers          = [for service, access in local.access : service if contains(keys(access.partitions), "PutItem")]
  mails            = ["invitation"]
  keeps_accounts   = ["invitation"]
  keeps_archive    = ["audit"]
  has_asynchronous = ["audit", "role"]
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

  name                 = "${var.prefix}-role-${each.key}-service"
  assume_role_policy   = data.aws_iam_policy_document.assume.json
  permissions_boundary = var.permissions_boundary_arn
}

data "aws_iam_policy_document" "this" {
  for_each = var.services

  dynamic "statement" {
    for_each = local.access[each.key].partitions

    content {
      sid       = statement.key
      actions   = ["dynamodb:${statement.key}"]
      resources = [var.table_arn]

      condition {
        test     = "ForAllValues:StringLike"
        variable = "dynamodb:LeadingKeys"
        values   = statement.value
      }
    }
  }

  dynamic "statement" {
    for_each = local.access[each.key].indexes

    content {
      sid       = "Query${statement.key}"
      actions   = ["dynamodb:Query"]
      resources = ["${var.table_arn}/index/${statement.key}"]

      condition {
        test     = "ForAllValues:StringLike"
        variable = "dynamodb:LeadingKeys"
        values   = statement.value
      }
    }
  }

  dynamic "statement" {
    for_each = contains(local.writers, each.key) ? [1] : []

    content {
      sid       = "TheTrailIsNotChanged"
      effect    = "Deny"
      actions   = contains(local.keeps_archive, each.key) ? ["dynamodb:DeleteItem"] : ["dynamodb:UpdateItem", "dynamodb:DeleteItem"]
      resources = [var.table_arn]

      condition {
        test     = "ForAnyValue:StringLike"
        variable = "dynamodb:LeadingKeys"
        values   = local.events
      }
    }
  }

  dynamic "statement" {
    for_each = contains(local.keeps_archive, each.key) ? [1] : []

    content {
      sid       = "EventsOnlyExpire"
      effect    = "Deny"
      actions   = ["dynamodb:UpdateItem"]
      resources = [var.table_arn]

      condition {
        test     = "ForAnyValue:StringLike"
        variable = "dynamodb:LeadingKeys"
        values   = local.events
      }

      condition {
        test     = "ForAnyValue:StringNotEquals"
        variable = "dynamodb:Attributes"
        values   = local.expiring
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
    for_each = contains(local.mails, each.key) ? [1] : []

    content {
      sid       = "SendMail"
      actions   = ["ses:SendEmail"]
      resources = [var.sender_arn]
    }
  }

  dynamic "statement" {
    for_each = contains(local.keeps_accounts, each.key) ? [1] : []

    content {
      sid = "KeepAccounts"
      actions = [
        "cognito-idp:AdminGetUser",
        "cognito-idp:AdminCreateUser",
        "cognito-idp:AdminSetUserPassword",
        "cognito-idp:AdminDeleteUser",
        "cognito-idp:AdminEnableUser",
        "cognito-idp:AdminDisableUser",
        "cognito-idp:AdminUserGlobalSignOut",
      ]
      resources = [var.user_pool_arn]
    }
  }

  dynamic "statement" {
    for_each = contains(local.keeps_archive, each.key) ? [1] : []

    content {
      sid       = "KeepTheArchive"
      actions   = ["s3:PutObject", "s3:PutObjectRetention", "s3:GetObject"]
      resources = ["${var.audit_bucket_arn}/archive/*"]
    }
  }

  dynamic "statement" {
    for_each = contains(local.keeps_archive, each.key) ? [1] : []

    content {
      sid       = "WriteExports"
      actions   = ["s3:PutObject", "s3:GetObject"]
      resources = ["${var.audit_bucket_arn}/exports/*"]
    }
  }

  # Without it, S3 answers 403 where an object is missing, instead of 404.
  dynamic "statement" {
    for_each = contains(local.keeps_archive, each.key) ? [1] : []

    content {
      sid       = "SeeWhatIsMissing"
      actions   = ["s3:ListBucket"]
      resources = [var.audit_bucket_arn]
    }
  }

  dynamic "statement" {
    for_each = contains(local.keeps_archive, each.key) ? [1] : []

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
    for_each = contains(local.has_asynchronous, each.key) ? [1] : []

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
