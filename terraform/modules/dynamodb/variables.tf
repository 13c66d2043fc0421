variable "name" {
  description = "Name of the table."
  type        = string
}

variable "point_in_time_recovery" {
  description = "Whether the table can be restored to any second of the last 35 days."
  type        = bool
  default     = true
}

variable "deletion_protection" {
  description = "Whether the table refuses to be deleted."
  type        = bool
}

variable "replica_regions" {
  description = "Regions that hold a replica."
  type        = list(string)
  default     = []
}
