variable "name" {
  description = "Name of the REST API."
  type        = string
}

variable "stage" {
  description = "Name of its stage."
  type        = string
}

variable "openapi_template" {
  description = "Path of the OpenAPI document, a Template with the variable invoke_arns."
  type        = string
}

variable "functions" {
  description = "The live alias of each function."
  type = map(object({
    function   = string
    invoke_arn = string
    http       = bool
  }))
}

variable "prefix" {
  description = "What every name begins with."
  type        = string
}

variable "log_retention_days" {
  description = "Days that the access log is kept."
  type        = number
  default     = 30
}

variable "throttle_rate" {
  description = "Requests a second."
  type        = number

  validation {
    condition     = var.throttle_rate > 0
    error_message = "The rate is positive."
  }
}

variable "throttle_burst" {
  description = "Requests at once."
  type        = number

  validation {
    condition     = var.throttle_burst > 0
    error_message = "The burst is positive."
  }
}

variable "time_driven" {
  description = "Whether the key that seals cursors rotates."
  type        = bool
  default     = true
}
