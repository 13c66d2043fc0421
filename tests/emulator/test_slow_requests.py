"""A request that gets no answer is logged with what it waits for, so that a stuck apply can be explained."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bbws_access.emulator import gateway


class Checkpoints:
    def touched(self, _services: Any) -> None: ...


async def stuck(_scope: Any, receive: Any, _send: Any) -> None:
    await wait_for_the_client(receive)


async def wait_for_the_client(receive: Any) -> None:
    await receive()


def serve(monkeypatch: pytest.MonkeyPatch, *, answers: bool) -> None:
    monkeypatch.setattr(gateway, "SLOW", 0.01)
    monkeypatch.setattr(gateway.ministack, "app", stuck)

    async def run() -> None:
        release: asyncio.Event = asyncio.Event()
        if answers:
            release.set()

        async def receive() -> Any:
            await release.wait()

        asyncio.get_running_loop().call_later(0.2, release.set)
        headers = [(b"host", b"localhost"), (b"x-amz-target", b"AWSCognito.CreateUserPool")]
        scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
        await gateway.Gateway(Checkpoints(), None)(scope, receive, None)  # type: ignore[arg-type]

    asyncio.run(run())


def test_what_it_is_and_where_it_waits(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    serve(monkeypatch, answers=False)
    (line,) = caplog.messages
    assert line.startswith("no answer yet: POST / AWSCognito.CreateUserPool, in ")
    assert "stuck" in line
    assert "wait_for_the_client" in line


def test_an_answer_in_time_is_not_worth_a_word(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    serve(monkeypatch, answers=True)
    assert caplog.messages == []
