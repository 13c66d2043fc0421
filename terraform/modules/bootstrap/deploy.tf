# What the stack is made of, and only under its own names where AWS lets names be told apart.
locals {
  state_arn    = "arn:${local.part}:s3:::${local.state_bucket}"
  boundary_arn = "arn:${local.part}:iam::${local.account}:policy/${local.stack}-policy-boundary"

  account = data.aws_caller_identity.current.account_id
  part    = data.aws_partition.current.partition
  stack   = "bbws-access-${var.environment}"
}

data "aws_iam_policy_document" "deploy" {
  #checkov:skip=CKV_AWS_109: a deploy role manages permissions; it does so for the stack's own roles alone
  #checkov:skip=CKV_AWS_111: a few services name their resources by ids that are not known before
  #checkov:skip=CKV_AWS_356: a few services name their resources by ids that are not known before
  statement {
    sid       = "State"
    actions   = ["s3:ListBucket", "s3:GetBucketVersioning"]
    resources = [local.state_arn]
  }

  statement {
    sid       = "StateObjects"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    resources = ["${local.state_arn}/access-management/*"]
  }

  statement {
    sid       = "Locks"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"]
    resources = ["arn:${local.part}:dynamodb:*:${local.account}:table/${local.lock_table}"]
  }

  statement {
    sid = "NamedAfterTheStack"
    actions = [
      "cloudwatch:*",
      "dynamodb:*",
      "events:*",
      "lambda:*",
      "logs:*",
      "s3:*",
      "sns:*",
      "sqs:*",
    ]
    resources = [
      "arn:${local.part}:cloudwatch::${local.account}:dashboard/${local.stack}-*",
      "arn:${local.part}:cloudwatch:*:${local.account}:alarm:${local.stack}-*",
      "arn:${local.part}:dynamodb:*:${local.account}:table/${local.stack}-*",
      "arn:${local.part}:dynamodb::${local.account}:global-table/${local.stack}-*",
      "arn:${local.part}:events:*:${local.account}:rule/${local.stack}-*",
      "arn:${local.part}:lambda:*:${local.account}:function:${local.stack}-*",
      "arn:${local.part}:lambda:*:${local.account}:layer:${local.stack}-*",
      "arn:${local.part}:logs:*:${local.account}:log-group:/aws/lambda/${local.stack}-*",
      "arn:${local.part}:logs:*:${local.account}:log-group:/aws/apigateway/${local.stack}",
      "arn:${local.part}:logs:*:${local.account}:log-group:/aws/apigateway/${local.stack}:*",
      "arn:${local.part}:s3:::${local.stack}-*",
      "arn:${local.part}:sns:*:${local.account}:${local.stack}-*",
      "arn:${local.part}:sqs:*:${local.account}:${local.stack}-*",
    ]
  }

  # CI stands things up. What was written to the trail is not its business.
  statement {
    sid       = "TheArchiveStays"
    effect    = "Deny"
    actions   = ["s3:BypassGovernanceRetention", "s3:DeleteObjectVersion"]
    resources = ["arn:${local.part}:s3:::${local.stack}-s3-audit-archive*"]
  }

  statement {
    sid    = "TheTrailIsNotChanged"
    effect = "Deny"
    actions = [
      "dynamodb:BatchWriteItem",
      "dynamodb:DeleteItem",
      "dynamodb:PartiQLDelete",
      "dynamodb:PartiQLUpdate",
      "dynamodb:UpdateItem",
    ]
    resources = ["arn:${local.part}:dynamodb:*:${local.account}:table/${local.stack}-*"]

    condition {
      test     = "ForAnyValue:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = ["ORG#*#DATE#*"]
    }
  }

  statement {
    sid = "OwnRoles"
    actions = [
      "iam:DeleteRole",
      "iam:DeleteRolePolicy",
      "iam:GetRole",
      "iam:GetRolePolicy",
      "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole",
      "iam:ListRolePolicies",
      "iam:ListRoleTags",
      "iam:PassRole",
      "iam:TagRole",
      "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
      "iam:UpdateRoleDescription",
    ]
    resources = ["arn:${local.part}:iam::${local.account}:role/${local.stack}-*"]
  }

  # What gives a role rights, it may do within the boundary alone, which it cannot change.
  statement {
    sid       = "OwnRolesWithinTheBoundary"
    actions   = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
    resources = ["arn:${local.part}:iam::${local.account}:role/${local.stack}-*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [local.boundary_arn]
    }
  }

  # AWS's own, of which an account has one: a table's replica is kept up to date by it, and an API is run by it.
  statement {
    sid     = "RolesOfAws"
    actions = ["iam:CreateServiceLinkedRole"]
    resources = [
      "arn:${local.part}:iam::${local.account}:role/aws-service-role/replication.dynamodb.amazonaws.com/*",
      "arn:${local.part}:iam::${local.account}:role/aws-service-role/ops.apigateway.amazonaws.com/*",
    ]
  }

  # The stack may not widen what deploys it.
  statement {
    sid       = "NotItself"
    effect    = "Deny"
    actions   = ["iam:*"]
    resources = ["arn:${local.part}:iam::${local.account}:role/${local.stack}-role-deploy"]
  }

  # An API is named by its id. The account's own settings are bootstrap's.
  statement {
    sid     = "Apis"
    actions = ["apigateway:*"]
    resources = [
      "arn:${local.part}:apigateway:*::/restapis",
      "arn:${local.part}:apigateway:*::/restapis/*",
      "arn:${local.part}:apigateway:*::/tags/*",
    ]
  }

  # These name their resources by ids, or know none when they list.
  statement {
    sid = "NamedByIds"
    actions = [
      "cloudwatch:DescribeAlarms",
      "cognito-idp:*UserPool*",
      "cognito-idp:*TagsForResource",
      "cognito-idp:*agResource",
      "kms:*Key*",
      "kms:*Tag*",
      "kms:Describe*",
      "kms:List*",
      "lambda:GetAccountSettings",
      "logs:*LogDelivery",
      "logs:Describe*",
      "logs:PutResourcePolicy",
      "ses:*Identit*",
      "sts:GetCallerIdentity",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "deploy" {
  name   = "deploy"
  role   = aws_iam_role.deploy.id
  policy = data.aws_iam_policy_document.deploy.json
}

# Once an account and region: without it no stage can write an access log.
data "aws_iam_policy_document" "assume_gateway" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["apigateway.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "gateway_logs" {
  name               = "bbws-apigateway-logs-${var.environment}"
  assume_role_policy = data.aws_iam_policy_document.assume_gateway.json
}

resource "aws_iam_role_policy_attachment" "gateway_logs" {
  role       = aws_iam_role.gateway_logs.name
  policy_arn = "arn:${local.part}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}

resource "aws_api_gateway_account" "this" {
  cloudwatch_role_arn = aws_iam_role.gateway_logs.arn

  depends_on = [aws_iam_role_policy_attachment.gateway_logs]
}
