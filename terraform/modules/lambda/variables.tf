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

  validation {
    condition     = alltrue([for f in var.functions : f.memory >= 128 && f.memory <= 10240 && f.timeout >= 1 && f.timeout <= 900])
    error_message = "Memory is 128 to 10240 MB, a timeout 1 to 900 s."
  }
}

variable "layer" {
  description = "Where the dependencies' layer lies; null where the runtime has them."
  type = object({
    bucket = string
    key    = string
    sha256 = string
  })
  default = null
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

variable "own_environment" {
  description = "More of them, of single functions by {service}-{action}; none is a secret."
  type        = map(map(string))
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.own_environment), keys(var.functions))) == 0
    error_message = "Each is of a function that is deployed."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365], var.log_retention_days)
    error_message = "CloudWatch Logs keeps 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180 or 365 days."
  }
}

variable "audit_log_retention_days" {
  description = "Days that the audit service's logs are kept."
  type        = number

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365], var.audit_log_retention_days)
    error_message = "CloudWatch Logs keeps 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180 or 365 days."
  }
}

variable "authorizer_concurrency" {
  description = "Provisioned concurrency of the authorizer; 0 for none."
  type        = number
  default     = 0
}
