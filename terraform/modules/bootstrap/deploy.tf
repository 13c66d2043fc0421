# What CI may do to stand the stack up: only with what is the stack's, where AWS lets that be told apart.
data "aws_iam_policy_document" "deploy" {
  #checkov:skip=CKV_AWS_109: a deploy role manages permissions; it does so for the stack's own roles alone
  #checkov:skip=CKV_AWS_111: a few services name their resources by ids that are not known before
  #checkov:skip=CKV_AWS_356: a few services name their resources by ids that are not known before
  source_policy_documents = [data.aws_iam_policy_document.known_by_tags.json]

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
    resources = local.named
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

  # The stack may not widen what deploys it, nor what plans it.
  statement {
    sid       = "NotItself"
    effect    = "Deny"
    actions   = ["iam:*"]
    resources = local.roles_of_ci
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

  # A key or a user pool is the stack's by its tags, and none is made without them. KMS asks for the right to tag before
  # the new key has a tag, so it cannot be told from somebody else's key without tags. Such a key could be given ours, and
  # then be described anew, enabled and made to rotate. It could not be lost, used or opened: see the next statements.
  statement {
    sid       = "MadeWithItsTags"
    actions   = ["cognito-idp:CreateUserPool", "kms:CreateKey", "kms:TagResource"]
    resources = ["*"]

    dynamic "condition" {
      for_each = local.tags

      content {
        test     = "StringEquals"
        variable = "aws:RequestTag/${condition.key}"
        values   = [condition.value]
      }
    }

    dynamic "condition" {
      for_each = local.tags

      content {
        test     = "StringEqualsIfExists"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  # kms:PutKeyPolicy is not among them: tags can be put on, so what opens or closes a key does not hang on them. A key
  # whose policy is the stack's says in that policy that this role may change it.
  statement {
    sid = "ChangedByItsTags"
    actions = [
      "cognito-idp:CreateUserPoolClient",
      "cognito-idp:DeleteUserPoolClient",
      "cognito-idp:SetUserPoolMfaConfig",
      "cognito-idp:TagResource",
      "cognito-idp:UpdateUserPool",
      "cognito-idp:UpdateUserPoolClient",
      "kms:EnableKey",
      "kms:EnableKeyRotation",
      "kms:TagResource",
      "kms:UpdateKeyDescription",
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

    dynamic "condition" {
      for_each = local.tags

      content {
        test     = "StringEqualsIfExists"
        variable = "aws:RequestTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  # Not even the stack's own: what takes an environment down is a person.
  statement {
    sid       = "KeysAndUsersStay"
    effect    = "Deny"
    actions   = ["cognito-idp:DeleteUserPool", "kms:DisableKey", "kms:ScheduleKeyDeletion"]
    resources = ["*"]
  }

  # These know no resources, or none when they list.
  statement {
    sid = "WithoutResources"
    actions = [
      "cloudwatch:DescribeAlarms",
      "lambda:GetAccountSettings",
      "logs:*LogDelivery",
      "logs:Describe*",
      "logs:PutResourcePolicy",
      "ses:DeleteIdentity",
      "ses:GetIdentityVerificationAttributes",
      "ses:VerifyEmailIdentity",
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
