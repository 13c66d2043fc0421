"""API Gateway for a browser: a server of this machine that hands its requests to the deployed handlers."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from bbws_access.access.actor import Actor
from bbws_access.access.authorizer import context_of
from bbws_access.access.principal import Principal
from bbws_access.catalogue import ENDPOINTS, PAGES
from bbws_access.openapi.gateway import CORS
from tests.lambdas.gateway import CONTEXT, handler_of

MOUNT: Final = "/restapis/api-1/test/_user_request_"
"""As the local emulator has it: a page must not suppose that it is at the top of its host."""

TOKEN: Final = "t0ken"
"""Of whoever :func:`serving` was told of."""

_ROUTES: Final = [(f.method, str(f.path), f.name) for f in ENDPOINTS] + [(p.method, p.path, p.function) for p in PAGES]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_OPTIONS(self) -> None:
        self._answer(200, CORS, "")

    def _serve(self) -> None:
        path = urlsplit(self.path).path.removeprefix(MOUNT)
        route = next((found for found in _ROUTES if found[0] == self.command and _match(found[1], path)), None)
        if route is None:
            self._answer(404, {}, "")
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        with self.server.lock:  # type: ignore[attr-defined]
            event = _event(self.command, route[1], path, body)
            event["queryStringParameters"] = dict(parse_qsl(urlsplit(self.path).query)) or None
            if self.headers.get("Authorization") == f"Bearer {TOKEN}" and self.server.actor is not None:  # type: ignore[attr-defined]
                event["requestContext"]["authorizer"] = context_of(Principal(self.server.actor, ()))  # type: ignore[attr-defined]
            answer = handler_of(route[2])(event, CONTEXT)
        self._answer(answer["statusCode"], answer["headers"], answer["body"])

    def _answer(self, status: int, headers: dict[str, str], body: str) -> None:
        data = body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        return


def _match(template: str, path: str) -> re.Match[str] | None:
    return re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template), path)


def _event(method: str, resource: str, path: str, body: str) -> dict[str, Any]:
    match = _match(resource, path)
    assert match is not None
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": {"Content-Type": "application/json"},
        "pathParameters": {name: unquote(value) for name, value in match.groupdict().items()},
        "queryStringParameters": None,
        "body": body or None,
        "isBase64Encoded": False,
        "requestContext": {
            "apiId": "api-1",
            "stage": "test",
            "path": f"/test{path}",
            "requestId": "request-1",
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "browser"},
        },
    }


@contextmanager
def serving(actor: Actor | None = None) -> Iterator[str]:
    """The address of the API, while it is served; ``actor`` is who calls it with :data:`TOKEN`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.lock = threading.Lock()  # type: ignore[attr-defined]
    server.actor = actor  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{MOUNT}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
