"""Calling the API over HTTP: what is sent, and what comes of servers that misbehave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bbws_access.adapters.rest_api import RestApi
from bbws_access.errors import InvalidInput, Unreachable


@contextmanager
def server(status: int, headers: dict[str, str], body: bytes) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    seen: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def serve(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen.append({"method": self.command, "path": self.path, "headers": dict(self.headers), "body": sent})
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = serve

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{found.server_port}/stage", seen
        found.shutdown()
        thread.join()


def test_a_request_as_it_is_sent() -> None:
    with server(201, {"X-Request-ID": "r-1"}, b'{"a": "\xc3\xa9"}') as (url, seen):
        answer = RestApi(url, "t0ken").call("POST", "/v1/a b/é", [("k", "v&w"), ("k", "2")], '{"n": "é"}')
    assert (answer.status, answer.json, answer.request_id) == (201, {"a": "é"}, "r-1")
    (request,) = seen
    assert (request["method"], request["path"]) == ("POST", "/stage/v1/a%20b/%C3%A9?k=v%26w&k=2")
    assert request["body"] == '{"n": "é"}'.encode()
    assert request["headers"]["Authorization"] == "Bearer t0ken"


def test_without_a_token_none_is_sent() -> None:
    with server(200, {}, b"<p>") as (url, seen):
        answer = RestApi(url).call("GET", "/v1/x")
    assert (answer.json, answer.text, answer.request_id) == (None, "<p>", None)
    assert not {"Authorization", "Content-Type"} & seen[0]["headers"].keys()


def test_a_redirect_does_not_take_the_token_along() -> None:
    with server(200, {}, b"{}") as (other, stolen), server(302, {"Location": other}, b"") as (url, _):
        assert RestApi(url, "t0ken").call("GET", "/v1/x").status == 302
    assert stolen == []


@pytest.mark.parametrize("path", ["/v1/x\r\nX-Evil: 1", "/v1/\x00"])
def test_a_path_cannot_smuggle_a_header(path: str) -> None:
    with server(200, {}, b"{}") as (url, seen):
        RestApi(url).call("GET", path)
    assert "X-Evil" not in seen[0]["headers"]


def test_a_method_cannot_smuggle_one_either() -> None:
    with pytest.raises(InvalidInput), server(200, {}, b"{}") as (url, _):
        RestApi(url).call("GET /x HTTP/1.1\r\nX-Evil: 1\r\n", "/v1/x")


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unreachable):
        RestApi(f"http://127.0.0.1:{port}").call("GET", "/v1/x")


def test_somebody_who_does_not_speak_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b"hello\r\n\r\n")

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        with pytest.raises(Unreachable):
            RestApi(f"http://127.0.0.1:{listening.getsockname()[1]}").call("GET", "/v1/x")
        thread.join()
