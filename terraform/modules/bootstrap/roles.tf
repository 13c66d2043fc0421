# The roles that CI takes on without a key of its own. GitHub signs, in the claim sub, where a job runs: in one of its
# environments, which give themselves to main alone, or for a pull request, whose code nobody has looked at yet.
locals {
  in_environment   = "repo:${var.repository}:environment:${var.environment}"
  for_pull_request = "repo:${var.repository}:pull_request"

  takers = {
    deploy = [local.in_environment]
    # Pull requests are planned in dev; what they are tried on tells nobody of sit and prod.
    plan = concat([local.in_environment], var.environment == "dev" ? [local.for_pull_request] : [])
  }
}

data "aws_iam_policy_document" "assume" {
  #checkov:skip=CKV_AWS_358: the claim begins with one repository, whose form the variable's validation checks; the check cannot see it
  for_each = local.takers

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.oidc_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.oidc_host}:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.oidc_host}:sub"
      values   = each.value
    }
  }
}

resource "aws_iam_role" "deploy" {
  name                 = "${local.stack}-role-deploy"
  description          = "CI's role to stand ${var.environment} up"
  assume_role_policy   = data.aws_iam_policy_document.assume["deploy"].json
  max_session_duration = 3600

  depends_on = [aws_iam_openid_connect_provider.github]
}

resource "aws_iam_role" "plan" {
  name                 = "${local.stack}-role-plan"
  description          = "CI's role to look at ${var.environment}, and to change nothing"
  assume_role_policy   = data.aws_iam_policy_document.assume["plan"].json
  max_session_duration = 3600

  depends_on = [aws_iam_openid_connect_provider.github]
}
