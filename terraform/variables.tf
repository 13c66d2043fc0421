variable "environment" {
  description = "Which environment this is; part of every name."
  type        = string

  validation {
    condition     = contains(["local", "dev", "sit", "prod"], var.environment)
    error_message = "The environment is local, dev, sit or prod."
  }
}

variable "region" {
  description = "AWS region that the environment lives in."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "The region looks like eu-west-1."
  }
}

variable "account_id" {
  description = "AWS account that the environment belongs to; Terraform refuses to act in any other."
  type        = string
  default     = null

  validation {
    condition     = var.account_id == null || can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An AWS account id has twelve digits."
  }
}

variable "emulated" {
  description = "Whether AWS is an emulator here: buckets are then addressed by path, and go with their contents."
  type        = bool
  default     = false
}

variable "emulator_endpoint" {
  description = "Where the emulator answers; empty on AWS."
  type        = string
  default     = ""
}

variable "mail_from" {
  description = "Address that the platform's emails come from."
  type        = string

  validation {
    condition     = can(regex("^[^@ ]+@[^@ ]+$", var.mail_from))
    error_message = "The sender is an email address."
  }
}

variable "point_in_time_recovery" {
  description = "Whether the table can be restored to any second of the last 35 days."
  type        = bool
  default     = true
}

variable "deletion_protection" {
  description = "Whether the table and the user pool refuse to be deleted."
  type        = bool
}

variable "replica_regions" {
  description = "The DR region, which holds a replica of the table and of the audit bucket; empty for none."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.replica_regions) <= 1 && !contains(var.replica_regions, var.region)
    error_message = "There is one DR region at most, and it is another one."
  }
}

variable "audit_lock_mode" {
  description = "Object Lock mode of the audit archive."
  type        = string
  default     = "GOVERNANCE"

  validation {
    condition     = contains(["GOVERNANCE", "COMPLIANCE"], var.audit_lock_mode)
    error_message = "The lock mode is GOVERNANCE or COMPLIANCE."
  }
}

variable "time_driven" {
  description = "Whether to set up what only time exercises, and Terraform waits long for: lifecycles, key rotation, the queue of failed events."
  type        = bool
  default     = true
}

variable "authorizer_concurrency" {
  description = "Provisioned concurrency of the authorizer; 0 for none."
  type        = number
  default     = 0

  validation {
    condition     = var.authorizer_concurrency >= 0
    error_message = "Concurrency is not negative."
  }
}

variable "throttle_rate" {
  description = "Requests a second that the API takes."
  type        = number

  validation {
    condition     = var.throttle_rate > 0
    error_message = "The rate is positive."
  }
}

variable "throttle_burst" {
  description = "Requests at once that the API takes."
  type        = number

  validation {
    condition     = var.throttle_burst > 0
    error_message = "The burst is positive."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 30
}

variable "audit_log_retention_days" {
  description = "Days that the audit service's logs are kept."
  type        = number
  default     = 90
}

variable "code_package" {
  description = "The functions' code: path of the zip file and the SHA-256 of its bytes, in hex."
  type = object({
    path   = string
    sha256 = string
  })
}

variable "functions" {
  description = "The functions to deploy, by {service}-{action}; generated from the catalogue."
  type = map(object({
    service = string
    handler = string
    memory  = number
    timeout = number
    http    = bool

    schedule = optional(string)
    event    = optional(string)
  }))

  validation {
    condition     = contains(keys(var.functions), "authorizer-authorize")
    error_message = "Nothing is deployed without the authorizer in front of it."
  }
}

variable "dependency_layer" {
  description = "The functions' third-party packages: path of the zip file and the SHA-256 of its bytes, in hex; null where the runtime has them, as on an emulator."
  type = object({
    path   = string
    sha256 = string
  })
  default = null
}

variable "metric_filters" {
  description = "The metric filters by name; generated from bbws_access/monitoring.py."
  type = map(object({
    log_group = string
    pattern   = string
    value     = string
  }))

  validation {
    condition     = length(var.metric_filters) == 24
    error_message = "The contract has 24 metric filters."
  }
}

variable "lambda_concurrency_limit" {
  description = "Functions that the account may run at once; the warning comes at 80 % of it."
  type        = number
  default     = 1000
}

variable "openapi_template" {
  description = "Path of the API's OpenAPI document, with places for the functions' invocation ARNs."
  type        = string
}
