variable "sender" {
  description = "Address that the platform's emails come from."
  type        = string
}
