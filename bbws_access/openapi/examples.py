"""Examples of bodies, made from the samples of their attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from bbws_access.openapi.attributes import ATTRIBUTES, PARTIAL, PATH_PARAMETERS, SAMPLES
from bbws_access.openapi.problems import PROBLEMS

_TOKEN: Final = "3f" * 32
_PARAMETER: Final = re.compile(r"\{(\w+)\}")


def parameter_example(name: str) -> str:
    """A value of a path's parameter."""
    return _TOKEN if name == "token" else str(ATTRIBUTES[PATH_PARAMETERS[name]][1])


def filled(path: str) -> str:
    """A path with its parameters' examples."""
    return _PARAMETER.sub(lambda match: parameter_example(match[1]), path)


def body_example(name: str, schema: Mapping[str, Any], path: str = "", relation: str = "") -> dict[str, Any]:
    """One body of the schema ``name``; ``path`` is what its link of this ``relation`` leads to."""
    samples = SAMPLES.get(name, {})
    found: dict[str, Any] = {}
    for attribute in schema["properties"]:
        if attribute == "_links":
            found[attribute] = {relation: {"href": filled(path)}}
        elif attribute in samples:
            found[attribute] = samples[attribute]
        elif name not in PARTIAL:
            found[attribute] = ATTRIBUTES[attribute][1]
    return found


def list_example(item: Mapping[str, Any], path: str) -> dict[str, Any]:
    """A list of one."""
    links = {"self": {"href": filled(path)}}
    return {"items": [dict(item)], "count": 1, "moreAvailable": False, "_links": links}


def error_example(code: str) -> dict[str, Any]:
    message = PROBLEMS[code][1].replace("`", "").rstrip(".")
    error: dict[str, Any] = {"code": code, "message": message, "requestId": ATTRIBUTES["requestId"][1]}
    if code == "VALIDATION_ERROR":
        error |= {"message": "the request is not valid", "details": {"fields": {"name": "is missing"}}}
    return {"error": error}
