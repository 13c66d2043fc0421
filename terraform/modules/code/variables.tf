variable "bucket" {
  description = "Name of the bucket that holds code packages."
  type        = string
}

variable "package" {
  description = "The zip file: its path here and the SHA-256 of its bytes, in hex."
  type = object({
    path   = string
    sha256 = string
  })
}
