"""What is wrong with a field, under the name by which whoever typed the command knows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic.alias_generators import to_snake

from bbws_access.errors import InvalidInput
from bbws_access.validation import refused


def name_options(error: InvalidInput, parameters: Sequence[Any]) -> None:
    """Names options for fields, ``--display-name`` for ``displayName``; arguments have the fields' own names.

    An error that says more than what is wrong with each field stays as it is.
    """
    fields = error.details.get("fields")
    if not isinstance(fields, dict) or error.message != refused(fields).message:
        return
    flags = {one.name: max(one.opts, key=len) for one in parameters if one.param_type_name == "option"}
    error.message = refused({_typed(name, flags): words for name, words in fields.items()}).message


def _typed(field: str, flags: dict[str, str]) -> str:
    """Of a list, without the place in it: the option is given once for each."""
    name = to_snake(field.partition(".")[0])
    return flags.get(name) or flags.get(name.removesuffix("s")) or flags.get(name.removesuffix("_id")) or field
