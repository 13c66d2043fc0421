mock_provider "aws" {}

variables {
  name                = "users"
  deletion_protection = true
}

run "only_the_platform_makes_accounts" {
  command = plan

  assert {
    condition     = aws_cognito_user_pool.this.admin_create_user_config[0].allow_admin_create_user_only
    error_message = "Nobody signs up."
  }

  assert {
    condition     = aws_cognito_user_pool.this.deletion_protection == "ACTIVE"
    error_message = "The pool refuses to be deleted."
  }
}

run "who_somebody_is_they_do_not_write_themselves" {
  command = plan

  assert {
    condition     = aws_cognito_user_pool_client.this.write_attributes == toset(["family_name", "given_name"])
    error_message = "Address and organisation of an account are the platform's to write."
  }
}

run "an_id_token_tells_the_organisation" {
  command = plan

  assert {
    condition     = contains(aws_cognito_user_pool_client.this.read_attributes, "custom:organisation_id")
    error_message = "The authorizer reads the organisation from the token."
  }
}
