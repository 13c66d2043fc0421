variable "sender" {
  description = "Address that the platform's emails come from."
  type        = string

  validation {
    condition     = can(regex("^[^@ ]+@[^@ ]+$", var.sender))
    error_message = "The sender is an email address."
  }
}
