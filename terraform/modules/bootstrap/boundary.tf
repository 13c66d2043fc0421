# What the stack's roles may do at most, whatever their policies say: the deploy role makes roles within it alone.
# Without it, whoever may make a role may do everything through it.
data "aws_iam_policy_document" "boundary" {
  #checkov:skip=CKV_AWS_111: a boundary allows nothing by itself
  #checkov:skip=CKV_AWS_356: a boundary allows nothing by itself
  statement {
    sid = "Table"
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:ConditionCheckItem",
      "dynamodb:DeleteItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
    ]
    resources = ["arn:${local.part}:dynamodb:*:${local.account}:table/${local.stack}-*"]
  }

  statement {
    sid = "Archive"
    actions = [
      "s3:GetObject",
      "s3:GetObjectLegalHold",
      "s3:GetObjectRetention",
      "s3:GetObjectVersionAcl",
      "s3:GetObjectVersionForReplication",
      "s3:GetObjectVersionTagging",
      "s3:GetReplicationConfiguration",
      "s3:ListBucket",
      "s3:PutObject",
      "s3:PutObjectRetention",
      "s3:ReplicateObject",
      "s3:ReplicateTags",
    ]
    resources = ["arn:${local.part}:s3:::${local.stack}-s3-audit-archive*"]
  }

  statement {
    sid       = "Keys"
    actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
    resources = [local.keys]

    dynamic "condition" {
      for_each = local.tags

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid = "People"
    actions = [
      "cognito-idp:AdminCreateUser",
      "cognito-idp:AdminDeleteUser",
      "cognito-idp:AdminDisableUser",
      "cognito-idp:AdminEnableUser",
      "cognito-idp:AdminGetUser",
      "cognito-idp:AdminSetUserPassword",
      "cognito-idp:AdminUserGlobalSignOut",
    ]
    resources = [local.pools]

    dynamic "condition" {
      for_each = local.tags

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid       = "Mail"
    actions   = ["ses:SendEmail"]
    resources = ["arn:${local.part}:ses:*:${local.account}:identity/*"]
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${local.part}:logs:*:${local.account}:log-group:/aws/lambda/${local.stack}-*"]
  }

  statement {
    sid       = "FailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = ["arn:${local.part}:sqs:*:${local.account}:${local.stack}-*"]
  }

  statement {
    sid       = "Traces"
    actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "boundary" {
  name        = "${local.stack}-policy-boundary"
  description = "What the roles of ${local.stack} may do at most"
  policy      = data.aws_iam_policy_document.boundary.json
}
