"""What all HTTP functions share: from a proxy event to a call, from a result or an error to an answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from aws_lambda_powertools import Logger
from pydantic import BaseModel, TypeAdapter, ValidationError

from bbws_access.access.actor import Actor, Origin
from bbws_access.access.authorizer import actor_of
from bbws_access.access.decisions import DecisionLog
from bbws_access.adapters.cognito import CognitoDirectory
from bbws_access.adapters.kms import KmsSealer
from bbws_access.adapters.s3 import S3AuditStorage
from bbws_access.adapters.ses import SesMailer
from bbws_access.bootstrap import Services, World
from bbws_access.clock import SystemClock
from bbws_access.cursors import Cursors
from bbws_access.errors import AccessError, Denied, InvalidInput, NotFound, Unauthenticated
from bbws_access.ids import RandomIds
from bbws_access.models.kinds import LockMode
from bbws_access.models.moments import Moment
from bbws_access.services.pages import DEFAULT_PAGE_SIZE, ListPage, PageRequest
from bbws_access.store.table import Table
from bbws_access.validation import WHOLE, field_errors
from lambdas.clients import client, dynamodb, impatient_dynamodb
from lambdas.links import Links, serving
from lambdas.settings import Settings

CORS_HEADERS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET,POST,PUT,DELETE,OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type,Authorization,X-Request-ID",
}

MAX_BODY: Final = 100_000
"""Characters; no request of the contract comes near it."""

MAX_ID_BYTES: Final = 900
"""A longer id does not fit into a key of the table, so that nothing has it."""

logger = Logger()

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
        try:
            number = DEFAULT_PAGE_SIZE if size is None else int(size)
        except ValueError:
            number = 0  # which PageRequest refuses, with its own words
        position = self.cursors.read(cursor, self._list_name()) if cursor is not None else None
        return PageRequest(number, position)

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
        """A cursor is bound to the list that it was made for: its method, its path and what it was filtered by."""
        name = f"{self.event.get('httpMethod')} {self.route}"
        asked = self.event.get("queryStringParameters") or {}
        filters = sorted((k, str(v)) for k, v in asked.items() if k not in {"startAt", "pageSize"})
        return f"{name} {sha256(json.dumps(filters).encode()).hexdigest()}" if filters else name


Action = Callable[[Call], Answer | Page]
LambdaHandler = Callable[[Mapping[str, Any], Any], dict[str, Any]]


def endpoint(action: Action, on_error: Callable[[Answer], Page] | None = None) -> LambdaHandler:
    """Makes a Lambda handler of an action. What is not an :class:`AccessError` is a 500 that says nothing.

    ``on_error`` makes a page of an error's answer, where people look at it themselves.
    """

    def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        origin = _origin(event)
        request_id = origin.request_id or str(getattr(context, "aws_request_id", ""))
        logger.append_keys(request_id=request_id, action=action.__name__)
        answer: Answer | Page
        trail, before = None, 0
        try:
            trail = services().trail
            before = trail.captured
            with serving(event):
                answer = action(Call(event, services(), cursors(), origin))
        except AccessError as error:
            if isinstance(error, Denied):
                _record_denial(error, event, origin)
            refusal = _refusal(error, request_id)
            answer = on_error(refusal) if on_error else refusal
        except Exception:
            logger.exception("unexpected error")
            failure = _failure("INTERNAL_ERROR", "something went wrong", 500, request_id)
            answer = on_error(failure) if on_error else failure
        captured = trail.captured - before if trail is not None else 0
        logger.info(
            "request answered", extra={"status": answer.status, **({"auditEvents": captured} if captured else {})}
        )
        return _response(answer, request_id)

    return handler


def _response(answer: Answer | Page, request_id: str) -> dict[str, Any]:
    if isinstance(answer, Page):
        headers, body = {**answer.headers, "Content-Type": "text/html; charset=utf-8"}, answer.html
    else:
        headers = {**CORS_HEADERS, "Content-Type": "application/json"}
        body = json.dumps(answer.body, separators=(",", ":"), ensure_ascii=False)
    return {"statusCode": answer.status, "headers": {**headers, "X-Request-ID": request_id}, "body": body}


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


def _refusal(error: AccessError, request_id: str) -> Answer:
    # What AWS refuses us is our defect, and none of the client's business.
    if error.status >= 500 or "awsCode" in error.details:
        logger.error("request failed", extra={"code": error.code, "reason": error.message})
        return _failure(error.code if error.code == "BUSY" else "INTERNAL_ERROR", "try again later", 500, request_id)
    logger.warning("request refused", extra={"code": error.code})
    return _failure(error.code, error.message, error.status, request_id, error.details)


def _record_denial(error: Denied, event: Mapping[str, Any], origin: Origin) -> None:
    """A denial by the second lock goes into the trail of the actor's organisation, best effort."""
    log = decisions()
    if log is None or "awsCode" in error.details:
        return
    try:
        actor = actor_of((event.get("requestContext") or {}).get("authorizer") or {}, origin)
    except Unauthenticated:
        return
    asked = f"{event.get('httpMethod')} {event.get('path')}"
    log.record(actor, error.code, asked, error.details)


def _failure(code: str, message: str, status: int, request_id: str, details: Mapping[str, Any] | None = None) -> Answer:
    body: dict[str, Any] = {"code": code, "message": message, "requestId": request_id}
    if details:
        body["details"] = dict(details)
    return Answer(status, {"error": body})


def _origin(event: Mapping[str, Any]) -> Origin:
    context = event.get("requestContext") or {}
    identity = context.get("identity") or {}
    return Origin(
        ip_address=identity.get("sourceIp"), user_agent=identity.get("userAgent"), request_id=context.get("requestId")
    )


@dataclass(frozen=True, slots=True)
class _Wiring:
    services: Services
    cursors: Cursors
    decisions: DecisionLog | None


_wired: _Wiring | None = None


@contextmanager
def wired(services: Services, cursors: Cursors, decisions: DecisionLog | None = None) -> Iterator[None]:
    """Meanwhile all functions of this process work with these, instead of with what the environment names.

    Without ``decisions`` no denial is recorded.
    """
    global _wired
    before, _wired = _wired, _Wiring(services, cursors, decisions)
    try:
        yield
    finally:
        _wired = before


def services() -> Services:
    """What the functions work with; for those that no HTTP request calls."""
    return _wired.services if _wired is not None else _deployed_services()


def cursors() -> Cursors:
    return _wired.cursors if _wired is not None else _deployed_cursors()


def decisions() -> DecisionLog | None:
    return _wired.decisions if _wired is not None else _deployed_decisions()


@cache
def _deployed_services() -> Services:
    settings = Settings.read()
    return Services(
        World(
            table=Table(dynamodb(), settings.table),
            clock=SystemClock(),
            ids=RandomIds(),
            mailer=SesMailer(client("ses"), settings.mail_from),
            directory=CognitoDirectory(client("cognito-idp"), settings.user_pool_id),
            audit_storage=S3AuditStorage(client("s3"), settings.audit_bucket, LockMode(settings.audit_lock_mode)),
            link_to=Links(settings.public_url, settings.endpoint_url).invitation,
        )
    )


@cache
def _deployed_cursors() -> Cursors:
    return Cursors(KmsSealer(client("kms"), Settings.read().cursor_key_id))


@cache
def _deployed_decisions() -> DecisionLog:
    table = Table(impatient_dynamodb(), Settings.read().table)
    return DecisionLog(table, SystemClock(), RandomIds(), _warn)


def _warn(cause: str) -> None:
    logger.warning("decision not recorded", extra={"cause": cause})
