"""API Gateway in a function call: proxy events made from the catalogue, answered by the deployed handlers."""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

from bbws_access.access.actor import Actor
from bbws_access.access.authorizer import context_of
from bbws_access.access.principal import Principal
from bbws_access.catalogue import BY_NAME
from bbws_access.errors import InvalidInput
from tests.openapi.conformance import check

STAGE: Final = "test"
REQUEST_ID: Final = "request-1"
CONTEXT: Final = SimpleNamespace(aws_request_id="lambda-1")

_DIGEST: Final = 32


class FakeSealer:
    """Binds but does not hide."""

    def seal(self, plain: bytes, binding: str) -> bytes:
        return hashlib.sha256(binding.encode() + plain).digest() + plain

    def open(self, sealed: bytes, binding: str) -> bytes:
        digest, plain = sealed[:_DIGEST], sealed[_DIGEST:]
        if digest != hashlib.sha256(binding.encode() + plain).digest():
            raise InvalidInput("this was not sealed here")
        return plain


@dataclass(frozen=True)
class Reply:
    """What the client gets."""

    status: int
    headers: Mapping[str, str]
    json: Any
    text: str

    @property
    def code(self) -> str:
        """Of an error."""
        return str(self.json["error"]["code"])

    @property
    def fields(self) -> dict[str, str]:
        """Of an error: what is wrong with each field."""
        return dict(self.json["error"]["details"]["fields"])


def proxy_event(
    name: str,
    actor: Actor | None,
    params: Mapping[str, str],
    body: Any = None,
    query: Mapping[str, str] | None = None,
    *,
    encoded: bool = False,
) -> dict[str, Any]:
    """The event of the endpoint ``name`` (``role-create-role``); ``body`` is a string as it is, or JSON to be."""
    function = BY_NAME[name]
    path = str(function.path)
    for parameter, value in params.items():
        path = path.replace(f"{{{parameter}}}", value)
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    if encoded and text is not None:
        text = base64.b64encode(text.encode()).decode()
    context = {} if actor is None else {"authorizer": context_of(Principal(actor, ()))}
    return {
        "resource": function.path,
        "path": path,
        "httpMethod": function.method,
        "headers": {"Content-Type": "application/json"},
        "pathParameters": dict(params) or None,
        "queryStringParameters": dict(query) if query else None,
        "body": text,
        "isBase64Encoded": encoded,
        "requestContext": {
            "requestId": REQUEST_ID,
            "path": f"/{STAGE}{path}",
            "stage": STAGE,
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "test"},
            **context,
        },
    }


def handler_of(name: str) -> Any:
    """The deployed entry point of a function, as the catalogue names it."""
    module, _, function = BY_NAME[name].handler.rpartition(".")
    return getattr(importlib.import_module(module), function)


def ask(
    name: str, actor: Actor | None, body: Any = None, query: Mapping[str, str] | None = None, **params: str
) -> Reply:
    """One request, answered."""
    return send(name, proxy_event(name, actor, params, body, query))


def send(name: str, event: Mapping[str, Any]) -> Reply:
    """The answer, which is also one that the API's document names."""
    answer = handler_of(name)(event, CONTEXT)
    found = Reply(answer["statusCode"], answer["headers"], json.loads(answer["body"]), answer["body"])
    check(name, found.status, found.json)
    return found
