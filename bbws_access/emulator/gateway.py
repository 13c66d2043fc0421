"""The ASGI application around ministack's: it guards the door and notes what changes."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from ministack import app as ministack

from bbws_access.emulator import capture, workers
from bbws_access.emulator.checkpoint import Checkpointer
from bbws_access.emulator.record import INSTANCE_PATH, Record

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_LOCAL = ("127.0.0.1", "localhost", "::1")
_SAFE = ("GET", "HEAD", "OPTIONS")
_READS = re.compile(r"(DynamoDB|Logs)_\d+\.(Batch|Transact)?(Get|Query|Scan|Describe|List|Filter)")
_REST_API = ("/_user_request_", "/_aws/execute-api/")

SLOW: Final = 20.0
"""Seconds after which a request that has no answer yet is logged: the provider gives up and asks again, unheard."""

logger = logging.getLogger(__name__)


class Gateway:
    """Serves ministack for programs of this machine, and has the checkpointer save what they change."""

    def __init__(self, checkpointer: Checkpointer, identity: Record) -> None:
        self._checkpointer = checkpointer
        self._identity = identity
        self._tasks: list[asyncio.Task[None]] = []

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if not is_local(headers, any_origin=_is_api_call(scope["path"])):
            await _refuse(scope, send)
        elif scope["type"] == "http" and scope["path"] == INSTANCE_PATH:
            await _respond(send, 200, self._about())
        else:
            slow = asyncio.get_running_loop().call_later(SLOW, _tell_slow, scope, headers, asyncio.current_task())
            try:
                await ministack.app(scope, receive, send)
            finally:  # also when the client went away: the request may have had its effect
                slow.cancel()
                if scope["type"] == "http":
                    self._note(scope, headers)

    def _about(self) -> dict[str, Any]:
        return {
            "instance": self._identity.instance,
            "pid": self._identity.pid,
            "region": self._identity.region,
            "started": self._identity.started,
            "unsaved": self._checkpointer.unsaved,
            "saves": self._checkpointer.saves,
            "error": self._checkpointer.error,
        }

    def _note(self, scope: Message, headers: dict[str, str]) -> None:
        method, path = scope["method"], scope["path"]
        try:
            if path.startswith("/_ministack/reset"):
                self._checkpointer.touched(capture.loaded())
            elif _is_api_call(path):
                self._checkpointer.touched(())  # what its function does comes as requests; its log does not
            elif method in _SAFE or _READS.match(headers.get("x-amz-target", "")):
                return
            else:
                query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
                self._checkpointer.touched(capture.services_of(method, path, headers, query))
        except Exception:
            logger.exception("cannot tell what %s %s changes", method, path)
            self._checkpointer.touched(capture.loaded())

    async def _lifespan(self, scope: Message, receive: Receive, send: Send) -> None:
        failure: list[Exception] = []

        def restore() -> None:
            # ministack logs what it cannot load and goes on without, and would then save that.
            try:
                self._checkpointer.restore()
            except Exception as error:
                logger.exception("the saved state cannot be loaded")
                failure.append(error)

        ministack._load_persisted_state = restore
        ministack.save_all = lambda _services: self._checkpointer.save_everything()

        async def observed_receive() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                for task in self._tasks:
                    task.cancel()
            return message

        async def observed_send(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                if failure:
                    message = {"type": "lifespan.startup.failed", "message": f"saved state: {failure[0]}"}
                else:
                    self._tasks = [
                        asyncio.create_task(self._checkpointer.run()),
                        asyncio.create_task(workers.retire_idle()),
                    ]
            await send(message)

        await ministack.app(scope, observed_receive, observed_send)


def is_local(headers: dict[str, str], *, any_origin: bool = False) -> bool:
    """Whether a request is from a program of this machine rather than from a web page in its browser.

    ministack lets every origin in, and runs whatever code it is given: without this, any page that the
    user visits could. ``Origin`` gives away a page of another site, ``Host`` one that had its own name
    resolve to this machine.
    """
    host, origin = headers.get("host"), headers.get("origin")
    return (host is None or _is_local_url(f"http://{host}")) and (origin is None or any_origin or _is_local_url(origin))


def _is_api_call(path: str) -> bool:
    """Whether a request is for a deployed REST API, which says itself who may call it, and from where."""
    return any(mark in path for mark in _REST_API)


def _is_local_url(url: str) -> bool:
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return any(name == local or name.endswith(f".{local}") for local in _LOCAL)


def _tell_slow(scope: Message, headers: dict[str, str], task: asyncio.Task[None] | None) -> None:
    what = headers.get("x-amz-target", "")
    logger.warning("no answer yet: %s %s %s, in %s", scope.get("method"), scope["path"], what, _waits_in(task))


def _waits_in(task: asyncio.Task[Any] | None) -> str:
    """Where a task is, from the outermost coroutine to what it waits for."""
    places = []
    coroutine: Any = task.get_coro() if task is not None else None
    while (frame := getattr(coroutine, "cr_frame", None)) is not None:
        places.append(f"{frame.f_code.co_name}:{frame.f_lineno}")
        coroutine = coroutine.cr_await
    return " > ".join(places) or "nothing that can be told"


async def _refuse(scope: Message, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await _respond(send, 403, {"message": "only programs of this machine may use the local AWS"})


async def _respond(send: Send, status: int, document: dict[str, Any]) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(document).encode()})
