"""The commands about the trail, the table, the API and the environment, in the situations that any command can be in.

Those about people and rights are in test_every_command.py.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bbws_access.backoff import Backoff
from bbws_access.store.table import Table
from cli import session as session_module
from cli.reference import described
from tests.cli.conftest import Result, Run
from tests.cli.memory import Memory
from tests.cli.samples import SAMPLES
from tests.cli.test_every_command import FAILURES, NOWHERE, SNAPSHOTS, Client, normalised

TOKEN = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.eyJzdWIiOiJ1LTEiLCJleHAiOjE3NjcyMjU2MDB9.c2ln"


@dataclass(frozen=True)
class Other:
    """``NEW`` is a file that is not there yet. ``shown`` is whether it can show something over the platform in
    memory; ``down`` what it says where nothing was stood up, ``None`` where it does not mind."""

    words: str = ""
    shown: bool = False
    down: str | None = "the local AWS is not running; try: bbws-access env up local"


STANDS = "environment local has not been stood up from here; try: bbws-access env up local"

OTHERS = {
    "env plan": Other(down=None),
    "env up": Other("--yes", down=None),
    "env down": Other("--yes", down=None),
    "env unlock": Other("--yes"),
    "env status": Other(down=STANDS),
    "env drift": Other(),
    "env doctor": Other(down=None),
    "env list": Other(shown=True, down=None),
    "env show": Other("prod", shown=True, down=None),
    "env outputs": Other(down=STANDS),
    "env diff": Other("sit prod", shown=True, down=None),
    "env bootstrap": Other("dev --repository example/access --yes", down=None),
    "release build": Other(down=None),
    "release deploy": Other(),
    "table verify": Other(),
    "table stats": Other(),
    "table backup": Other("--to NEW"),
    "table restore": Other("--from NEW --into another --yes"),
    "table pitr": Other("--at 1h --into another"),
    "table migrate": Other("--yes"),
    "table history": Other(),
    "table seed": Other(shown=True),
    "audit query": Other("--oldest-first --columns action,resourceType,outcome", shown=True),
    "audit export": Other("--to NEW", shown=True),
    "audit verify": Other(shown=True),
    "audit archive": Other(shown=True),
    "audit restore": Other("--day 2026-01-31 --to NEW"),
    "audit show": Other("EVENT", shown=True),
    "audit summary": Other(shown=True),
    "audit tail": Other("-n 3"),
    "audit report": Other("--html NEW --from 2026-03-01 --to 2026-03-01", shown=True),
    "audit evidence": Other("--bundle NEW", shown=True),
    "api coverage": Other(shown=True),
    "api routes": Other(shown=True, down=None),
    "api openapi": Other(down=None),
    "api call": Other("GET /v1/platform/permissions", down=STANDS),
    "api docs": Other("--to NEW --no-open", down=None),
    "auth token": Other("--user thandi@example.com", down=STANDS),
    "auth whoami": Other(shown=True),
    "auth decode": Other(TOKEN, shown=True, down=None),
    "context list": Other(down=None),
    "context show": Other(shown=True, down=None),
    "context create": Other("acme --env local --org Acme", shown=True, down=None),
    "context use": Other("acme", down=None),
    "context remove": Other("acme", down=None),
    "commands": Other(down=None),
    "local mail": Other(),
    "local tour": Other(),
}
SHOWN = sorted(name for name, other in OTHERS.items() if other.shown)
OVER_THE_TABLE = sorted(name for name in SHOWN if OTHERS[name].down is not None)


def test_every_command_is_looked_at() -> None:
    assert {one["command"] for one in described()} == set(SAMPLES) | set(OTHERS)
    assert not set(SAMPLES) & set(OTHERS)


@pytest.fixture
def ready(office: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setenv("BBWS_ACCESS_CONFIG_DIR", str(tmp_path / "config"))
    runs: list[str] = []

    def invoke(name: str, *more: str, swap: tuple[str, str] | None = None) -> Result:
        words = OTHERS[name].words.split()
        if "EVENT" in words and swap is None:
            found = office("audit", "query", "--oldest-first", "-o", "json").json["items"]
            words = [found[0]["eventId"] if word == "EVENT" else word for word in words]
        words = [swap[1] if swap and word == swap[0] else word for word in words]
        words = [str(tmp_path / f"report-{len(runs)}") if word == "NEW" else word for word in words]
        runs.append(name)
        return office(*name.split(), *words, *more)

    return invoke


def steady(text: str) -> str:
    """Besides what differs from run to run, also what only time moves."""
    text = re.sub(r"(?m)^Bytes +\d+$", "Bytes", text)
    text = re.sub(r"expired \d+ days ago", "expired", text)
    return re.sub(r"arn:aws:iam::\S+", "ARN", normalised(text))


@pytest.mark.parametrize("name", SHOWN)
def test_a_table(ready: Run, name: str) -> None:
    done = ready(name)
    assert done.code == 0, done.err
    shown = steady(done.out) + "".join(f"! {line}\n" for line in steady(done.err).splitlines()[-1:])
    kept = SNAPSHOTS / f"{name.replace(' ', '-')}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        kept.write_text(shown, encoding="utf-8")
    assert shown == kept.read_text(encoding="utf-8"), "if this is meant: UPDATE_SNAPSHOTS=1 pytest tests/cli"


@pytest.mark.parametrize("name", SHOWN)
def test_json_is_what_yaml_is(ready: Run, name: str) -> None:
    import yaml

    found: list[Any] = []
    for output, read in (("json", json.loads), ("yaml", yaml.safe_load)):
        done = ready(name, "-o", output)
        assert done.code == 0, done.err
        found.append(read(done.out))
        if name == "context create":
            assert ready("context remove").code == 0
    assert type(found[0]) is type(found[1])
    if isinstance(found[0], dict):
        assert found[0].keys() == found[1].keys()


@pytest.mark.parametrize("name", [name for name, other in OTHERS.items() if other.down is not None])
def test_an_emulator_that_is_down(bare: Run, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BBWS_ACCESS_ORG", "Acme")
    monkeypatch.setenv("BBWS_ACCESS_PASSWORD", "Correct-horse-7")
    backup = tmp_path / "new"
    words = [str(backup) if word == "NEW" else word for word in OTHERS[name].words.split()]
    done = bare(*name.split(), *words)
    assert (done.code, done.out) == (1, "")
    assert done.err == f"error: {OTHERS[name].down}\n"
    assert not backup.exists()


@pytest.mark.parametrize("name", OVER_THE_TABLE)
def test_no_way_to_the_table(ready: Run, acme_office: Memory, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "auth whoami":
        pytest.skip("it asks AWS who one is, not the table")
    for said, (error, code) in FAILURES.items():
        client: Any = Client(error)
        table = Table(client, "the-table", Backoff(attempts=1))
        monkeypatch.setattr(session_module.Session, "world", replace(acme_office.world, table=table))
        done = ready(name, swap=("EVENT", NOWHERE))
        assert (done.code, done.out) == (code, ""), done.err
        assert said in done.err.splitlines()[-1]
