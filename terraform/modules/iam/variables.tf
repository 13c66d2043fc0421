variable "prefix" {
  description = "What every name begins with."
  type        = string
}

variable "services" {
  description = "The services that get a role."
  type        = set(string)
}

variable "table_arn" {
  description = "ARN of the single table."
  type        = string
}

variable "audit_bucket_arn" {
  description = "ARN of the audit bucket."
  type        = string
}

variable "audit_key_arn" {
  description = "ARN of the audit bucket's key."
  type        = string
}

variable "user_pool_arn" {
  description = "ARN of the user pool."
  type        = string
}

variable "sender_arn" {
  description = "ARN of the identity that emails are sent from."
  type        = string
}

variable "cursor_key_arn" {
  description = "ARN of the key that seals cursors."
  type        = string
}

variable "dead_letters_log_group_arn" {
  description = "Log group of events that a function could not process."
  type        = string
}

variable "log_group_arns" {
  description = "Log group of each service."
  type        = map(string)
}

variable "permissions_boundary_arn" {
  description = "Policy that limits what the roles may do at most; null for none, as on the local machine."
  type        = string
  default     = null
}
