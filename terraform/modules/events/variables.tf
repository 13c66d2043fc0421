variable "prefix" {
  description = "What every name begins with."
  type        = string

  validation {
    condition     = can(regex("^bbws-access-[a-z]+$", var.prefix))
    error_message = "Names begin with bbws-access- and the environment."
  }
}

variable "functions" {
  description = "The functions: the live alias, the service, and what starts those that no request waits for (an EventBridge expression, or an event's detail-type)."
  type = map(object({
    function = string
    arn      = string
    service  = string
    schedule = optional(string)
    event    = optional(string)
  }))

  validation {
    condition     = alltrue([for f in var.functions : f.schedule == null || can(regex("^(cron|rate)\\(.+\\)$", f.schedule))])
    error_message = "A schedule is cron(…) or rate(…)."
  }

  validation {
    condition     = alltrue([for f in var.functions : f.schedule == null || f.event == null])
    error_message = "A function is started by a schedule or by an event."
  }
}

variable "event_source" {
  description = "The source that the platform's own events name."
  type        = string
  default     = "bbws.access"
}

variable "role_names" {
  description = "Role of each service, by name."
  type        = map(string)
}

variable "log_retention_days" {
  description = "Days that the log of failed events is kept."
  type        = number
  default     = 30
}

variable "time_driven" {
  description = "Whether failed events are kept in a queue, which Terraform waits long for."
  type        = bool
  default     = true
}
