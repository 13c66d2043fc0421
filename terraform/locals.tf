# Addresses that an emulator serves under its own endpoint: the only values that know of one.
locals {
  jwks_path = "/.well-known/jwks.json"
  jwks_url  = var.emulated ? "${var.emulator_endpoint}/${module.cognito.id}${local.jwks_path}" : "${module.cognito.issuer}${local.jwks_path}"
  api_url   = var.emulated ? "${var.emulator_endpoint}/restapis/${module.api.id}/${var.environment}/_user_request_" : module.api.invoke_url

  tags = {
    Project     = "BBWS"
    Component   = "access-management"
    Environment = var.environment
    ManagedBy   = "Terraform"
    CostCenter  = "BBWS-ACCESS"
  }
}
