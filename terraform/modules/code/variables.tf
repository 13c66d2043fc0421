variable "bucket" {
  description = "Name of the bucket that holds code packages."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "A bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "layer" {
  description = "The dependencies' layer: path of its zip file and the SHA-256 of its bytes, in hex; null for none."
  type = object({
    path   = string
    sha256 = string
  })
  default = null

  validation {
    condition     = var.layer == null || can(regex("^[0-9a-f]{64}$", var.layer.sha256))
    error_message = "A SHA-256 in hex has 64 digits."
  }
}

variable "package" {
  description = "The zip file: its path here and the SHA-256 of its bytes, in hex."
  type = object({
    path   = string
    sha256 = string
  })

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.package.sha256))
    error_message = "A SHA-256 in hex has 64 digits."
  }
}
