data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  prefix    = "bbws-access-${var.environment}"
  dr_region = one(var.replica_regions)

  # Made with the account, by terraform/bootstrap; the local machine has none. CI makes no role without the boundary.
  iam             = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}"
  boundary_arn    = var.environment == "local" ? null : "${local.iam}:policy/${local.prefix}-policy-boundary"
  deploy_role_arn = var.environment == "local" ? null : "${local.iam}:role/${local.prefix}-role-deploy"
}

module "table" {
  source = "./modules/dynamodb"

  name                   = "${local.prefix}-ddb-access-management"
  point_in_time_recovery = var.point_in_time_recovery
  deletion_protection    = var.deletion_protection
  replica_regions        = var.replica_regions
}

module "cognito" {
  source = "./modules/cognito"

  name                = "${local.prefix}-users"
  deletion_protection = var.deletion_protection
}

module "audit_storage" {
  source = "./modules/audit-storage"

  name           = "${local.prefix}-s3-audit-archive"
  lock_mode      = var.audit_lock_mode
  emulated       = var.emulated
  time_driven    = var.time_driven
  replica_region = local.dr_region

  permissions_boundary_arn = local.boundary_arn

  providers = {
    aws    = aws
    aws.dr = aws.dr
  }
}

module "ses" {
  source = "./modules/ses"

  sender = var.mail_from
}

module "code" {
  source = "./modules/code"

  bucket  = "${local.prefix}-s3-code"
  package = var.code_package
  layer   = var.dependency_layer
}

module "iam" {
  source = "./modules/iam"

  prefix           = local.prefix
  services         = toset([for f in var.functions : f.service])
  table_arn        = module.table.arn
  audit_bucket_arn = module.audit_storage.arn
  audit_key_arn    = module.audit_storage.key_arn
  user_pool_arn    = module.cognito.arn
  sender_arn       = module.ses.arn
  cursor_key_arn   = module.api.cursor_key_arn
  log_group_arns   = module.functions.log_group_arns

  dead_letters_log_group_arn = module.events.log_group_arn
  permissions_boundary_arn   = local.boundary_arn
}

module "functions" {
  source = "./modules/lambda"

  prefix                   = local.prefix
  functions                = var.functions
  code                     = module.code.object
  layer                    = module.code.layer
  log_retention_days       = var.log_retention_days
  audit_log_retention_days = var.audit_log_retention_days
  authorizer_concurrency   = var.authorizer_concurrency
  role_arns                = module.iam.role_arns

  environment = {
    BBWS_ENV                     = var.environment
    BBWS_TABLE                   = module.table.name
    BBWS_USER_POOL_ID            = module.cognito.id
    BBWS_USER_POOL_CLIENT_ID     = module.cognito.client_id
    BBWS_ISSUER                  = module.cognito.issuer
    BBWS_AUDIT_BUCKET            = module.audit_storage.name
    BBWS_AUDIT_LOCK_MODE         = var.audit_lock_mode
    BBWS_MAIL_FROM               = var.mail_from
    BBWS_CURSOR_KEY_ID           = module.api.cursor_key_arn
    BBWS_DEAD_LETTERS_LOG_GROUP  = module.events.log_group_name
    POWERTOOLS_METRICS_NAMESPACE = "BBWS/AccessManagement"
  }

  # An emulator that comes back at another port changes this address; it would change every function that has it.
  own_environment = {
    authorizer-authorize = { BBWS_JWKS_URL = local.jwks_url }
  }
}

module "api" {
  source = "./modules/api-gateway"

  name             = "${local.prefix}-apigw"
  stage            = var.environment
  openapi_template = var.openapi_template
  functions        = module.functions.aliases
  throttle_rate    = var.throttle_rate
  throttle_burst   = var.throttle_burst
  time_driven      = var.time_driven
  prefix           = local.prefix

  log_retention_days = var.log_retention_days
}

module "events" {
  source = "./modules/events"

  prefix             = local.prefix
  functions          = { for name, f in var.functions : name => merge(module.functions.aliases[name], { schedule = f.schedule, event = f.event }) }
  role_names         = module.iam.role_names
  log_retention_days = var.log_retention_days
  time_driven        = var.time_driven
}

module "monitoring" {
  source = "./modules/monitoring"

  prefix                   = local.prefix
  region                   = var.region
  metric_filters           = var.metric_filters
  functions                = module.functions.aliases
  table_name               = module.table.name
  queue_name               = module.events.queue_name
  lambda_concurrency_limit = var.lambda_concurrency_limit
  time_driven              = var.time_driven
  deploy_role_arn          = local.deploy_role_arn

  log_groups = merge(module.functions.log_group_names, {
    api = module.api.log_group_name
    dlq = module.events.log_group_name
  })
}
