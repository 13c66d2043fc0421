"""What API Gateway needs in the document: integrations, the authorizer, CORS and gateway responses."""

from __future__ import annotations

import json
from typing import Any, Final

from bbws_access.catalogue import Function

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


def invoke_arn(function_name: str) -> str:
    """A place for the function's invocation ARN, which Terraform fills in."""
    return f'\u0000invoke_arns["{function_name}"]\u0001'


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


def preflight() -> dict[str, Any]:
    """The OPTIONS method that a browser asks before it sends the real request."""
    headers = {name: {"schema": {"type": "string"}} for name in CORS}
    return {
        "summary": "What a browser may send",
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
    opened = literal.replace("\\u0000", "${").replace("\\u0001", "}")
    # The places stand inside JSON strings, where json.dumps has escaped the quotes of the index.
    return opened.replace('[\\"', '["').replace('\\"]', '"]')
