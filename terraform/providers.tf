provider "aws" {
  region = var.region

  # On an emulator there are no accounts to ask about, and bucket names do not resolve as hosts.
  # Where it is, the provider reads from AWS_ENDPOINT_URL by itself.
  s3_use_path_style           = var.emulated
  skip_credentials_validation = var.emulated
  skip_metadata_api_check     = var.emulated
  skip_requesting_account_id  = false

  # Acting in any other account is refused, whatever credentials are at hand.
  allowed_account_ids = var.emulated || var.account_id == null ? null : [var.account_id]

  default_tags {
    tags = local.tags
  }
}

# The DR region; where an environment has none, nothing is done through it.
provider "aws" {
  alias  = "dr"
  region = coalesce(one(var.replica_regions), var.region)

  s3_use_path_style           = var.emulated
  skip_credentials_validation = var.emulated
  skip_metadata_api_check     = var.emulated
  skip_requesting_account_id  = false

  allowed_account_ids = var.emulated || var.account_id == null ? null : [var.account_id]

  default_tags {
    tags = local.tags
  }
}
