"""Whether an answer is what the API's document says of it: nothing undocumented, and nothing amiss."""

from __future__ import annotations

from functools import cache
from typing import Any

from openapi_schema_validator import OAS30Validator

from bbws_access.catalogue import BY_NAME, FUNCTIONS
from bbws_access.openapi.contracts import problems_of
from bbws_access.openapi.document import document

FORMATS = OAS30Validator.FORMAT_CHECKER


@cache
def whole() -> dict[str, Any]:
    return document(FUNCTIONS)


def operation(name: str) -> dict[str, Any]:
    function = BY_NAME[name]
    found: dict[str, Any] = whole()["paths"][function.path][str(function.method).lower()]
    return found


@cache
def validator(schema: str, *, closed: bool = True) -> OAS30Validator:
    """Of the schema of that name. ``closed`` refuses what the document does not name, which it leaves open itself."""
    components = whole()["components"]
    if closed:
        components = {"schemas": {name: _closed(found) for name, found in components["schemas"].items()}}
    root = {"allOf": [{"$ref": f"#/components/schemas/{schema}"}], "components": components}
    return OAS30Validator(root, format_checker=FORMATS)


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _closed(part) for name, part in schema.items()}
    if found.get("type") == "object" and isinstance(found.get("properties"), dict):
        found["additionalProperties"] = False
    return found


def schema_of(content: dict[str, Any]) -> str:
    return str(content["application/json"]["schema"]["$ref"]).rsplit("/", 1)[-1]


def check(name: str, status: int, body: Any) -> None:
    """Raises ``AssertionError`` where the endpoint ``name`` is not documented to answer so."""
    responses = operation(name)["responses"]
    assert str(status) in responses, f"{name} answers {status}, which the document does not name: {body}"
    wrong = [
        f"{'.'.join(map(str, error.path))}: {error.message}"
        for error in validator(schema_of(responses[str(status)]["content"])).iter_errors(body)
    ]
    assert not wrong, f"{name} answers {status} with {body}: {wrong}"
    if status >= 400:
        code = body["error"]["code"]
        assert code in problems_of(name)[status], f"{name} answers {status} {code}, which the document does not name"
