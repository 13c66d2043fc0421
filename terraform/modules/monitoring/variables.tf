variable "prefix" {
  description = "What every name begins with."
  type        = string

  validation {
    condition     = can(regex("^bbws-access-[a-z]+$", var.prefix))
    error_message = "Names begin with bbws-access- and the environment."
  }
}

variable "region" {
  description = "AWS region that the dashboard shows."
  type        = string
}

variable "namespace" {
  description = "Namespace of the metrics that the filters make."
  type        = string
  default     = "BBWS/AccessManagement"
}

variable "metric_filters" {
  description = "The metric filters by name, generated from the code: key of the log group, pattern, and what each matching line counts."
  type = map(object({
    log_group = string
    pattern   = string
    value     = string
  }))
}

variable "log_groups" {
  description = "The log groups by the keys that the filters use: a service's name, api, dlq."
  type        = map(string)

  validation {
    condition     = alltrue([for f in var.metric_filters : contains(keys(var.log_groups), f.log_group)])
    error_message = "Every filter reads a log group that is there."
  }
}

variable "functions" {
  description = "The functions by {service}-{action}: service and deployed name."
  type = map(object({
    function = string
    service  = string
  }))

  validation {
    condition     = contains(keys(var.functions), "authorizer-authorize")
    error_message = "The authorizer is among the functions."
  }
}

variable "table_name" {
  description = "Name of the single table."
  type        = string
}

variable "queue_name" {
  description = "Name of the queue of failed events."
  type        = string
}

variable "lambda_concurrency_limit" {
  description = "Functions that the account may run at once; the warning comes at 80 % of it."
  type        = number
  default     = 1000

  validation {
    condition     = var.lambda_concurrency_limit >= 10
    error_message = "AWS gives every account at least 10."
  }
}

variable "time_driven" {
  description = "Whether the key that encrypts the topics rotates."
  type        = bool
  default     = true
}

variable "deploy_role_arn" {
  description = "Role of CI, which may change the policy of the topics' key; null where there is none."
  type        = string
  default     = null
}
