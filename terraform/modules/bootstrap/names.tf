# What tells the stack's things from everybody else's in the account: their names, and where AWS names things by ids of
# its own, the tags that the stack puts on everything as it makes it.
locals {
  account = data.aws_caller_identity.current.account_id
  part    = data.aws_partition.current.partition
  stack   = "bbws-access-${var.environment}"

  state_arn    = "arn:${local.part}:s3:::${local.state_bucket}"
  boundary_arn = "arn:${local.part}:iam::${local.account}:policy/${local.stack}-policy-boundary"
  roles_of_ci  = [for job in ["deploy", "plan"] : "arn:${local.part}:iam::${local.account}:role/${local.stack}-role-${job}"]

  tags = {
    Project     = "BBWS"
    Component   = "access-management"
    Environment = var.environment
  }

  keys  = "arn:${local.part}:kms:*:${local.account}:key/*"
  pools = "arn:${local.part}:cognito-idp:*:${local.account}:userpool/*"

  named = [
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
