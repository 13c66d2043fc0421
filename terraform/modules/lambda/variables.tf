variable "prefix" {
  description = "What every name begins with."
  type        = string
}

variable "functions" {
  description = "The functions, by {service}-{action}: memory in MB, timeout in seconds, and whether the API calls it."
  type = map(object({
    service = string
    handler = string
    memory  = number
    timeout = number
    http    = bool
  }))
}

variable "code" {
  description = "Where the code package lies."
  type = object({
    bucket = string
    key    = string
    sha256 = string
  })
}

variable "role_arns" {
  description = "Role of each service."
  type        = map(string)
}

variable "environment" {
  description = "Environment variables of every function; none is a secret."
  type        = map(string)
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
}

variable "audit_log_retention_days" {
  description = "Days that the audit service's logs are kept."
  type        = number
}

variable "authorizer_concurrency" {
  description = "Provisioned concurrency of the authorizer; 0 for none."
  type        = number
  default     = 0
}
