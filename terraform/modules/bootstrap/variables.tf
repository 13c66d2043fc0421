variable "environment" {
  description = "The environment that the account is for."
  type        = string

  validation {
    condition     = contains(["dev", "sit", "prod"], var.environment)
    error_message = "The environment is dev, sit or prod; local needs no bootstrap."
  }
}

variable "repository" {
  description = "GitHub repository whose workflows deploy, as owner/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "The repository is owner/name."
  }
}

variable "create_oidc_provider" {
  description = "Whether to make GitHub's OIDC provider; an account holds one, so false where it is there already."
  type        = bool
  default     = true
}
