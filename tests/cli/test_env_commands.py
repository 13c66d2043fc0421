"""``env``: who is asked what, what is said, and with which code it ends; Terraform is a stand-in here."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from bbws_access.access.actor import system
from bbws_access.catalogue import FUNCTIONS
from bbws_access.errors import NotFound, ProvisioningFailed, Refused, Unreachable
from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import EventType
from bbws_access.provisioning import doctor
from bbws_access.provisioning import settings as settings_module
from bbws_access.provisioning.drift import Difference
from bbws_access.provisioning.events import Summary
from bbws_access.provisioning.kept_plan import require_approved
from bbws_access.provisioning.locks import Lock
from bbws_access.provisioning.plans import Action, Attribute, Change, PlanSummary
from bbws_access.provisioning.runner import Outcome
from bbws_access.provisioning.stack import Applied
from bbws_access.provisioning.zips import Package
from bbws_access.services.trail import Change as TrailChange
from bbws_access.services.trail import Trail
from cli import session as session_module
from cli.commands import env_health, env_up, release
from tests.cli.conftest import Run
from tests.cli.memory import MemoryTable
from tests.fakes import FakeIds, FixedClock
from tests.provisioning.functions import ACCOUNT, aws_in_memory, deploy

__all__ = ["aws_in_memory"]

GROUP = 'module.functions.aws_cloudwatch_log_group.this["team"]'
SUMMARY = PlanSummary(
    (
        Change("module.table.aws_dynamodb_table.this", "aws_dynamodb_table", Action.REPLACE, (), ("hash_key",)),
        Change(GROUP, "aws_cloudwatch_log_group", Action.CHANGE, (Attribute("retention_in_days", 30, 7),)),
        *(
            Change(f'module.functions.aws_lambda_function.this["f{n}"]', "aws_lambda_function", Action.ADD)
            for n in range(5)
        ),
    )
)
DIGEST = "d" * 64
OUTPUTS = {"api_url": "http://api", "dynamodb_table_name": "table"}


class Stand:
    """A stack that does what it is told to have done, and remembers what it was asked."""

    def __init__(self) -> None:
        self.summary = SUMMARY
        self.differences: tuple[Difference, ...] = ()
        self.held: Lock | None = None
        self.kept_plan: Any = None
        self.asked: list[str] = []

    def plan(self, on_event: Any, on_step: Any, *, look: Any = None) -> tuple[PlanSummary, str]:
        self.asked.append("plan" if look is None else f"plan looking at {look()}")
        return self.summary, DIGEST

    def apply(
        self,
        on_event: Any,
        on_step: Any,
        *,
        kept: Any = None,
        approved: str | None = None,
        allow_data_loss: bool = False,
        agree: Any = None,
    ) -> Any:
        require_approved(DIGEST, approved, "here")
        outcome = None
        if not self.summary.is_empty:
            agree(self.summary)
            outcome = Outcome(summary=Summary("apply", 5, 1, 1))
        self.asked.append(f"apply {kept} {allow_data_loss}")
        return Applied(OUTPUTS, self.summary, outcome, Package(Path("code.zip"), "0" * 64, 1))

    def destroy(self, on_event: Any, on_step: Any, *, allow_data_loss: bool, agree: Any) -> Outcome | None:
        agree(self.summary)
        self.asked.append(f"destroy {allow_data_loss}")
        return Outcome(summary=Summary("destroy", 0, 0, 7))

    def drift(self, on_event: Any, on_step: Any, *, look: Any = None) -> tuple[Difference, ...]:
        self.asked.append("drift" if look is None else f"drift looking at {look()}")
        return self.differences

    def lock(self, s3: Any) -> Lock | None:
        return self.held

    def unlock(self, lock: Lock) -> None:
        self.asked.append(f"unlock {lock.lock_id}")

    def drop_plan(self) -> bool:
        self.kept_plan = None
        return True


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> MemoryTable:
    """The environment's table, with nothing but the trail in it."""
    table = MemoryTable()
    trail = Trail(table, FixedClock(), FakeIds())
    trail.commit(system("seed"), PLATFORM, [TrailChange(EventType.CONFIGURATION, "table.seed", "seed", "v1")])
    monkeypatch.setattr(session_module.Session, "operations_trail", trail)
    return table


def words(table: MemoryTable) -> list[tuple[str, str, str, Any]]:
    """Action, outcome, who, and details of each event, in order."""
    found = [i for (_, sk), i in table.state().items() if i and sk.startswith("EVENT#")]
    found.sort(key=lambda item: int(item["sequence"]))
    return [(i["action"], i["outcome"], i["userId"], i["details"]) for i in found if i["action"] != "table.seed"]


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch, told: MemoryTable) -> Stand:
    found = Stand()
    for module in (env_up, env_health, release):
        monkeypatch.setattr(module, "stack_of", lambda session: found)
    monkeypatch.setattr(session_module.Session, "endpoint", "http://127.0.0.1:1")
    monkeypatch.setattr(session_module.Session, "caller", ("000000000000", "arn:aws:iam::000000000000:user/ops"))
    return found


TARGET = "prod · emulator account 000000000000 · af-south-1 · user/ops"


def test_a_plan_is_grouped_and_what_is_lost_stands_first_and_is_marked(bare: Run, stand: Stand) -> None:
    done = bare("env", "plan", "prod")
    assert done.code == 0
    assert done.out.splitlines() == [
        "prod: 1 to replace, 1 to change, 5 to add",
        "",
        "Replace (1)",
        "  ± table dynamodb_table  [HOLDS DATA: IT WOULD BE LOST]",
        "      because of hash_key",
        "",
        "Change (1)",
        "  ~ functions cloudwatch_log_group  team",
        "      retention_in_days: 30 → 7",
        "",
        "Add (5)",
        "  + functions 5x lambda_function  f0, f1, f2 and 2 more",
    ]
    assert done.err.splitlines()[0] == TARGET
    assert done.err.splitlines()[-1] == "This plan is kept. Apply exactly it: bbws-access env up prod"


def test_pending_changes_are_a_finding_only_where_that_is_asked_for(bare: Run, stand: Stand) -> None:
    assert bare("env", "plan", "dev").code == 0
    assert bare("env", "plan", "dev", "--detailed-exitcode").code == 3
    stand.summary = PlanSummary()
    done = bare("env", "plan", "dev", "--detailed-exitcode")
    assert (done.code, done.out) == (0, "")
    assert "nothing to change" in done.err


def test_a_plan_as_json(bare: Run, stand: Stand) -> None:
    found = bare("env", "plan", "dev", "-o", "json", "--detailed-exitcode")
    assert found.code == 3
    assert found.json["pending"] is True
    assert found.json["counts"] == {"destroy": 0, "replace": 1, "change": 1, "add": 5, "forget": 0}
    assert found.json["changes"][0] == {
        "address": "module.table.aws_dynamodb_table.this",
        "kind": "aws_dynamodb_table",
        "action": "replace",
        "holdsData": True,
        "because": ["hash_key"],
        "attributes": [],
    }


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("up", "dev"), 4),
        (("up", "dev", "--yes"), 0),
        (("up", "dev", "--confirm", "dev"), 0),
        (("up", "dev", "--confirm", "sit"), 4),
        (("up", "dev", "--yes", "--confirm", "prod"), 4),
        (("up", "prod"), 4),
        (("up", "prod", "--yes"), 4),
        (("up", "prod", "--yes", "--confirm", "sit"), 4),
        (("up", "prod", "--yes", "--confirm", "prod"), 0),
        (("up", "prod", "--confirm", "prod"), 0),
        (("up", "dev", "--port", "5000"), 2),
        (("down", "dev"), 2),
        (("down", "dev", "--allow-data-loss"), 4),
        (("down", "dev", "--allow-data-loss", "--yes"), 0),
        (("down", "dev", "--erase", "--yes"), 0),
        (("down", "prod", "--allow-data-loss", "--yes"), 4),
        (("down", "prod", "--allow-data-loss", "--yes", "--confirm", "prod"), 0),
    ],
)
def test_without_a_terminal_nobody_is_asked_and_nothing_is_taken_for_granted(
    bare: Run, stand: Stand, words: tuple[str, ...], code: int
) -> None:
    done = bare("env", *words)
    assert done.code == code, done.err
    acted = [asked for asked in stand.asked if asked.startswith(("apply", "destroy"))]
    assert bool(acted) is (code == 0)
    if code == 4:
        assert done.err.splitlines()[-1].startswith("error: ")
    assert "--erase" not in words or acted == ["destroy False"]


@pytest.mark.parametrize("answer", ["", "y", "yes", "PROD", "dev", "prod "])
def test_prod_goes_by_its_name(bare: Run, stand: Stand, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    asked: list[str] = []

    def prompt(text: str, **_: Any) -> str:
        asked.append(text)
        return answer

    monkeypatch.setattr(session_module.Session, "interactive", True)
    monkeypatch.setattr("typer.prompt", prompt)
    done = bare("env", "up", "prod")
    assert asked == ["Apply this to prod (1 to replace, 1 to change, 5 to add)? Type its name (prod)"]
    assert (done.code, "nothing was done" in done.err) == (4, True)
    monkeypatch.setattr("typer.prompt", lambda *_, **__: "prod")
    assert bare("env", "up", "prod").code == 0


def test_where_there_is_nothing_to_do_nobody_is_asked(bare: Run, stand: Stand) -> None:
    stand.summary = PlanSummary()
    done = bare("env", "up", "prod", "-o", "json")
    assert (done.code, done.json["changed"]) == (0, 0)


def test_the_kept_plan_is_what_is_applied_unless_it_is_given_up(bare: Run, stand: Stand) -> None:
    stand.kept_plan = "KEPT"
    bare("env", "up", "dev", "--yes")
    bare("env", "up", "dev", "--yes", "--replan", "--allow-data-loss")
    assert stand.asked == ["apply KEPT False", "apply None True"]


def test_the_digest_that_was_approved_is_the_only_one_that_is_applied(bare: Run, stand: Stand, tmp_path: Path) -> None:
    """A plan is made on one machine of CI, approved by a person, and applied on another."""
    file = tmp_path / "plan.digest"
    assert bare("env", "plan", "prod", "--digest-to", str(file), "-o", "json").json["digest"] == DIGEST
    assert file.read_text() == f"{DIGEST}\n"
    go = ("env", "up", "prod", "--yes", "--confirm", "prod")
    refused = bare(*go, "--approved", "e" * 64)
    assert (refused.code, stand.asked) == (4, ["plan"])
    assert "is not the one that was approved: this is dddddddddddd, and that was eeeeeeeeeeee" in refused.err
    assert bare(*go, "--approved", DIGEST).code == 0
    for nothing in ("", "d" * 63, "D" * 64, "d" * 65, "\u0663" * 64):
        assert bare(*go, "--approved", nothing).code == 2
    assert stand.asked == ["plan", "apply None False"]
    unwritable = bare("env", "plan", "prod", "--digest-to", str(tmp_path))
    assert (unwritable.code, unwritable.err.splitlines()[-1]) == (
        2,
        f"error: {tmp_path} cannot be written: Is a directory",
    )


@pytest.mark.parametrize("words", [("--allow-data-loss", "--yes", "--confirm", "prod"), ("--erase",), ()])
def test_prod_is_not_taken_down_on_aws(
    bare: Run, stand: Stand, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module.Session, "endpoint", None)
    done = bare("env", "down", "prod", *words)
    assert (done.code, stand.asked) == (4, [])
    assert done.err == "error: prod is not taken down on AWS\n"


def test_no_drift_and_drift(bare: Run, stand: Stand) -> None:
    assert bare("env", "drift", "prod").code == 0
    stand.differences = (
        Difference(GROUP, "aws_cloudwatch_log_group", "retention_in_days", 30, 7),
        Difference(GROUP, "aws_cloudwatch_log_group", "tags", {}, {"Owner": "\x1b[31mx"}),
        Difference("aws_x.alarm", "aws_x", None, "there", "(gone)"),
    )
    done = bare("env", "drift", "prod")
    assert done.code == 3
    assert done.out.splitlines() == [
        "prod: 2 resources differ from what was applied",
        GROUP,
        "    retention_in_days: ours 30",
        "                       theirs 7",
        "    tags.Owner: ours (none)",
        "                theirs �[31mx",
        "aws_x.alarm",
        "    is gone",
    ]
    found = bare("env", "drift", "prod", "-o", "json")
    assert (found.code, found.json["count"], found.json["items"][0]["theirs"]) == (3, 3, 7)


@pytest.mark.parametrize("verb", ["plan", "drift"])
def test_the_lock_may_be_looked_at_instead_of_taken(
    bare: Run, stand: Stand, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setattr(session_module.Session, "client", lambda self, service: f"a client of {service}")
    bare("env", verb, "dev")
    bare("env", verb, "dev", "--no-lock")
    assert stand.asked == [verb, f"{verb} looking at a client of s3"]


def test_a_lock_is_shown_and_released_after_asking(bare: Run, stand: Stand) -> None:
    assert bare("env", "unlock", "sit").code == 0
    stand.held = Lock("8d1a", "OperationTypeApply", "thandi@laptop", "2026-03-01T12:00:05.1Z")
    refused = bare("env", "unlock", "sit")
    assert (refused.code, stand.asked) == (4, [])
    assert "locked for an apply by thandi@laptop since 2026-03-01T12:00:05Z" in refused.err
    done = bare("env", "unlock", "sit", "--yes", "-o", "json")
    assert (done.json["released"], stand.asked) == (True, ["unlock 8d1a"])


@pytest.mark.parametrize(
    ("words", "code"),
    [(("dev",), 4), (("dev", "--yes"), 0), (("prod", "--yes"), 4), (("prod", "--yes", "--confirm", "prod"), 0)],
)
def test_deploying_asks_as_standing_up_does(bare: Run, stand: Stand, words: tuple[str, ...], code: int) -> None:
    done = bare("release", "deploy", *words)
    assert (done.code, bool(stand.asked)) == (code, code == 0)
    assert f"{words[0]}: 1 to replace, 1 to change, 5 to add" in done.out
    stand.summary = PlanSummary()
    assert bare("release", "deploy", words[0]).code == 0


def test_the_environments(bare: Run) -> None:
    found = bare("env", "list", "-o", "json").json["items"]
    assert [row["environment"] for row in found] == ["local", "dev", "sit", "prod"]
    assert found[3] == {
        "environment": "prod",
        "region": "af-south-1",
        "account": None,
        "stoodUpFromHere": False,
        "plan": False,
    }
    assert "none configured" in bare("env", "list").out


def test_settings(bare: Run) -> None:
    assert bare("env", "show", "prod", "-o", "json").json["throttle_rate"] == 1000
    assert "Throttle rate" in bare("env", "show", "prod").out
    assert bare("env", "show", "staging").code == 2


def test_two_environments_side_by_side(bare: Run) -> None:
    done = bare("env", "diff", "sit", "prod", "-o", "json")
    rows = {row["setting"]: row for row in done.json["items"]}
    assert (rows["Throttle rate"]["sit"], rows["Throttle rate"]["prod"]) == (500, 1000)
    # What nobody knows is not the same.
    assert rows["Code version"] == {"setting": "Code version", "sit": None, "prod": None, "differs": None}
    assert "sit cannot be asked (environment sit names no AWS account" in done.err
    assert re.search(r"Code version +not known +not known", bare("env", "diff", "sit", "prod").out)
    everything = bare("env", "diff", "sit", "prod", "--all", "-o", "json").json["items"]
    assert len(everything) > len(rows)
    assert bare("env", "diff", "sit", "sit").code == 2
    assert bare("env", "diff", "sit", "nowhere").code == 2


def test_deployed_versions_side_by_side_are_what_runs_there(
    bare: Run, aws_in_memory: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CI deploys, and leaves nothing on this machine."""
    monkeypatch.setattr(session_module.Session, "endpoint", None)
    monkeypatch.setenv("BBWS_ACCESS_ACCOUNTS", f"sit={ACCOUNT} prod={ACCOUNT}")
    versions = {"sit": deploy("sit", b"one"), "prod": deploy("prod", b"two")}
    done = bare("env", "diff", "sit", "prod", "-o", "json")
    rows = {row["setting"]: row for row in done.json["items"]}
    assert rows["Code version"] == {"setting": "Code version", **versions, "differs": True}
    assert "cannot be asked" not in done.err
    one_half = dict.fromkeys([FUNCTIONS[0].name], b"three")
    halves = deploy("prod", b"two", one_half)
    rows = {r["setting"]: r for r in bare("env", "diff", "sit", "prod", "-o", "json").json["items"]}
    assert rows["Code version"]["prod"] == halves


def test_an_environment_that_cannot_be_asked_is_told_from_what_is_kept(bare: Run, tmp_path: Path) -> None:
    for env, version in (("sit", "a" * 64), ("prod", "b" * 64)):
        folder = tmp_path / "state" / env
        folder.mkdir(parents=True)
        (folder / "outputs.json").write_text(json.dumps({"code_version": version, "api_url": f"https://{env}"}))
    done = bare("env", "diff", "sit", "prod", "-o", "json")
    rows = {row["setting"]: row for row in done.json["items"]}
    assert (rows["Code version"]["sit"], rows["Code version"]["prod"]) == ("a" * 64, "b" * 64)
    assert "its code is what was last stood up from here" in done.err


def test_each_side_is_signed_in_to_as_its_contexts_say(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, str | None] = {}

    def client(session: Any, _service: str) -> Any:
        asked[session.env] = session.profile
        raise Refused("not today")

    monkeypatch.setattr(session_module.Session, "client", client)
    bare("context", "create", "a", "--env", "sit", "--profile", "sit-reader")
    bare("context", "create", "b", "--env", "prod", "--profile", "one")
    bare("context", "create", "c", "--env", "prod", "--profile", "two")
    bare("env", "diff", "sit", "prod")
    assert asked == {"sit": "sit-reader", "prod": None}
    bare("context", "use", "c")
    bare("env", "diff", "sit", "prod")
    assert asked == {"sit": "sit-reader", "prod": "two"}
    monkeypatch.setenv("AWS_PROFILE", "mine")
    bare("env", "diff", "sit", "prod")
    assert asked == {"sit": "mine", "prod": "mine"}


class Aws(ThreadingHTTPServer):
    """An AWS that knows who is calling, and writes down what it is asked."""

    account = "111122223333"

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Aws

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append(body)
        answer = (
            f"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>{self.server.account}</Account>"
            f"<Arn>arn:aws:iam::{self.server.account}:user/x</Arn></GetCallerIdentityResult>"
            "</GetCallerIdentityResponse>"
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    server = Aws()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each environment names account 999988887777."""
    load = settings_module.load

    def named(env: str) -> Any:
        return load(env).model_copy(update={"account_id": "999988887777"})

    monkeypatch.setattr(settings_module, "load", named)


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "prod"),
        ("up", "prod", "--yes", "--confirm", "prod"),
        ("up", "dev", "--yes"),
        ("down", "dev", "--allow-data-loss", "--yes"),
        ("drift", "sit"),
        ("unlock", "sit", "--yes"),
        ("outputs", "sit"),
        ("status", "sit"),
        ("bootstrap", "dev", "--repository", "a/b", "--yes"),
    ],
)
def test_in_a_wrong_account_nothing_is_asked_but_whose_it_is(
    bare: Run, aws: Aws, belongs: None, words: tuple[str, ...]
) -> None:
    done = bare("env", *words)
    assert (done.code, done.out) == (4, "")
    assert "belongs to account 999988887777, but the credentials are of 111122223333" in done.err
    assert aws.asked
    assert all("GetCallerIdentity" in asked for asked in aws.asked)


def test_an_environment_without_an_account_is_refused_without_asking_anybody(bare: Run) -> None:
    done = bare("env", "plan", "dev")
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("error: environment dev names no AWS account, so nothing is done in any; set account_id")


def test_the_account_may_be_named_outside_of_the_sources(bare: Run, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """What CI does: one variable for all environments, and nothing in the tree to change."""
    monkeypatch.setenv("BBWS_ACCESS_ACCOUNTS", "dev=111122223333 prod=999988887777")
    accounts = {row["environment"]: row["account"] for row in bare("env", "list", "-o", "json").json["items"]}
    assert accounts == {"local": "000000000000", "dev": "111122223333", "sit": None, "prod": "999988887777"}
    assert {c["name"]: c["ok"] for c in bare("env", "doctor", "dev", "-o", "json").json["checks"]}["account"] is True
    refused = bare("env", "plan", "prod")
    assert (refused.code, refused.out) == (4, "")
    assert "belongs to account 999988887777, but the credentials are of 111122223333" in refused.err
    assert "names no AWS account" in bare("env", "plan", "sit").err
    assert all("GetCallerIdentity" in asked for asked in aws.asked if asked)


def test_accounts_that_are_badly_written_stop_every_environment_but_local(
    bare: Run, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BBWS_ACCESS_ACCOUNTS", "dev=111122223333 prod=99998888777")
    done = bare("env", "plan", "dev")
    assert (done.code, aws.asked) == (2, [])
    assert done.err.startswith("error: BBWS_ACCESS_ACCOUNTS does not fit at 'prod=99998888777'; ")
    assert bare("env", "show", "local").code == 0


def test_the_doctor_names_the_wrong_account_and_the_missing_bucket(bare: Run, aws: Aws, belongs: None) -> None:
    found = bare("env", "doctor", "sit", "-o", "json")
    assert found.code == 3
    checks = {check["name"]: check for check in found.json["checks"]}
    assert checks["account"]["ok"] is False
    assert checks["account"]["fix"] == "sign in to account 999988887777"
    assert checks["credentials"]["ok"] is True
    assert checks["state bucket"]["ok"] is False
    assert checks["Python"]["ok"] is True


@pytest.mark.parametrize(("expected", "named"), [(None, ["credentials", "account"]), ("1" * 12, ["credentials"])])
def test_the_doctor_tells_of_a_missing_account_before_anybody_signs_in(expected: str | None, named: list[str]) -> None:
    class NobodyThere:
        def get_caller_identity(self) -> Any:
            raise NoCredentialsError

    found = doctor.of_aws(NobodyThere(), list, expected=expected, emulated=False, bucket="state", env="dev")
    assert [(one.name, one.ok) for one in found] == [(name, False) for name in named]


def test_the_doctor_of_a_machine_where_nothing_runs(bare: Run) -> None:
    done = bare("env", "doctor", "local")
    assert done.code == 3
    assert "  !!  endpoint       the local AWS is not running" in done.out
    assert "→ bbws-access env up local" in done.out


def test_bootstrap_wants_a_repository_and_no_local(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    assert bare("env", "bootstrap", "dev").code == 2
    assert bare("env", "bootstrap", "local", "--repository", "a/b").code == 2


def test_a_confirmation_that_is_another_environments_is_refused() -> None:
    from cli.overrides import Overrides

    with pytest.raises(Refused, match="this is sit"):
        session_module.Session(Overrides(env="sit")).confirm_name("?", yes=True, given="prod")


# --- what the trail says --------------------------------------------------------------------------

OPS = "arn:aws:iam::000000000000:user/ops"


def test_what_is_done_to_an_environment_is_told(bare: Run, stand: Stand, told: MemoryTable) -> None:
    assert bare("env", "up", "dev", "--yes").code == 0
    stand.held = Lock("l-1", "OperationTypeApply", "ci@runner", "2026-03-01T09:00:00Z")
    assert bare("env", "unlock", "dev", "--yes").code == 0
    stand.summary = PlanSummary(())
    assert bare("release", "deploy", "dev", "--yes").code == 0
    assert words(told) == [
        ("env.up", "SUCCESS", OPS, {"changed": 7, "codeVersion": "0" * 64}),
        ("env.unlock", "SUCCESS", OPS, {"lock": "l-1", "heldBy": "ci@runner", "operation": "OperationTypeApply"}),
        ("release.deploy", "SUCCESS", OPS, {"changed": 0, "codeVersion": "0" * 64}),
    ]


@pytest.mark.parametrize(
    ("failure", "outcome", "code"),
    [
        (ProvisioningFailed("Terraform said: secret"), "FAILURE", "PROVISIONING_FAILED"),
        (Refused("a guard said no"), "DENIED", "REFUSED"),
        (KeyboardInterrupt(), "FAILURE", "INTERRUPTED"),
    ],
)
def test_what_fails_is_told_by_its_code(
    bare: Run, stand: Stand, told: MemoryTable, monkeypatch: pytest.MonkeyPatch, failure: Any, outcome: str, code: str
) -> None:
    def failing(*_: Any, **__: Any) -> None:
        raise failure

    monkeypatch.setattr(stand, "apply", failing)
    monkeypatch.setattr(stand, "destroy", failing)
    assert bare("env", "up", "dev", "--yes").code != 0
    assert bare("env", "down", "dev", "--erase", "--yes").code != 0
    assert words(told) == [
        ("env.up", outcome, OPS, {"error": code}),
        ("env.down", outcome, OPS, {"error": code}),
    ]


def test_a_trail_that_cannot_be_reached_holds_nothing_up(
    bare: Run, stand: Stand, told: MemoryTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> None:
        raise Unreachable("the table does not answer")

    monkeypatch.setattr(told, "transact", down)
    done = bare("env", "up", "dev", "--yes")
    assert done.code == 0
    assert "env.up is not in the trail: the table does not answer" in done.err
    monkeypatch.setattr(stand, "apply", down)
    failed = bare("env", "up", "dev", "--yes")
    assert failed.code == 1
    assert "not in the trail" not in failed.err


def test_where_there_is_no_table_there_is_nobody_to_tell(
    bare: Run, stand: Stand, told: MemoryTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: Any) -> None:
        raise NotFound("the table does not exist")

    monkeypatch.setattr(told, "get", missing)
    done = bare("env", "up", "dev", "--yes")
    assert (done.code, "not in the trail" in done.err) == (0, False)


def test_wrong_usage_is_nobodys_act(bare: Run, stand: Stand, told: MemoryTable) -> None:
    assert bare("env", "up", "dev", "--port", "4566", "--yes").code == 2
    assert words(told) == []


def test_an_empty_table_stays_empty(bare: Run, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backup is restored into it: a trail that had begun there would be in its way."""
    table = MemoryTable()
    trail = Trail(table, FixedClock(), FakeIds())
    monkeypatch.setattr(session_module.Session, "operations_trail", trail)
    assert bare("env", "up", "dev", "--yes").code == 0
    assert table.state() == {}
