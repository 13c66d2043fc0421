"""The document itself: every endpoint of the catalogue, with its parameters, security and errors."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from bbws_access import __version__
from bbws_access.catalogue import BY_NAME, PAGES, Function, Guard, Page
from bbws_access.openapi import gateway

SECURITY_SCHEME: Final = "token"
_PARAMETER: Final = re.compile(r"\{([^}]+)\}")
_AUTHORIZER: Final = "authorizer-authorize"


def document(functions: Iterable[Function], *, aws: bool = False) -> dict[str, Any]:
    """OpenAPI 3.0 of ``functions``; ``aws`` adds what a deployment to API Gateway needs."""
    deployed = {function.name: function for function in functions}
    paths: dict[str, Any] = {}
    for page in PAGES:
        if page.function in deployed:
            paths.setdefault(page.path, {})[page.method.lower()] = _page(page, aws=aws)
    for function in deployed.values():
        if function.path is None or function.method is None:
            continue
        paths.setdefault(function.path, {})[function.method.lower()] = _operation(function, aws=aws)
    found: dict[str, Any] = {
        "openapi": "3.0.1",
        "info": {
            "title": "BBWS access management",
            "version": __version__,
            "description": "Who may do what, in every organisation.",
        },
        "paths": paths,
        "components": {"schemas": {"Error": _ERROR}, "securitySchemes": {SECURITY_SCHEME: _scheme(aws=aws)}},
    }
    if aws:
        for methods in paths.values():
            methods["options"] = gateway.preflight()
        found["x-amazon-apigateway-gateway-responses"] = gateway.gateway_responses()
    return found


def _operation(function: Function, *, aws: bool) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": function.name,
        "tags": [function.service.value],
        "parameters": [_path_parameter(name) for name in _PARAMETER.findall(function.path or "")],
        "security": [] if function.guard is Guard.PUBLIC else [{SECURITY_SCHEME: []}],
        "responses": _RESPONSES,
    }
    if aws:
        operation["x-amazon-apigateway-integration"] = gateway.integration(function)
    return operation


def _page(page: Page, *, aws: bool) -> dict[str, Any]:
    """A page for people: public, in HTML whatever the outcome, and no part of the API's contract."""
    operation: dict[str, Any] = {
        "operationId": f"page-{page.function}",
        "tags": ["page"],
        "parameters": [_path_parameter(name) for name in _PARAMETER.findall(page.path)],
        "security": [],
        "responses": {"default": {"description": "A page", "content": {"text/html": {"schema": {"type": "string"}}}}},
    }
    if aws:
        operation["x-amazon-apigateway-integration"] = gateway.integration(BY_NAME[page.function])
    return operation


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _scheme(*, aws: bool) -> dict[str, Any]:
    if aws:
        return gateway.authorizer(BY_NAME[_AUTHORIZER].name)
    return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "requestId"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "requestId": {"type": "string"},
                "details": {"type": "object"},
            },
        }
    },
}


def _error(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_RESPONSES: Final = {
    "200": {"description": "Done"},
    "400": _error("The request is not valid"),
    "401": _error("A valid token is needed"),
    "403": _error("Not open to the caller"),
    "404": _error("No such thing"),
    "429": _error("Too many requests"),
    "500": _error("Something went wrong"),
}
