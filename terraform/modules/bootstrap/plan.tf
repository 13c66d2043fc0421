# How keys and user pools are set, for both of CI's roles.
data "aws_iam_policy_document" "known_by_tags" {
  statement {
    sid = "KnownByItsTags"
    actions = [
      "cognito-idp:DescribeUserPool",
      "cognito-idp:DescribeUserPoolClient",
      "cognito-idp:GetUserPoolMfaConfig",
      "kms:DescribeKey",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListResourceTags",
    ]
    resources = [local.keys, local.pools]

    dynamic "condition" {
      for_each = local.tags

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  # AWS's own key, with which the table is encrypted: Terraform looks it up.
  statement {
    sid       = "TablesKey"
    actions   = ["kms:DescribeKey"]
    resources = [local.keys]

    condition {
      test     = "StringEquals"
      variable = "kms:RequestAlias"
      values   = ["alias/aws/dynamodb"]
    }
  }
}

# What CI may do to plan, and to look for drift: read how the stack's own things are set, and its state. Not what is in
# them: no item of the table, no object of the archive, no line of a log, no user. Nothing is written, the state's lock
# included: bbws-access looks whether somebody holds it (--no-lock).
data "aws_iam_policy_document" "plan" {
  #checkov:skip=CKV_AWS_356: a few services know no resources where they list
  source_policy_documents = [data.aws_iam_policy_document.known_by_tags.json]

  statement {
    sid       = "State"
    actions   = ["s3:ListBucket"]
    resources = [local.state_arn]
  }

  statement {
    sid       = "StateObjects"
    actions   = ["s3:GetObject"]
    resources = ["${local.state_arn}/access-management/*"]
  }

  # Settings. The names of a bucket's objects are among them: without them S3 does not say whether there is a bucket.
  statement {
    sid = "NamedAfterTheStack"
    actions = [
      "cloudwatch:DescribeAlarms",
      "cloudwatch:GetDashboard",
      "cloudwatch:ListTagsForResource",
      "dynamodb:DescribeContinuousBackups",
      "dynamodb:DescribeTable",
      "dynamodb:DescribeTimeToLive",
      "dynamodb:ListTagsOfResource",
      "events:DescribeRule",
      "events:ListTagsForResource",
      "events:ListTargetsByRule",
      "lambda:GetAlias",
      "lambda:GetFunction",
      "lambda:GetFunctionCodeSigningConfig",
      "lambda:GetFunctionConfiguration",
      "lambda:GetFunctionEventInvokeConfig",
      "lambda:GetLayerVersion",
      "lambda:GetPolicy",
      "lambda:GetProvisionedConcurrencyConfig",
      "lambda:ListVersionsByFunction",
      "logs:DescribeMetricFilters",
      "logs:ListTagsForResource",
      "s3:GetAccelerateConfiguration",
      "s3:GetBucket*",
      "s3:GetEncryptionConfiguration",
      "s3:GetLifecycleConfiguration",
      "s3:GetReplicationConfiguration",
      "s3:ListBucket",
      "sns:GetTopicAttributes",
      "sns:ListTagsForResource",
      "sqs:GetQueueAttributes",
      "sqs:GetQueueUrl",
      "sqs:ListQueueTags",
    ]
    resources = local.named
  }

  # The functions' packages, which are what the repository says.
  statement {
    sid       = "Code"
    actions   = ["s3:GetObject", "s3:GetObjectTagging"]
    resources = ["arn:${local.part}:s3:::${local.stack}-s3-code/*"]
  }

  statement {
    sid       = "OwnRoles"
    actions   = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"]
    resources = ["arn:${local.part}:iam::${local.account}:role/${local.stack}-*"]
  }

  # An API is named by its id.
  statement {
    sid       = "Apis"
    actions   = ["apigateway:GET"]
    resources = ["arn:${local.part}:apigateway:*::/restapis/*"]
  }

  # These know no resources, or none when they list.
  statement {
    sid = "WithoutResources"
    actions = [
      "cloudwatch:DescribeAlarms",
      "logs:DescribeLogGroups",
      "ses:GetIdentityVerificationAttributes",
      "sts:GetCallerIdentity",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "plan" {
  name   = "plan"
  role   = aws_iam_role.plan.id
  policy = data.aws_iam_policy_document.plan.json
}
