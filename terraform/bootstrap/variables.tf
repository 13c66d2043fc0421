variable "environment" {
  description = "The environment that the account is for."
  type        = string
}

variable "region" {
  description = "AWS region of the environment, and of its state."
  type        = string
}

variable "account_id" {
  description = "AWS account that the environment belongs to; Terraform refuses to act in any other."
  type        = string
  default     = null
}

variable "emulated" {
  description = "Whether AWS is an emulator here."
  type        = bool
  default     = false
}

variable "repository" {
  description = "GitHub repository whose workflows deploy, as owner/name."
  type        = string
}

variable "create_oidc_provider" {
  description = "Whether to make GitHub's OIDC provider; false where the account has it already."
  type        = bool
  default     = true
}
