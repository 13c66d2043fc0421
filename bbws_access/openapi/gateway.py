"""What API Gateway needs in the document: integrations, the authorizer, CORS and gateway responses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from bbws_access.catalogue import BY_NAME, Function
from bbws_access.names import Names

CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET,POST,PUT,DELETE,OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type,Authorization,X-Request-ID",
    "Access-Control-Max-Age": "86400",
}

AUTHORIZER_CACHE_SECONDS: Final = 300

_GATEWAY_RESPONSES: Final = {
    "UNAUTHORIZED": (401, "UNAUTHORIZED", "a valid token is needed"),
    "ACCESS_DENIED": (403, "ACCESS_DENIED", "this is not open to you"),
    "THROTTLED": (429, "THROTTLED", "too many requests: try again in a moment"),
    "DEFAULT_4XX": (None, "BAD_REQUEST", "the request cannot be served"),
    "DEFAULT_5XX": (None, "INTERNAL_ERROR", "something went wrong"),
}


_PLACE: Final = re.compile(r"(?<!\\)\\u0000([a-z-]+)\\u0001")
"""A place in the document's JSON, where its two control characters are escaped."""


def invoke_arn(function_name: str) -> str:
    """A place for the function's invocation ARN, which Terraform fills in."""
    return f"\u0000{function_name}\u0001"


def invocation_arn(region: str, account: str, env: str, function_name: str) -> str:
    """What API Gateway calls to invoke a function's live version."""
    function = Names(env).function(BY_NAME[function_name])
    lambda_arn = f"arn:aws:lambda:{region}:{account}:function:{function}:live"
    return f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{lambda_arn}/invocations"


def with_invoke_arns(document: dict[str, Any], arn_of: Callable[[str], str]) -> dict[str, Any]:
    """The document with every place filled in; ``arn_of`` is asked with the function's name."""
    text = _PLACE.sub(lambda place: json.dumps(arn_of(place[1]))[1:-1], json.dumps(document))
    filled: dict[str, Any] = json.loads(text)
    return filled


def integration(function: Function) -> dict[str, Any]:
    return {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": invoke_arn(function.name),
        "passthroughBehavior": "when_no_match",
    }


def authorizer(function_name: str) -> dict[str, Any]:
    """The security scheme: a token in ``Authorization``, judged by our authorizer."""
    return {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": {
            "type": "token",
            "authorizerUri": invoke_arn(function_name),
            "authorizerResultTtlInSeconds": AUTHORIZER_CACHE_SECONDS,
            "identitySource": "method.request.header.Authorization",
        },
    }


_NOT_IMPORTED: Final = frozenset({"additionalProperties", "example", "format", "nullable", "uniqueItems"})
"""API Gateway's models are JSON Schema draft 4 without these (its developer guide, "important notes")."""


def importable(document: dict[str, Any]) -> dict[str, Any]:
    """The document without what API Gateway's importer warns of. Our functions check bodies themselves."""
    paths = _without(document["paths"], frozenset({"example", "headers", "format"}))
    components = {**document["components"], "schemas": _without(document["components"]["schemas"], _NOT_IMPORTED)}
    return {**document, "paths": paths, "components": components}


def _without(part: Any, keywords: frozenset[str]) -> Any:
    if isinstance(part, list):
        return [_without(each, keywords) for each in part]
    if not isinstance(part, dict):
        return part
    # Properties may be called like keywords.
    return {
        name: {k: _without(v, keywords) for k, v in value.items()}
        if name == "properties"
        else _without(value, keywords)
        for name, value in part.items()
        if name not in keywords
    }


def preflight(parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """The OPTIONS method that a browser asks before it sends the real request; ``parameters`` are the path's."""
    headers = {name: {"schema": {"type": "string"}} for name in CORS}
    return {
        "summary": "What a browser may send",
        "parameters": parameters,
        "security": [],
        "responses": {"200": {"description": "What a browser may send", "headers": headers}},
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": '{"statusCode": 200}'},
            "responses": {
                "default": {
                    "statusCode": "200",
                    "responseParameters": {f"method.response.header.{n}": f"'{v}'" for n, v in CORS.items()},
                }
            },
        },
    }


def gateway_responses() -> dict[str, Any]:
    """Errors that the gateway itself answers, in the shape of all other errors."""
    parameters = {f"gatewayresponse.header.{name}": f"'{value}'" for name, value in CORS.items()}
    found: dict[str, Any] = {}
    for kind, (status, code, message) in _GATEWAY_RESPONSES.items():
        body = json.dumps({"error": {"code": code, "message": message, "requestId": "$context.requestId"}})
        found[kind] = {"responseParameters": parameters, "responseTemplates": {"application/json": body}}
        if status is not None:
            found[kind]["statusCode"] = status
    return found


def as_terraform_template(document: dict[str, Any]) -> str:
    """The document as a file for Terraform's ``templatefile``: only our own places are filled in."""
    text = json.dumps(document, indent=1, ensure_ascii=True)
    literal = text.replace("${", "$${").replace("%{", "%%{")
    return _PLACE.sub(r'${invoke_arns["\1"]}', literal)
