"""Clients that are made without delay, and only where they are needed."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import UnknownServiceError

from bbws_access.adapters.clients import make_client
from bbws_access.on_demand import on_demand


def test_every_service_that_is_used_can_be_made_and_no_other() -> None:
    for service in ("dynamodb", "s3", "ses", "sts", "cognito-idp", "lambda", "sqs", "cloudwatch", "logs"):
        client = make_client(service, region_name="eu-west-1")
        assert client.meta.service_model.service_name == service
    with pytest.raises(UnknownServiceError):
        make_client("no-such-service", region_name="eu-west-1")
    assert make_client("s3", region_name="eu-west-1").upload_file


def test_a_client_is_made_with_its_first_use_and_once() -> None:
    made: list[str] = []

    class Client:
        name = "x"

        def call(self) -> str:
            return "called"

    def make() -> Any:
        made.append("client")
        return Client()

    client = on_demand(make)
    assert made == []
    assert (client.call(), client.name, client.call()) == ("called", "x", "called")
    assert made == ["client"]
