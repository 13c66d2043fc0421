"""Standing environments up with Terraform, safely."""
