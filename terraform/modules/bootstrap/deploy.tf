# What the stack is made of, and only under its own names where AWS lets names be told apart.
locals {
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
    resources = [aws_s3_bucket.state.arn]
  }

  statement {
    sid       = "StateObjects"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    resources = ["${aws_s3_bucket.state.arn}/access-management/*"]
  }

  statement {
    sid       = "Locks"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"]
    resources = [aws_dynamodb_table.locks.arn]
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

  statement {
    sid       = "OwnRoles"
    actions   = ["iam:*Role", "iam:*RolePolicy", "iam:*RolePolicies", "iam:*RoleTags", "iam:ListInstanceProfilesForRole", "iam:ListAttachedRolePolicies"]
    resources = ["arn:${local.part}:iam::${local.account}:role/${local.stack}-*"]
  }

  # The stack may not widen what deploys it.
  statement {
    sid       = "NotItself"
    effect    = "Deny"
    actions   = ["iam:*"]
    resources = ["arn:${local.part}:iam::${local.account}:role/${local.stack}-role-deploy"]
  }

  # These name their resources by ids, or know none when they list.
  statement {
    sid = "NamedByIds"
    actions = [
      "apigateway:*",
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
