"""What ministack's API Gateway lacks for our stack. This file goes away on the day that it lacks nothing.

* ``PutRestApi``, which Terraform calls for an API with a body. ministack imports OpenAPI documents for
  ``ImportRestApi``, without mock integrations' templates, method responses and gateway responses: the API
  is cleared, ministack's own importer runs, and what it leaves out is added.
* A stage without access logs says that it has empty ones, which Terraform would take away on every run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from ministack.services import apigateway_v1 as gateway

Response = tuple[int, Any, bytes]
Handler = Callable[[str, str, Mapping[str, str], bytes, Mapping[str, Any]], Awaitable[Response]]

_PATH: Final = re.compile(r"^/restapis/([A-Za-z0-9]+)/?$")
_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch", "head", "options"})
_GATEWAY_RESPONSES: Final = "x-amazon-apigateway-gateway-responses"
_INTEGRATION: Final = "x-amazon-apigateway-integration"


def install() -> None:
    """Puts what is lacking in front of ministack's own handlers, once."""
    original: Handler = gateway.handle_request
    if getattr(original, "imports_openapi", False):
        return

    async def handle_request(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Response:
        match = _PATH.match(path)
        if method == "PUT" and match is not None:
            return put_rest_api(match[1], body)
        return await original(method, path, headers, body, query)

    handle_request.imports_openapi = True  # type: ignore[attr-defined]
    gateway.handle_request = handle_request
    create_stage = gateway._create_stage

    def create_stage_without_logs(api_id: str, data: Mapping[str, Any]) -> Response:
        response = _answer(create_stage(api_id, data))
        stage = gateway._stages_v1.get(api_id, {}).get(data.get("stageName", ""), {})
        if not stage.get("accessLogSettings"):
            stage.pop("accessLogSettings", None)
        return response

    gateway._create_stage = create_stage_without_logs


def put_rest_api(api_id: str, body: bytes) -> Response:
    """Overwrites the API with an OpenAPI document; deployed stages keep serving what they were deployed with."""
    if api_id not in gateway._rest_apis:
        return _answer(gateway._v1_error("NotFoundException", "Invalid API identifier specified", 404))
    try:
        spec = json.loads(body)
        paths = spec["paths"].items()
    except (ValueError, KeyError, TypeError, AttributeError):
        return _answer(gateway._v1_error("BadRequestException", "Unable to parse the OpenAPI document", 400))
    _clear(api_id)
    schemes = gateway._import_security_schemes(api_id, spec)
    for path, item in paths:
        gateway._import_path_item(api_id, path, item, schemes, spec.get("security"))
    _complete(api_id, spec)
    return _answer(gateway._get_rest_api(api_id))


def _clear(api_id: str) -> None:
    """Leaves the root resource, whose id Terraform remembers."""
    resources = gateway._resources[api_id]
    for resource_id in [r for r, resource in resources.items() if resource["path"] != "/"]:
        del resources[resource_id]
    for root in resources.values():
        root["resourceMethods"] = {}
    gateway._authorizers_v1[api_id] = {}
    gateway._gateway_responses[api_id] = {}


def _complete(api_id: str, spec: Mapping[str, Any]) -> None:
    by_path = {resource["path"]: rid for rid, resource in gateway._resources[api_id].items()}
    for path, item in spec["paths"].items():
        for method in _METHODS & item.keys():
            _complete_method(api_id, by_path[path], method.upper(), item[method])
    for kind, response in (spec.get(_GATEWAY_RESPONSES) or {}).items():
        gateway._put_gateway_response(api_id, kind, response)


def _complete_method(api_id: str, resource_id: str, method: str, operation: Mapping[str, Any]) -> None:
    for status, response in (operation.get("responses") or {}).items():
        headers = {f"method.response.header.{name}": False for name in response.get("headers") or {}}
        gateway._put_method_response(api_id, resource_id, method, str(status), {"responseParameters": headers})
    integration = operation.get(_INTEGRATION) or {}
    stored = gateway._resources[api_id][resource_id]["resourceMethods"][method].get("methodIntegration")
    if stored is None:
        return
    stored["requestTemplates"] = dict(integration.get("requestTemplates") or {})
    for selection, response in (integration.get("responses") or {}).items():
        pattern = "" if selection == "default" else selection
        gateway._put_integration_response(
            api_id, resource_id, method, str(response["statusCode"]), {**response, "selectionPattern": pattern}
        )


def _answer(response: Any) -> Response:
    status, headers, body = response
    return status, headers, body
