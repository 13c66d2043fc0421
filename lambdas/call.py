"""One HTTP request as a handler sees it: its parts, parsed and validated, and how it is answered."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, TypeAdapter, ValidationError

from bbws_access.access.actor import Actor, Origin
from bbws_access.access.authorizer import actor_of
from bbws_access.bootstrap import Services
from bbws_access.cursors import Cursors
from bbws_access.errors import InvalidInput, NotFound
from bbws_access.models.moments import Moment
from bbws_access.services.pages import DEFAULT_PAGE_SIZE, ListPage, PageRequest
from bbws_access.validation import WHOLE, field_errors

MAX_BODY: Final = 100_000
"""Characters; no request of the contract comes near it."""

MAX_ID_BYTES: Final = 900
"""A longer id does not fit into a key of the table, so that nothing has it."""

_DIGITS: Final = re.compile(r"[0-9]{1,9}")
"""Python would also read ``1_0``, blanks around, and the digits of other scripts."""

T = TypeVar("T", bound=BaseModel)
V = TypeVar("V", bound=StrEnum)

_moment: Final = TypeAdapter[datetime](Moment)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON body."""

    status: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Status and HTML, for a person in a browser; ``headers`` are all that the page needs beside its type."""

    status: int
    html: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request, parsed. ``url`` is the path below the stage, as the client may ask for it again."""

    event: Mapping[str, Any]
    services: Services
    cursors: Cursors
    origin: Origin

    @property
    def actor(self) -> Actor:
        """Raises ``Unauthenticated`` where no authorizer stood in front."""
        context = (self.event.get("requestContext") or {}).get("authorizer") or {}
        return actor_of(context, self.origin)

    @property
    def route(self) -> str:
        """The path below the stage: ``/v1/…``."""
        return str(self.event.get("path") or "")

    def path(self, name: str) -> str:
        """A parameter of the path; raises :class:`NotFound` for one that no key of the table can hold."""
        value = str((self.event.get("pathParameters") or {}).get(name) or "")
        if len(value.encode(errors="replace")) > MAX_ID_BYTES:
            raise NotFound(f"there is nothing with this {name}")
        return value

    def query(self, name: str) -> str | None:
        value = (self.event.get("queryStringParameters") or {}).get(name)
        return None if value is None else str(value)

    def flag(self, name: str) -> bool | None:
        """``true`` or ``false`` of the query, or neither; raises :class:`InvalidInput` for anything else."""
        value = self.query(name)
        if value not in {None, "true", "false"}:
            raise _invalid({name: "is true or false"})
        return None if value is None else value == "true"

    def choice(self, name: str, kind: type[V]) -> V | None:
        """One of a vocabulary's values, or ``None`` where nothing was asked; raises :class:`InvalidInput`."""
        value = self.query(name)
        if value is None:
            return None
        if value not in set(kind):
            raise _invalid({name: f"is one of {', '.join(kind)}"})
        return kind(value)

    def moment(self, name: str) -> datetime | None:
        """A time with its zone; raises :class:`InvalidInput`."""
        value = self.query(name)
        try:
            return None if value is None else _moment.validate_strings(value)
        except ValidationError:
            raise _invalid({name: "is a time with its zone, such as 2026-01-31T09:30:00Z"}) from None

    def body(self, model: type[T]) -> T:
        """The JSON body as ``model``; raises :class:`InvalidInput` that names each wrong field."""
        text = self._text()
        try:
            found = model.model_validate_json(text, by_alias=True, by_name=False)
        except ValidationError as error:
            raise _invalid(field_errors(error)) from None
        if repeated := _repeated(text):
            raise _invalid(dict.fromkeys(repeated, "is given more than once"))
        return found

    def optional_body(self, model: type[T]) -> T | None:
        """``None`` where nothing was sent, or nothing in braces; else as :meth:`body`."""
        return None if "".join(self._text().split()) in {"", "{}"} else self.body(model)

    def _text(self) -> str:
        text = str(self.event.get("body") or "")
        if len(text) > MAX_BODY:
            raise _invalid({WHOLE: f"is longer than {MAX_BODY} characters"})
        if not self.event.get("isBase64Encoded"):
            return text
        try:
            return base64.b64decode(text, validate=True).decode()
        except ValueError:
            raise _invalid({WHOLE: "is not JSON"}) from None

    def page(self) -> PageRequest:
        """``pageSize`` and ``startAt``; raises :class:`InvalidInput`."""
        size, cursor = self.query("pageSize"), self.query("startAt")
        if size is not None and _DIGITS.fullmatch(size) is None:
            size = "0"  # which PageRequest refuses, with its own words
        position = self.cursors.read(cursor, self._list_name()) if cursor is not None else None
        return PageRequest(DEFAULT_PAGE_SIZE if size is None else int(size), position)

    def item(self, record: BaseModel, path: str, relation: str = "self") -> dict[str, Any]:
        """A record as the API shows it, and what ``path`` (``/v1/…``) is to it. Links are below the API's address."""
        data = record.model_dump(mode="json", by_alias=True, exclude_none=True)
        return data | {"_links": {relation: {"href": path}}}

    def shown(self, record: BaseModel, path: str) -> Answer:
        """The answer of one thing that is there, or was changed."""
        return Answer(200, self.item(record, path))

    def created(self, record: BaseModel, path: str) -> Answer:
        """The answer of one thing that was made."""
        return Answer(201, self.item(record, path))

    def listed(self, page: ListPage[T], path_of: Callable[[T], str], relation: str = "self") -> Answer:
        """The answer of a list: items, each with its path, and where to go on."""
        url = self.route
        links = {"self": {"href": url}}
        if page.last is not None:
            cursor = self.cursors.write(page.last, self._list_name())
            asked = {k: v for k, v in (self.event.get("queryStringParameters") or {}).items() if k != "startAt"}
            links["next"] = {"href": f"{url}?{urlencode({**asked, 'startAt': cursor})}"}
        items = [self.item(item, path_of(item), relation) for item in page.items]
        return Answer(
            200, {"items": items, "count": len(items), "moreAvailable": page.last is not None, "_links": links}
        )

    def _list_name(self) -> str:
        """A cursor is bound to the list that it was made for: its method, its path and what it was filtered by.

        And to the organisation of who asked, whose list it is where none is named.
        """
        context = (self.event.get("requestContext") or {}).get("authorizer") or {}
        name = f"{context.get('orgId', '')} {self.event.get('httpMethod')} {self.route}"
        asked = self.event.get("queryStringParameters") or {}
        filters = sorted((k, str(v)) for k, v in asked.items() if k not in {"startAt", "pageSize"})
        return f"{name} {sha256(json.dumps(filters).encode()).hexdigest()}" if filters else name


def _invalid(fields: Mapping[str, str]) -> InvalidInput:
    return InvalidInput("the request is not valid", details={"fields": dict(fields)})


def _repeated(text: str) -> set[str]:
    """Fields that stand more than once in one object, of which JSON parsers each keep another."""
    found: set[str] = set()

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        found.update(name for name in names if names.count(name) > 1)
        return dict(pairs)

    json.loads(text, object_pairs_hook=note)
    return found
