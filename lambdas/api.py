"""What all HTTP functions share: from a proxy event to a call, from a result or an error to an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from aws_lambda_powertools import Logger
from pydantic import BaseModel, ValidationError

from bbws_access.access.actor import Actor, Origin
from bbws_access.access.authorizer import actor_of
from bbws_access.adapters.cognito import CognitoDirectory
from bbws_access.adapters.kms import KmsSealer
from bbws_access.adapters.ses import SesMailer
from bbws_access.bootstrap import Services, World
from bbws_access.clock import SystemClock
from bbws_access.cursors import Cursors
from bbws_access.errors import AccessError, InvalidInput
from bbws_access.ids import RandomIds
from bbws_access.services.pages import DEFAULT_PAGE_SIZE, ListPage, PageRequest
from bbws_access.store.table import Table
from bbws_access.validation import field_errors
from lambdas.clients import client, dynamodb
from lambdas.settings import Settings

CORS_HEADERS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET,POST,PUT,DELETE,OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type,Authorization,X-Request-ID",
}

logger = Logger()

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON body."""

    status: int
    body: Mapping[str, Any]


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

    @property
    def _mount(self) -> str:
        """What stands before ``/v1`` in a client's address: the stage, where there is no domain of its own."""
        whole = str((self.event.get("requestContext") or {}).get("path") or self.route)
        return whole.removesuffix(self.route)

    def href(self, path: str) -> str:
        """A link to ``path`` (``/v1/…``) that the client can follow from the API's host."""
        return f"{self._mount}{path}"

    def path(self, name: str) -> str:
        return str((self.event.get("pathParameters") or {}).get(name) or "")

    def query(self, name: str) -> str | None:
        value = (self.event.get("queryStringParameters") or {}).get(name)
        return None if value is None else str(value)

    def body(self, model: type[T]) -> T:
        """The JSON body as ``model``; raises :class:`InvalidInput` that names each wrong field."""
        try:
            return model.model_validate_json(self.event.get("body") or "")
        except ValidationError as error:
            raise InvalidInput("the request is not valid", details={"fields": field_errors(error)}) from None

    def page(self) -> PageRequest:
        """``pageSize`` and ``startAt``; raises :class:`InvalidInput`."""
        size, cursor = self.query("pageSize"), self.query("startAt")
        try:
            number = DEFAULT_PAGE_SIZE if size is None else int(size)
        except ValueError:
            number = 0  # which PageRequest refuses, with its own words
        position = self.cursors.read(cursor, self._list_name()) if cursor is not None else None
        return PageRequest(number, position)

    def item(self, record: BaseModel, path: str) -> dict[str, Any]:
        """A record as the API shows it; ``path`` (``/v1/…``) is its own."""
        data = record.model_dump(mode="json", by_alias=True, exclude_none=True)
        return data | {"_links": {"self": {"href": self.href(path)}}}

    def shown(self, record: BaseModel, path: str) -> Answer:
        """The answer of one thing that is there, or was changed."""
        return Answer(200, self.item(record, path))

    def created(self, record: BaseModel, path: str) -> Answer:
        """The answer of one thing that was made."""
        return Answer(201, self.item(record, path))

    def listed(self, page: ListPage[T], path_of: Callable[[T], str]) -> Answer:
        """The answer of a list: items, each with its own path, and where to go on."""
        url = self.href(self.route)
        links = {"self": {"href": url}}
        if page.last is not None:
            cursor = self.cursors.write(page.last, self._list_name())
            asked = {k: v for k, v in (self.event.get("queryStringParameters") or {}).items() if k != "startAt"}
            links["next"] = {"href": f"{url}?{urlencode({**asked, 'startAt': cursor})}"}
        items = [self.item(item, path_of(item)) for item in page.items]
        return Answer(
            200, {"items": items, "count": len(items), "moreAvailable": page.last is not None, "_links": links}
        )

    def _list_name(self) -> str:
        """A cursor is bound to the list that it was made for: its method and path."""
        return f"{self.event.get('httpMethod')} {self.route}"


Action = Callable[[Call], Answer]
LambdaHandler = Callable[[Mapping[str, Any], Any], dict[str, Any]]


def endpoint(action: Action) -> LambdaHandler:
    """Makes a Lambda handler of an action. What is not an :class:`AccessError` is a 500 that says nothing."""

    def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        origin = _origin(event)
        request_id = origin.request_id or str(getattr(context, "aws_request_id", ""))
        logger.append_keys(request_id=request_id, action=action.__name__)
        try:
            answer = action(Call(event, _services(), _cursors(), origin))
        except AccessError as error:
            answer = _refusal(error, request_id)
        except Exception:
            logger.exception("unexpected error")
            answer = _failure("INTERNAL_ERROR", "something went wrong", 500, request_id)
        logger.info("request answered", extra={"status": answer.status})
        return {
            "statusCode": answer.status,
            "headers": {**CORS_HEADERS, "Content-Type": "application/json", "X-Request-ID": request_id},
            "body": json.dumps(answer.body, separators=(",", ":"), ensure_ascii=False),
        }

    return handler


def _refusal(error: AccessError, request_id: str) -> Answer:
    if error.status >= 500:
        logger.error("request failed", extra={"code": error.code, "reason": error.message})
        return _failure(error.code if error.code == "BUSY" else "INTERNAL_ERROR", "try again later", 500, request_id)
    logger.warning("request refused", extra={"code": error.code})
    return _failure(error.code, error.message, error.status, request_id, error.details)


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


@cache
def _services() -> Services:
    settings = Settings.read()
    return Services(
        World(
            table=Table(dynamodb(), settings.table),
            clock=SystemClock(),
            ids=RandomIds(),
            mailer=SesMailer(client("ses"), settings.mail_from),
            directory=CognitoDirectory(client("cognito-idp"), settings.user_pool_id),
            link_to=lambda token: token,
        )
    )


@cache
def _cursors() -> Cursors:
    return Cursors(KmsSealer(client("kms"), Settings.read().cursor_key_id))
