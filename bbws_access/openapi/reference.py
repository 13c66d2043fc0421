"""The document as one page for people: to read, and to try. It needs nothing from elsewhere."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

Schema = Mapping[str, Any]

_CODE: Final = re.compile(r"`([^`]+)`")
_STRONG: Final = re.compile(r"\*\*([^*]+)\*\*")
_BULLET: Final = "* "


def page(document: Mapping[str, Any], api_url: str, env: str) -> str:
    """HTML. ``api_url`` is where requests go unless the reader says otherwise; it may be empty."""
    template = _templates().get_template("reference.html")
    operations = list(_operations(document))
    groups = [(tag, [o for o in operations if tag["name"] in o["tags"]]) for tag in document["tags"]]
    return template.render(
        info=document["info"],
        groups=[(tag, found) for tag, found in groups if found],
        api_url=api_url,
        env=env,
        nonce=secrets.token_urlsafe(16),
    )


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every operation that a program can call, with its schemas resolved."""
    schemas = document["components"]["schemas"]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            responses = [_response(status, found, schemas) for status, found in operation["responses"].items()]
            if not any(response["fields"] for response in responses):
                continue  # a page, which a browser shows by itself
            yield {
                **operation,
                "method": method.upper(),
                "path": path,
                "body": _body(operation.get("requestBody"), schemas),
                "successes": [r for r in responses if r["status"] < "300"],
                "errors": [r for r in responses if r["status"] >= "300"],
            }


def _response(status: str, response: Mapping[str, Any], schemas: Mapping[str, Schema]) -> dict[str, Any]:
    return {"status": status, "description": response["description"], **_content(response.get("content", {}), schemas)}


def _body(body: Mapping[str, Any] | None, schemas: Mapping[str, Schema]) -> dict[str, Any] | None:
    return None if body is None else {"required": body["required"], **_content(body["content"], schemas)}


def _content(content: Mapping[str, Any], schemas: Mapping[str, Schema]) -> dict[str, Any]:
    found = content.get("application/json")
    if found is None:
        return {"fields": [], "example": ""}
    schema = schemas[_name(found["schema"])]
    items = schema["properties"].get("items", {}).get("items", {})
    fields = list(_fields(schema))
    if "$ref" in items:
        fields += [{**field, "name": f"items[].{field['name']}"} for field in _fields(schemas[_name(items)])]
    example = json.dumps(found["example"], indent=2, ensure_ascii=False)
    return {"fields": fields, "example": example}


def _name(reference: Schema) -> str:
    return str(reference["$ref"]).rsplit("/", 1)[-1]


def _fields(schema: Schema) -> Iterator[dict[str, Any]]:
    required = schema.get("required", [])
    for name, found in schema["properties"].items():
        yield {
            "name": name,
            "required": name in required,
            "kind": kind(found),
            "limits": limits(found),
            "description": found.get("description", ""),
        }


def kind(schema: Schema) -> str:
    """What a value is, in a word or two."""
    if schema.get("type") == "array":
        return f"list of {_name(schema['items']) if '$ref' in schema['items'] else kind(schema['items'])}"
    found = str(schema.get("format") or schema.get("type") or "object")
    return f"{found} or null" if schema.get("nullable") else found


def limits(schema: Schema) -> str:
    """What a value must be beside its type."""
    inner = schema.get("items", {}) if schema.get("type") == "array" else {}
    default = schema.get("default")
    found = [
        _range(schema.get("minLength"), schema.get("maxLength"), " characters"),
        _range(schema.get("minimum"), schema.get("maximum"), ""),
        _range(schema.get("minItems"), schema.get("maxItems"), " items"),
        " · ".join(
            json.dumps(v) if not isinstance(v, str) else v for v in (schema.get("enum") or inner.get("enum") or ())
        ),
        f"`{schema['pattern']}`" if "pattern" in schema else "",
        f"default {default if isinstance(default, str) else json.dumps(default)}" if default not in {None, ""} else "",
    ]
    return ", ".join(part for part in found if part)


def _range(least: Any, most: Any, unit: str) -> str:
    match least, most:
        case None, None:
            return ""
        case None, _:
            return f"at most {most}{unit}"
        case _, None:
            return "" if least == 1 and unit else f"at least {least}{unit}"  # it goes without saying
        case _:
            return f"{least} to {most}{unit}"


def prose(text: str) -> Markup:
    """Paragraphs and lists of the little Markdown that the document has; all else stays as it is."""
    found = []
    for block in text.strip().split("\n\n"):
        lines = block.splitlines()
        if all(line.startswith(_BULLET) for line in lines):
            items = Markup("").join(Markup("<li>{}</li>").format(inline(line[len(_BULLET) :])) for line in lines)
            found.append(Markup("<ul>{}</ul>").format(items))
        else:
            found.append(Markup("<p>{}</p>").format(inline(" ".join(lines))))
    return Markup("\n").join(found)


def inline(text: str) -> Markup:
    marked = _CODE.sub(r"<code>\1</code>", str(escape(text)))
    return Markup(_STRONG.sub(r"<strong>\1</strong>", marked))  # noqa: S704 - it has been escaped


@cache
def _templates() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"prose": prose, "inline": inline, "limits": limits, "kind": kind}
    return found
