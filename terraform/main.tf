data "aws_caller_identity" "current" {}

locals {
  prefix = "bbws-access-${var.environment}"
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

  name        = "${local.prefix}-s3-audit-archive"
  lock_mode   = var.audit_lock_mode
  emulated    = var.emulated
  time_driven = var.time_driven
}

module "ses" {
  source = "./modules/ses"

  sender = var.mail_from
}

module "code" {
  source = "./modules/code"

  bucket  = "${local.prefix}-s3-code"
  package = var.code_package
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
}

module "functions" {
  source = "./modules/lambda"

  prefix                   = local.prefix
  functions                = var.functions
  code                     = module.code.object
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
    BBWS_JWKS_URL                = local.jwks_url
    BBWS_AUDIT_BUCKET            = module.audit_storage.name
    BBWS_AUDIT_LOCK_MODE         = var.audit_lock_mode
    BBWS_MAIL_FROM               = var.mail_from
    BBWS_CURSOR_KEY_ID           = module.api.cursor_key_arn
    POWERTOOLS_METRICS_NAMESPACE = "BBWS/AccessManagement"
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
}
