"""The models' schemas as OpenAPI 3.0 has them.

Pydantic writes JSON Schema 2020-12. OpenAPI 3.0 knows no type ``null`` and no ``const``, and what stands
beside a ``$ref`` counts for nothing there; so definitions of values are put in where they are used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from pydantic.json_schema import models_json_schema

from bbws_access.models.changes import Changes
from bbws_access.openapi.attributes import ATTRIBUTES

Schema = dict[str, Any]

LINKS: Final = "Links"
ERROR: Final = "Error"

_DEFINITION: Final = "#/$defs/"
_DROPPED: Final = frozenset({"title", "description"})
"""They speak to whoever reads the models; ours stand with the attributes."""

_MOMENTS: Final = ("At", "timestamp", "dateCreated", "dateLastUpdated", "from", "to")


def name_of(model: type[BaseModel]) -> str:
    """The schema's name; letters and digits only, as API Gateway wants it."""
    return model.__name__.removesuffix("View") if model.__name__ != "InvitedView" else "Invited"


def reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def request_schemas(models: Iterable[type[BaseModel]]) -> dict[str, Schema]:
    """What may be sent: by schema name."""
    return {name_of(model): _request(model, schema) for model, schema in _generated(models, "validation").items()}


def answer_schemas(relations: Mapping[type[BaseModel], str]) -> dict[str, Schema]:
    """What is answered: by schema name. Each model comes with the relation of its link, if it has one."""
    generated = _generated(relations, "serialization")
    return {name_of(model): _answer(schema, relations[model]) for model, schema in generated.items()}


def list_schema(item: str, says: Iterable[str] = ()) -> Schema:
    """A page of ``item``; ``says`` are counts that may stand beside the items."""
    return {
        "type": "object",
        "required": ["items", "count", "moreAvailable", "_links"],
        "properties": {
            "items": {"type": "array", "items": reference(item)},
            "count": {"type": "integer", "description": "Items on this page."},
            "moreAvailable": {"type": "boolean", "description": "Whether there is a next page."},
            **{name: {"type": "integer", "description": ATTRIBUTES[name][0]} for name in says},
            "_links": reference(LINKS),
        },
    }


def shared_schemas() -> dict[str, Schema]:
    """Links of lists, and the shape of every error."""
    return {
        LINKS: _links({"self", "next"}, required="self"),
        ERROR: {
            "type": "object",
            "required": ["error"],
            "properties": {
                "error": {
                    "type": "object",
                    "required": ["code", "message", "requestId"],
                    "properties": {
                        "code": {
                            "type": "string",
                            "pattern": "^[A-Z][A-Z0-9_]*$",
                            "description": "For programs. New ones may be added.",
                        },
                        "message": {"type": "string", "description": "For people."},
                        "requestId": {"type": "string", "description": "Finds the request in the logs."},
                        "details": {
                            "type": "object",
                            "description": "What there is to say beyond the message; `fields` names each wrong field.",
                        },
                    },
                }
            },
        },
    }


def _links(relations: set[str], required: str) -> Schema:
    href = {"type": "string", "description": "A path below the API's address."}
    link = {"type": "object", "required": ["href"], "properties": {"href": href}}
    return {"type": "object", "required": [required], "properties": dict.fromkeys(sorted(relations), link)}


def _generated(models: Iterable[type[BaseModel]], mode: Any) -> dict[type[BaseModel], Schema]:
    """Each model's own schema, with all definitions put in."""
    wanted = list(dict.fromkeys(models))
    by_model, whole = models_json_schema([(model, mode) for model in wanted], by_alias=True)
    definitions = whole.get("$defs", {})
    return {model: _inlined(by_model[model, mode], definitions) for model in wanted}


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inlined(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        target = definitions[str(schema["$ref"]).removeprefix(_DEFINITION)]
        return _inlined({**target, **{k: v for k, v in schema.items() if k != "$ref"}}, definitions)
    # A property may be called like a keyword; then its value is a schema.
    kept = {k: v for k, v in schema.items() if k not in _DROPPED or isinstance(v, dict)}
    found = {k: _inlined(v, definitions) for k, v in kept.items()}
    if "const" in found:
        found["enum"] = [found.pop("const")]
    return found


def _request(model: type[BaseModel], schema: Schema) -> Schema:
    """``null`` is what the model takes: of changes, only where it clears a field."""
    clearable = model.clearable if issubclass(model, Changes) else None
    properties: dict[str, Schema] = {}
    for name, given in schema["properties"].items():
        plain, nullable = _without_null(given)
        if nullable and (clearable is None or name in {to_camel(field) for field in clearable}):
            plain["nullable"] = True
        properties[name] = _described(name, plain)
    if "password" in properties:
        properties["password"]["format"] = "password"
    found = {**schema, "properties": properties}
    if issubclass(model, Changes):
        found["minProperties"] = 1
    return found


def _answer(schema: Schema, relation: str) -> Schema:
    """What has no value is left out of an answer, so that nothing in it is ever ``null``; all else is there."""
    properties: dict[str, Schema] = {}
    required: list[str] = []
    for name, given in schema["properties"].items():
        plain, optional = _without_null(given)
        plain.pop("default", None)
        if plain.get("type") == "string" and name.endswith(_MOMENTS):
            plain["format"] = "date-time"
        properties[name] = _described(name, plain)
        if not optional:
            required.append(name)
    if relation:
        properties["_links"] = _links({relation}, required=relation)
        required.append("_links")
    return {"type": "object", "required": required, "properties": properties}


def _without_null(schema: Schema) -> tuple[Schema, bool]:
    """The schema without its ``null``, and whether it had one."""
    options = schema.get("anyOf")
    if options is None or {"type": "null"} not in options:
        return dict(schema), False
    (plain,) = (option for option in options if option != {"type": "null"})
    rest = {k: v for k, v in schema.items() if k != "anyOf" and not (k == "default" and v is None)}
    return {**plain, **rest}, True


def _described(name: str, schema: Schema) -> Schema:
    return {**schema, "description": ATTRIBUTES[name][0]}
