mock_provider "aws" {}

run "the_sender" {
  command = plan

  variables {
    sender = "no-reply@bbws.example"
  }

  assert {
    condition     = aws_ses_email_identity.sender.email == "no-reply@bbws.example"
    error_message = "The identity is the sender's."
  }
}

run "no_address" {
  command = plan

  variables {
    sender = "bbws.example"
  }

  expect_failures = [var.sender]
}
