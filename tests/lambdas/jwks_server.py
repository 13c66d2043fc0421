"""A user pool's key set over real HTTP, on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class JwksServer(ThreadingHTTPServer):
    """Answers with ``body`` and ``status``; ``promised`` is the length it claims, where that is not the truth."""

    def __init__(self, keys: list[dict[str, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.body = json.dumps({"keys": keys}).encode()
        self.promised: int | None = None
        self.hits = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/eu-west-1_Example/.well-known/jwks.json"


class _Handler(BaseHTTPRequestHandler):
    server: JwksServer

    def do_GET(self) -> None:
        self.server.hits += 1
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        promised = self.server.promised
        self.send_header("Content-Length", str(len(self.server.body) if promised is None else promised))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: Any) -> None:
        """Tests read what the function logs."""


@contextmanager
def serving(keys: list[dict[str, Any]]) -> Iterator[JwksServer]:
    with JwksServer(keys) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
