# Whoever wants to be told subscribes to a topic; who that is, is no part of the platform.
data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account_root = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"
}

# SNS's own key does not let CloudWatch publish.
data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109: the policy of a key; the resource is the key itself
  #checkov:skip=CKV_AWS_111: the policy of a key; the resource is the key itself
  #checkov:skip=CKV_AWS_356: the policy of a key; the resource is the key itself
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account_root]
    }
  }

  # IAM gives it to CI for no key. Whoever makes a key with a policy has to be able to change that policy.
  dynamic "statement" {
    for_each = var.deploy_role_arn == null ? [] : [var.deploy_role_arn]

    content {
      sid       = "Deployment"
      actions   = ["kms:PutKeyPolicy"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = [statement.value]
      }
    }
  }

  statement {
    sid       = "Alarms"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_kms_key" "topics" {
  #checkov:skip=CKV_AWS_7: rotates everywhere but on the local machine, where nothing lasts a year
  description             = "Alarms of ${var.prefix}"
  enable_key_rotation     = var.time_driven
  deletion_window_in_days = 7
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_sns_topic" "this" {
  for_each = toset(["critical", "warning", "dlq"])

  name              = "${var.prefix}-sns-${each.key}"
  kms_master_key_id = aws_kms_key.topics.arn
}

data "aws_iam_policy_document" "topic" {
  for_each = aws_sns_topic.this

  statement {
    sid       = "Alarms"
    actions   = ["sns:Publish"]
    resources = [each.value.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_sns_topic_policy" "this" {
  for_each = aws_sns_topic.this

  arn    = each.value.arn
  policy = data.aws_iam_policy_document.topic[each.key].json
}
