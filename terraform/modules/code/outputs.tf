output "object" {
  description = "Where the package lies, for functions to name."
  value = {
    bucket = aws_s3_object.package.bucket
    key    = aws_s3_object.package.key
    sha256 = var.package.sha256
  }
}

output "layer" {
  description = "Where the dependencies' layer lies; null where there is none."
  value = one([for object in aws_s3_object.layer : {
    bucket = object.bucket
    key    = object.key
    sha256 = var.layer.sha256
  }])
}
