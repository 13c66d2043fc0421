# Applied once an account, by a person, before the first env up; its own state is small and kept where it was made.
provider "aws" {
  region = var.region

  s3_use_path_style           = var.emulated
  skip_credentials_validation = var.emulated
  skip_metadata_api_check     = var.emulated

  allowed_account_ids = var.emulated || var.account_id == null ? null : [var.account_id]

  default_tags {
    tags = {
      Project     = "BBWS"
      Component   = "access-management"
      Environment = var.environment
      ManagedBy   = "Terraform"
      CostCenter  = "BBWS-ACCESS"
    }
  }
}

module "bootstrap" {
  source = "../modules/bootstrap"

  environment          = var.environment
  repository           = var.repository
  create_oidc_provider = var.create_oidc_provider
}
