from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bbws_access.emulator.mailbox import Message, links, messages
from bbws_access.emulator.process import RunningEmulator
from bbws_access.errors import Unreachable
from tests.emulator.conftest import client_for


@contextmanager
def server(body: bytes, status: int = 200) -> Iterator[str]:
    """Some HTTP server that answers everything with the same; yields its endpoint."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


def entry(**more: Any) -> dict[str, Any]:
    defaults = {
        "MessageId": "m-1",
        "Source": "noreply@bbws.example",
        "To": ["thandi@example.com"],
        "CC": [],
        "Subject": "Welcome",
        "BodyText": "Hello",
        "BodyHtml": None,
        "Timestamp": 1_700_000_000.25,
    }
    return {**defaults, **more}


def test_messages_of_all_accounts_come_oldest_first() -> None:
    held = {
        "messages": {
            "000000000000": [entry(MessageId="late", Timestamp=30.0), entry(MessageId="early", Timestamp=10.0)],
            "111111111111": [entry(MessageId="between", Timestamp=20.0, To=["a@x.example", "b@x.example"])],
        }
    }
    with server(json.dumps(held).encode()) as endpoint:
        found = messages(endpoint)
    assert [message.id for message in found] == ["early", "between", "late"]
    assert found[1].to == ("a@x.example", "b@x.example")


def test_a_message_is_read_whole() -> None:
    with server(json.dumps({"messages": {"0": [entry(BodyHtml="<p>Hello</p>")]}}).encode()) as endpoint:
        (message,) = messages(endpoint)
    assert message == Message(
        id="m-1",
        sender="noreply@bbws.example",
        to=("thandi@example.com",),
        subject="Welcome",
        text="Hello",
        html="<p>Hello</p>",
        sent_at=datetime.fromtimestamp(1_700_000_000.25, UTC),
    )


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"messages": []}',
        b'{"messages": {"0": [{}]}}',
        b'{"messages": {"0": null}}',
        b"[" * 100_000,
        json.dumps({"messages": {"0": [entry(Timestamp="soon")]}}).encode(),
        json.dumps({"messages": {"0": [entry(Timestamp=1e300)]}}).encode(),
    ],
    ids=lambda body: body[:24].decode(),
)
def test_a_stranger_has_no_mailbox(body: bytes) -> None:
    with server(body) as endpoint, pytest.raises(Unreachable):
        messages(endpoint)


def test_an_error_is_no_mailbox() -> None:
    with server(b'{"messages": {}}', status=500) as endpoint, pytest.raises(Unreachable):
        messages(endpoint)


def test_nobody_there() -> None:
    with server(b"") as endpoint:
        pass
    with pytest.raises(Unreachable) as caught:
        messages(endpoint)
    assert caught.value.hint == "bbws-access env up local"


@pytest.mark.parametrize("endpoint", ["ftp://127.0.0.1", "127.0.0.1:14566", "file:///etc/hosts", "http://"])
def test_no_endpoint_at_all(endpoint: str) -> None:
    with pytest.raises(Unreachable):
        messages(endpoint)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("Accept: https://api.example/invite/abc-_123.", ("https://api.example/invite/abc-_123",)),
        ("(see http://127.0.0.1:14566/x?a=1&b=2#c), or not", ("http://127.0.0.1:14566/x?a=1&b=2#c",)),
        ("<https://a.example/1>\nhttps://b.example/2\r\n", ("https://a.example/1", "https://b.example/2")),
        ("https://a.example/1 and again https://a.example/1", ("https://a.example/1",)),
        ("ftp://a.example javascript:x www.a.example", ()),
    ],
)
def test_links_of_the_text(text: str, expected: tuple[str, ...]) -> None:
    message = Message("1", "a@x.example", (), "", text, '<a href="https://html.example">', datetime.now(UTC))
    assert links(message) == expected


@pytest.mark.emulator
def test_what_ses_was_given_is_in_the_mailbox(running: RunningEmulator) -> None:
    ses = client_for(running, "ses")
    ses.verify_email_identity(EmailAddress="noreply@bbws.example")
    for number in range(3):
        ses.send_email(
            Source="noreply@bbws.example",
            Destination={"ToAddresses": ["thandi@example.com"]},
            Message={
                "Subject": {"Data": f"Invitation {number}"},
                "Body": {
                    "Text": {"Data": f"Accept: https://api.example/invite/{number}"},
                    "Html": {"Data": "<p>Accept</p>"},
                },
            },
        )
    found = [message for message in messages(running.endpoint) if message.to == ("thandi@example.com",)]
    assert [message.subject for message in found] == ["Invitation 0", "Invitation 1", "Invitation 2"]
    assert [links(message) for message in found] == [(f"https://api.example/invite/{n}",) for n in range(3)]
    assert {message.sender for message in found} == {"noreply@bbws.example"}
    assert found[0].html == "<p>Accept</p>"
