"""The document itself: every endpoint of the catalogue, with all that it takes and answers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from bbws_access import __version__
from bbws_access.catalogue import BY_NAME, PAGES, Function, Guard, Page
from bbws_access.openapi import examples, gateway, schemas
from bbws_access.openapi.attributes import ATTRIBUTES, PATH_PARAMETERS
from bbws_access.openapi.contract import Contract, QueryParameter
from bbws_access.openapi.contracts import CONTRACTS, problems_of
from bbws_access.openapi.problems import PROBLEMS, STATUSES

SECURITY_SCHEME: Final = "token"
_PARAMETER: Final = re.compile(r"\{([^}]+)\}")
_AUTHORIZER: Final = "authorizer-authorize"
_JSON: Final = "application/json"
_PAGE_STATUSES: Final = (200, 400, 404, 410, 429, 500)

_DESCRIPTION: Final = """\
Who may do what, in every organisation.

**Tokens.** Send an id or access token of the user pool as `Authorization: Bearer …`. The three endpoints below
`/v1/invitations/` need none: the link's own token is the key.

**Lists** come in pages of `pageSize` items. `moreAvailable` says whether there are more; the `next` link leads to them.

**Errors** have one shape: a `code` for programs, a `message` for people, and the `requestId` that finds the request in
the logs. Before a request reaches us the gateway itself may answer in the same shape, with 413 for a body of more than
10 MB and with 502, 503 or 504 where AWS is in trouble.

**Changes** may carry the `version` that was seen: where somebody else came first, nothing changes: a 409.
"""


def document(functions: Iterable[Function], *, aws: bool = False) -> dict[str, Any]:
    """OpenAPI 3.0 of ``functions``; ``aws`` makes it what a deployment to API Gateway needs."""
    deployed = {function.name: function for function in functions}
    served = [function for function in deployed.values() if function.name in CONTRACTS]
    components = _schemas([CONTRACTS[function.name] for function in served])
    paths: dict[str, Any] = {}
    for page in PAGES:
        if page.function in deployed:
            paths.setdefault(page.path, {})[page.method.lower()] = _page(page, aws=aws)
    for function in served:
        operation = _operation(function, components, aws=aws)
        paths.setdefault(str(function.path), {})[str(function.method).lower()] = operation
    found: dict[str, Any] = {
        "openapi": "3.0.3",
        "info": {"title": "BBWS access management", "version": __version__, "description": _DESCRIPTION},
        "tags": [{"name": tag, "description": text} for tag, text in _TAGS.items()],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {SECURITY_SCHEME: _scheme(aws=aws)}},
    }
    if aws:
        found = gateway.importable(found)
        for path, methods in found["paths"].items():
            methods["options"] = gateway.preflight([_path_parameter(name) for name in _PARAMETER.findall(path)])
        found["x-amazon-apigateway-gateway-responses"] = gateway.gateway_responses()
    return found


_TAGS: Final = {
    "permission": "What can be allowed, and sets of it.",
    "role": "Bundles of permissions.",
    "team": "Teams, the roles inside them, and their members.",
    "invitation": "From an address to a member.",
    "audit": "Who did what.",
    "page": "For people in a browser.",
}


def _schemas(contracts: list[Contract]) -> dict[str, Any]:
    requests = [contract.request for contract in contracts if contract.request is not None]
    found = schemas.request_schemas(requests)
    found |= schemas.answer_schemas({contract.answer: contract.relation for contract in contracts})
    for contract in contracts:
        if contract.listed:
            item = schemas.name_of(contract.answer)
            found[f"{item}List"] = schemas.list_schema(item, contract.list_says)
    return dict(sorted((found | schemas.shared_schemas()).items()))


def _operation(function: Function, components: dict[str, Any], *, aws: bool) -> dict[str, Any]:
    contract, path = CONTRACTS[function.name], str(function.path)
    operation: dict[str, Any] = {
        "operationId": function.name,
        "tags": [function.service.value],
        "summary": contract.summary,
        "description": "\n\n".join(part for part in (contract.description, _needs(function)) if part),
        "parameters": [
            *(_path_parameter(name) for name in _PARAMETER.findall(path)),
            *(_query_parameter(parameter) for parameter in contract.query),
        ],
        "security": [] if function.guard is Guard.PUBLIC else [{SECURITY_SCHEME: []}],
        "responses": _responses(function, contract, components),
    }
    if contract.request is not None:
        name = schemas.name_of(contract.request)
        example = examples.body_example(name, components[name])
        operation["requestBody"] = {"required": contract.request_required, "content": _content(name, example)}
    if aws:
        operation["x-amazon-apigateway-integration"] = gateway.integration(function)
    return operation


def _needs(function: Function) -> str:
    """Whom the endpoint is open to."""
    match function.guard:
        case Guard.PUBLIC:
            return "Open to whoever has the link."
        case Guard.ANY:
            return "Open to every signed-in user."
        case Guard.PERMISSION_OR_SELF:
            return f"Needs `{function.permission}`, but not for what is one's own."
        case Guard.PERMISSION_OR_CAPABILITY:
            return f"Needs `{function.permission}`, or `{function.capability}` in the team."
        case _:
            return f"Needs `{function.permission}`."


def _responses(function: Function, contract: Contract, components: dict[str, Any]) -> dict[str, Any]:
    name = schemas.name_of(contract.answer)
    path = str(function.path)
    example = examples.body_example(name, components[name], _own_path(function, contract), contract.relation)
    if contract.listed:
        name, example = f"{name}List", examples.list_example(example, path)
    found: dict[str, Any] = {
        str(contract.status): {
            "description": "Created" if contract.status == 201 else "Done",
            "headers": _HEADERS,
            "content": _content(name, example),
        }
    }
    for status, codes in problems_of(function.name).items():
        lines = [f"* `{code}`: {PROBLEMS[code][1]}" for code in codes]
        found[str(status)] = {
            "description": "\n".join([f"{STATUSES[status]}.", "", *lines]),
            "headers": _HEADERS,
            "content": _content(schemas.ERROR, examples.error_example(codes[0])),
        }
    return found


def _own_path(function: Function, contract: Contract) -> str:
    """Where the link of what is answered leads: the endpoint that shows just that, above or below this one."""
    path = str(function.path)
    reads = [BY_NAME[n] for n, c in CONTRACTS.items() if c.answer is contract.answer and not c.listed]
    shows = [str(read.path) for read in reads if read.method == "GET"]
    own = [p for p in shows if p == path or p.startswith(f"{path}/{{") or path.startswith(f"{p}/")]
    return contract.link or (own[0] if own else path)


def _content(schema: str, example: dict[str, Any]) -> dict[str, Any]:
    return {_JSON: {"schema": schemas.reference(schema), "example": example}}


_HEADERS: Final = {"X-Request-ID": {"description": "Id of the request.", "schema": {"type": "string"}}}


def _page(page: Page, *, aws: bool) -> dict[str, Any]:
    """A page for people: public, in HTML whatever the outcome, and no part of the API's contract."""
    content = {"text/html": {"schema": {"type": "string"}}}
    operation: dict[str, Any] = {
        "operationId": f"page-{page.function}",
        "tags": ["page"],
        "summary": "Answer an invitation in a browser",
        "parameters": [_path_parameter(name) for name in _PARAMETER.findall(page.path)],
        "security": [],
        "responses": {str(status): {"description": "A page", "content": content} for status in _PAGE_STATUSES},
    }
    if aws:
        operation["x-amazon-apigateway-integration"] = gateway.integration(BY_NAME[page.function])
    return operation


_MEANINGS: Final = {
    "orgId": "Id of the organisation.",
    "token": "The token at the end of an invitation's link.",
}
"""Of path parameters that are no attribute, or say less than it."""


def _path_parameter(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": _MEANINGS.get(name) or ATTRIBUTES[PATH_PARAMETERS[name]][0],
        "schema": {"type": "string", "minLength": 1},
        "example": examples.parameter_example(name),
    }


def _query_parameter(parameter: QueryParameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "required": False,
        "description": parameter.description,
        "schema": parameter.schema,
    }


def _scheme(*, aws: bool) -> dict[str, Any]:
    if aws:
        return gateway.authorizer(BY_NAME[_AUTHORIZER].name)
    return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
