"""The command line in this process, over the platform in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from bbws_access.access.decisions import DecisionLog
from bbws_access.bootstrap import World
from cli import session as session_module
from cli.main import run
from tests.cli.memory import Memory, copied, filled
from tests.conftest import Platform


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]


def patched(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """Every session of this process is over ``world``."""

    def decisions(session: session_module.Session) -> DecisionLog:
        here = session.world
        return DecisionLog(here.table, here.clock, here.ids, lambda _: None)

    monkeypatch.setattr(session_module.Session, "world", world)
    monkeypatch.setattr(session_module.Session, "operations_trail", property(lambda session: session.services.trail))
    monkeypatch.setattr(session_module.Session, "decisions", property(decisions))
    monkeypatch.setattr(session_module.Session, "endpoint", "http://127.0.0.1:1")


@pytest.fixture
def bare(capsys: pytest.CaptureFixture[str], tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line on a machine where nothing has been stood up."""
    monkeypatch.setenv("BBWS_ACCESS_STATE_DIR", str(tmp_path / "state"))

    def invoke(*words: str) -> Result:
        capsys.readouterr()
        code = run(list(words))
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return invoke


@pytest.fixture
def bbws(bare: Run, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line over ``platform``."""
    patched(monkeypatch, platform.world)
    return bare


@pytest.fixture
def acme(bbws: Run) -> str:
    """The id of an organisation."""
    done = bbws("orgs", "create", "Acme", "-o", "json")
    assert done.code == 0, done.err
    org_id: str = done.json["organisationId"]
    return org_id


@pytest.fixture(scope="session")
def filled_once() -> Memory:
    return filled()


@pytest.fixture
def acme_office(filled_once: Memory) -> Memory:
    """See :func:`tests.cli.memory.filled`; a test may change its own."""
    return copied(filled_once)


@pytest.fixture
def office(bare: Run, acme_office: Memory, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line over ``acme_office``, in the organisation Acme."""
    patched(monkeypatch, acme_office.world)
    monkeypatch.setattr(session_module.Session, "user_name", "ops")
    monkeypatch.setenv("BBWS_ACCESS_ORG", "Acme")
    return bare
