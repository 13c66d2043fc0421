"""Every command, in every situation that any command can be in."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError

from bbws_access.backoff import Backoff
from bbws_access.store.table import Table
from cli import session as session_module
from cli.reference import described
from tests.cli.conftest import Result, Run
from tests.cli.memory import Memory
from tests.cli.samples import NOUNS, SAMPLES, Sample

ALL = sorted(SAMPLES)
COMMANDS = {one["command"]: one for one in described()}
CHANGING = [name for name in ALL if COMMANDS[name]["changes"]]
ASKING = [name for name in ALL if "--yes" in SAMPLES[name].words]
OF_ORGANISATION = [
    name for name in ALL if name.split()[0] not in {"orgs", "permissions"} and "TOKEN" not in SAMPLES[name].words
]
SNAPSHOTS = Path(__file__).parent / "snapshots"

NOWHERE = "nowhere-to-be-found"


def test_every_command_has_a_sample() -> None:
    assert {name for name in COMMANDS if name.split()[0] in NOUNS} == set(SAMPLES)


@pytest.fixture
def ready(office: Run, acme_office: Memory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a sample; first what must have happened before has happened. ``REPORT`` is a file that is not there yet."""
    runs: list[str] = []
    monkeypatch.setenv("BBWS_ACCESS_PASSWORD", "Correct-horse-7")

    def invoke(name: str, *more: str, swap: tuple[str, str] | None = None) -> Result:
        words = list(SAMPLES[name].words)
        if swap is not None:
            words = [swap[1] if word == swap[0] else word for word in words]
        words = [acme_office.token if word == "TOKEN" else word for word in words]
        words = [acme_office.event("team.create") if word == "EVENT" else word for word in words]
        words = [str(tmp_path / f"report-{len(runs)}") if word == "REPORT" else word for word in words]
        words = [str(tmp_path / "people.jsonl") if word == "PEOPLE.jsonl" else word for word in words]
        runs.append(name)
        return office(*name.split(), *words, *more)

    return invoke


def prepared(ready: Run, name: str) -> None:
    """What is reactivated was deactivated before; who was invited can be found."""
    noun, verb = name.split()[0], name.split()[-1]
    if verb == "reactivate":
        assert ready(f"{noun} deactivate", swap=None).code == 0


def normalised(text: str) -> str:
    """Without what differs from run to run, at the same width; rows in an order of their own."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "x" * 36, text)
    text = re.sub(r"\bPlan [0-9a-f]{16}\b", f"Plan {'x' * 16}", text)
    text = re.sub(r"\b[0-9A-HJKMNP-TV-Z]{26}\b", "U" * 26, text)
    text = re.sub(r"/\S*/(report-\d+|people\.jsonl)", "FILE", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "x" * 64, text)
    head, line, body = text.partition("─\n")
    return head + line + "".join(sorted(body.splitlines(keepends=True))) if line else text


@pytest.mark.parametrize("name", ALL)
def test_a_table(ready: Run, name: str) -> None:
    prepared(ready, name)
    done = ready(name)
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    shown = normalised(done.out) + "".join(f"! {line}\n" for line in normalised(done.err).splitlines()[-1:])
    shown = re.sub(r"arn:aws:iam::\S+", "ARN", shown)
    kept = SNAPSHOTS / f"{name.replace(' ', '-')}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOTS.mkdir(exist_ok=True)
        kept.write_text(shown, encoding="utf-8")
    assert shown == kept.read_text(encoding="utf-8"), "if this is meant: UPDATE_SNAPSHOTS=1 pytest tests/cli"


@pytest.mark.parametrize("name", ALL)
def test_json_is_what_yaml_is(ready: Run, acme_office: Memory, name: str) -> None:
    import yaml

    prepared(ready, name)
    before = acme_office.table.state()
    found: list[Any] = []
    for output, read in (("json", json.loads), ("yaml", yaml.safe_load)):
        acme_office.table._written = dict(before)
        done = ready(name, "-o", output)
        assert done.code == 0, done.err
        found.append(json.loads(normalised(json.dumps(read(done.out)))))
    if COMMANDS[name]["changes"]:
        assert found[0].keys() == found[1].keys()
        return
    assert found[0] == found[1]
    if name.endswith((" list", " members", " diff", "users roles", "users teams")):
        assert found[0]["count"] == len(found[0]["items"])


@pytest.mark.parametrize(("name", "word"), [(name, word) for name in ALL for word in SAMPLES[name].named])
def test_a_thing_that_is_not_there(ready: Run, acme_office: Memory, name: str, word: str) -> None:
    before = acme_office.table.state()
    done = ready(name, swap=(word, NOWHERE))
    assert (done.code, done.out) == (1, "")
    last = done.err.splitlines()[-1]
    assert NOWHERE in last or "is not valid" in last
    assert changed_only_limits(before, acme_office.table.state())


@pytest.mark.parametrize("name", [name for name in ALL if SAMPLES[name].ambiguous])
def test_a_name_of_several(ready: Run, acme_office: Memory, name: str) -> None:
    sample: Sample = SAMPLES[name]
    before = acme_office.table.state()
    done = ready(name, swap=(sample.named[0], str(sample.ambiguous)))
    assert (done.code, done.out) == (2, "")
    assert f"are called '{sample.ambiguous}': " in done.err
    assert done.err.endswith("; name the one by its id\n")
    assert len(done.err.splitlines()) == 1
    assert acme_office.table.state() == before


@pytest.mark.parametrize("name", OF_ORGANISATION)
def test_no_organisation(ready: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv("BBWS_ACCESS_ORG")
    done = ready(name)
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: which organisation? Give --org or set BBWS_ACCESS_ORG; try: bbws-access orgs list\n"
    misspelt = ready(name, "--org", "Acmee")
    assert (misspelt.code, misspelt.out) == (1, "")
    assert "Did you mean 'Acme'?" in misspelt.err


class Client:
    """A DynamoDB client whose every call fails in the same way."""

    class exceptions:
        class TransactionCanceledException(Exception):
            pass

    def __init__(self, error: ClientError | BotoCoreError) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(**_: object) -> Any:
            raise self._error

        return fail


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Query")


FAILURES = {
    "does not allow Query": (refused("AccessDeniedException"), 4),
    "have expired": (refused("ExpiredTokenException"), 4),
    "no AWS credentials were found": (NoCredentialsError(), 4),
    "does not answer; try: bbws-access env status": (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), 1),
    "is throttled": (refused("ThrottlingException"), 1),
    "does not exist; try: bbws-access env up": (refused("ResourceNotFoundException"), 1),
}


@pytest.mark.parametrize("name", ALL)
def test_no_way_to_the_table(ready: Run, acme_office: Memory, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for said, (error, code) in FAILURES.items():
        client: Any = Client(error)
        table = Table(client, "the-table", Backoff(attempts=1))
        monkeypatch.setattr(session_module.Session, "world", replace(acme_office.world, table=table))
        done = ready(name)
        assert (done.code, done.out) == (code, ""), done.err
        assert said in done.err.splitlines()[-1]


FOR_ANYBODY = {"permissions list", "permissions show", "invitations accept", "invitations decline"}
"""What asks for no permission: the first two need a member, the others are opened by the invitation's own token."""


@pytest.mark.parametrize("name", [name for name in ALL if name not in FOR_ANYBODY])
def test_a_member_who_may_not(ready: Run, acme_office: Memory, name: str) -> None:
    """Ada looks at sites and leads a team; no command is of her own team alone."""
    prepared(ready, name)
    before = acme_office.table.state()
    done = ready(name, "--as", "ada@example.com")
    assert (done.code, done.out) == (4, ""), done.err
    assert done.err.splitlines()[-1].startswith("error: ")
    written = {key: item for key, item in acme_office.table.state().items() if before.get(key) != item}
    assert all(key[1].startswith(("EVENT#", "AUDITHEAD")) for key in written)  # that somebody tried
    assert not [item for item in written.values() if item and item.get("outcome") == "SUCCESS"]


@pytest.mark.parametrize("name", ALL)
def test_an_emulator_that_is_down(bare: Run, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BBWS_ACCESS_ORG", "Acme")
    monkeypatch.setenv("BBWS_ACCESS_PASSWORD", "Correct-horse-7")
    done = bare(*name.split(), *SAMPLES[name].words)
    assert (done.code, done.out) == (1, "")
    assert done.err == "error: the local AWS is not running; try: bbws-access env up local\n"


COPIES = {"users export"}
"""What takes a copy into a file, of which the trail is told."""


@pytest.mark.parametrize("name", sorted(set(ALL) - set(CHANGING)))
def test_what_cannot_be_rehearsed_changes_nothing(ready: Run, acme_office: Memory, name: str) -> None:
    before = acme_office.table.state()
    done = ready(name)
    copies = name in COPIES
    assert (done.code, "emulator account" in done.err) == (0, copies)
    after = acme_office.table.state()
    assert {key: item for key, item in after.items() if key in before and key[1] != "AUDITHEAD"} == {
        key: item for key, item in before.items() if key[1] != "AUDITHEAD"
    }
    assert len(after) == len(before) + copies
    assert [action for action, *_ in events_since(before, acme_office)] == ["users.export"] * copies


def events_since(before: dict[Any, Any], memory: Memory) -> list[Any]:
    """What the trail says of what was done since, without what differs from run to run."""
    new = (item for key, item in memory.table.state().items() if key not in before)
    found = sorted((item for item in new if item and item["SK"].startswith("EVENT#")), key=lambda i: i["sequence"])
    return [comparable(item["action"], item["resourceType"], item["details"]) for item in found]


def comparable(action: str, kind: str, details: Any) -> Any:
    return json.loads(normalised(json.dumps([action, kind, details], default=sorted)))


def changed_only_limits(before: dict[Any, Any], after: dict[Any, Any]) -> bool:
    return {k: v for k, v in after.items() if not k[0].startswith("RATE#")} == before


@pytest.mark.parametrize("name", CHANGING)
def test_a_dry_run_says_exactly_what_is_done_then(ready: Run, acme_office: Memory, name: str) -> None:
    prepared(ready, name)
    world: Any = acme_office.world
    before = acme_office.table.state(), len(world.mailer.sent), dict(world.directory.accounts)

    said = ready(name, "--dry-run", "-o", "json")

    assert said.code == 0, said.err
    assert said.err.startswith("dry run · local · ")
    assert (acme_office.table.state(), len(world.mailer.sent), dict(world.directory.accounts)) == before
    foretold = [
        comparable(
            one["action"],
            one["resourceType"],
            one["more"] | {side: one[side] for side in ("before", "after") if one[side] is not None},
        )
        for one in said.json["changes"]
    ]
    assert foretold
    assert "tokenHash" not in said.out
    assert ready(name).code == 0
    done = events_since(before[0], acme_office)
    if name == "invitations accept":  # the id of an account that is not made yet is nobody's to foretell
        foretold, done = [one[0] for one in foretold], [one[0] for one in done]
    assert foretold == done


@pytest.mark.parametrize("name", CHANGING)
def test_a_dry_run_for_people(ready: Run, acme_office: Memory, name: str) -> None:
    prepared(ready, name)
    before = acme_office.table.state()
    done = ready(name, "--dry-run")
    assert done.code == 0
    told = [line for line in done.out.splitlines() if not line.startswith("    ")]
    effect = r"[a-z-]+(\.[a-z-]+)+ [a-z-]+ \S|email to |(create|enable|disable|set the password of) the account "
    assert told
    assert [line for line in told if not re.match(effect, line)] == []
    assert done.err.endswith("Nothing was written: this was a dry run.\n")
    assert acme_office.table.state() == before


@pytest.mark.parametrize("name", CHANGING)
def test_where_a_change_is_made_is_said_first(ready: Run, name: str) -> None:
    prepared(ready, name)
    assert ready(name).err.startswith("local · emulator account 000000000000 · eu-west-1 · user/")
    quiet = ready(name, "--dry-run", "--quiet")
    assert quiet.code != 0 or quiet.err == ""


@pytest.mark.parametrize("name", ASKING)
def test_what_is_lost_is_asked_for(ready: Run, acme_office: Memory, name: str) -> None:
    before = acme_office.table.state()
    done = ready(name, swap=("--yes", "--debug"))
    assert (done.code, done.out) == (4, "")
    assert "nobody is there to give it; repeat it with --yes" in done.err
    assert acme_office.table.state() == before
