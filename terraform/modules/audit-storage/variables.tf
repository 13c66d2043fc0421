variable "name" {
  description = "Name of the bucket."
  type        = string
}

variable "lock_mode" {
  description = "Object Lock mode that the archive's objects must be written with."
  type        = string

  validation {
    condition     = contains(["GOVERNANCE", "COMPLIANCE"], var.lock_mode)
    error_message = "The lock mode is GOVERNANCE or COMPLIANCE."
  }
}

variable "emulated" {
  description = "Whether AWS is an emulator: then the bucket goes with its contents."
  type        = bool
  default     = false
}

variable "time_driven" {
  description = "Whether objects age and the key rotates."
  type        = bool
  default     = true
}

variable "replica_region" {
  description = "Region of the bucket's replica, which the provider aws.dr works in; null for no replica."
  type        = string
  default     = null
}

variable "permissions_boundary_arn" {
  description = "Policy that limits what the role of the replication may do at most; null for none, as on the local machine."
  type        = string
  default     = null
}
