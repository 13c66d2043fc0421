"""The commands, each as somebody uses it and as somebody gets it wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bbws_access import keys
from bbws_access.store.codec import encode
from bbws_access.store.writes import Update
from tests.cli.conftest import Run
from tests.conftest import Platform


def accept(bbws: Run, platform: Platform, monkeypatch: pytest.MonkeyPatch, email: str) -> None:
    monkeypatch.setenv("BBWS_ACCESS_PASSWORD", "Correct-horse-7")
    assert bbws("users", "invite", email, "--org", "Acme", "--role", "ORG_ADMIN").code == 0
    link = f"https://x/invite/{platform.ids.tokens[-1]}?utm=1"
    done = bbws("invitations", "accept", link, "--first-name", "Thandi", "--last-name", "Nkosi")
    assert done.code == 0, done.err


def test_seed_twice(bbws: Run) -> None:
    assert "Seeded 52 of 52" in bbws("table", "seed").err
    again = bbws("table", "seed", "-o", "json")
    assert (again.code, again.json["written"]) == (0, 0)


def test_a_change_says_first_where_it_will_be_made(bbws: Run) -> None:
    assert bbws("table", "seed").err.startswith("local · emulator account 000000000000 · eu-west-1 · user/")


def test_organisations(bbws: Run, acme: str) -> None:
    listed = bbws("orgs", "list")
    assert "Acme" in listed.out
    assert acme in listed.out
    assert bbws("orgs", "list", "-o", "json").json["items"][0]["name"] == "Acme"
    taken = bbws("orgs", "create", "ACME")
    assert (taken.code, taken.out) == (1, "")
    assert taken.err.endswith("error: there is an organisation called 'ACME' already; try: bbws-access orgs list\n")


@pytest.mark.parametrize("name", ["x", "y" * 101, " "])
def test_an_organisations_name_has_limits(bbws: Run, name: str) -> None:
    done = bbws("orgs", "create", name)
    assert done.code == 2
    assert done.err.startswith("error: name: ")


def test_from_invitation_to_member(bbws: Run, platform: Platform, acme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    accept(bbws, platform, monkeypatch, "Thandi@Example.com")
    assert "thandi@example.com" in bbws("users", "list", "--org", "Acme").out
    shown = bbws("users", "show", "thandi@example.com", "--org", acme, "-o", "json").json
    assert [r["roleName"] for r in shown["roles"]] == ["ORG_ADMIN"]
    table = bbws("users", "show", "thandi@example.com", "--org", "acme").out
    assert "ORG_ADMIN" in table
    listed = bbws("invitations", "list", "--org", "Acme", "-o", "json").json
    assert [(i["email"], i["status"]) for i in listed["items"]] == [("thandi@example.com", "ACCEPTED")]
    assert "tokenHash" not in json.dumps(listed)
    assert bbws("invitations", "list", "--org", "Acme", "--status", "pending").out == ""


def test_declining(bbws: Run, platform: Platform, acme: str) -> None:
    bbws("users", "invite", "a@example.com", "--org", acme, "--role", "site_viewer")
    assert "DECLINED" in bbws("invitations", "decline", platform.ids.tokens[-1]).out
    again = bbws("invitations", "decline", platform.ids.tokens[-1])
    assert (again.code, again.err.endswith("error: this invitation was declined already\n")) == (1, True)


def test_roles(bbws: Run, acme: str) -> None:
    bbws("table", "seed")
    names = [r["name"] for r in bbws("roles", "list", "--org", acme, "-o", "json").json["items"]]
    assert names == ["ORG_ADMIN", "ORG_MANAGER", "SITE_ADMIN", "SITE_EDITOR", "SITE_VIEWER"]
    assert "PLATFORM_ADMIN" in bbws("roles", "list", "--platform").out


def test_the_trail(bbws: Run, acme: str, tmp_path: Path) -> None:
    found = bbws("audit", "query", "--org", acme, "-o", "json").json
    assert [e["action"] for e in found["items"]] == ["organisation.seed", "organisation.create"]
    cut = bbws("audit", "query", "--org", acme, "--limit", "1", "-o", "json")
    assert (cut.json["count"], cut.json["moreAvailable"]) == (1, True)
    assert "more events than --limit 1: raise it" in cut.err
    target = tmp_path / "audit.jsonl"
    done = bbws("audit", "export", "--org", acme, "--format", "jsonl", "--to", str(target), "-o", "json")
    assert done.json["count"] == 2
    assert len(target.read_text().splitlines()) == 2
    assert bbws("audit", "query", "--org", acme, "-o", "json").json["items"][0]["action"] == "audit.export"


def test_an_export_that_cannot_be_written_leaves_nothing(bbws: Run, acme: str, tmp_path: Path) -> None:
    done = bbws("audit", "export", "--org", acme, "--to", str(tmp_path / "no" / "such" / "x.csv"))
    assert done.code == 1
    assert "--to" in done.err
    assert list(tmp_path.glob("*.csv")) == []


@pytest.mark.parametrize("since", ["yesterday", "", "5x", "99999999h", "2026-13-01", "\x00", "-1h"])
def test_a_time_that_is_none(bbws: Run, acme: str, since: str) -> None:
    done = bbws("audit", "query", "--org", acme, "--since", since)
    if since:
        assert done.code == 2
        assert "is not a time" in done.err
    else:
        assert done.code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("users", "list"),
        ("users", "show", "x@example.com"),
        ("invitations", "list"),
        ("roles", "list"),
        ("audit", "query"),
        ("audit", "export", "--to", "x.csv"),
        ("users", "invite", "x@example.com", "--role", "ORG_ADMIN"),
    ],
)
def test_every_command_of_an_organisation(bbws: Run, bare: Run, words: tuple[str, ...]) -> None:
    missing = bbws(*words)
    assert (missing.code, missing.out) == (2, "")
    assert missing.err.endswith("Give --org or set BBWS_ACCESS_ORG; try: bbws-access orgs list\n")
    unknown = bbws(*words, "--org", "Nobody")
    assert (unknown.code, unknown.out) == (1, "")
    assert unknown.err.endswith("there is no organisation 'Nobody'; try: bbws-access orgs list\n")


def test_what_is_suggested_can_be_typed_as_it_stands(bbws: Run) -> None:
    bbws("orgs", "create", "Acme & Co")
    wrong = bbws("users", "invite", "x@example.com", "--role", "NOPE", "--org", "Acme & Co")
    assert wrong.err.endswith("there is no role 'NOPE'; try: bbws-access roles list --org 'Acme & Co'\n")
    assert bbws("roles", "list", "--org", "Acme & Co").code == 0
    empty = bbws("teams", "list", "--org", "Acme & Co", "--env", "local")
    assert empty.err.endswith("Make one: bbws-access teams create NAME --env local --org 'Acme & Co'\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("users", "show", "x@example.com"), "there is no user 'x@example.com'"),
        (("users", "invite", "x@example.com", "--role", "NOBODY"), "there is no role 'NOBODY'"),
        (("users", "invite", "x@example.com", "--role", "ORG_ADMIN", "--team", "None"), "there is no team 'None'"),
        (("users", "invite", "x", "--role", "ORG_ADMIN"), "email: "),
        (("invitations", "accept", "0" * 64), "link is not valid"),
        (("audit", "query", "--user", "x@example.com"), "there is no user"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(bbws: Run, acme: str, words: tuple[str, ...], said: str) -> None:
    done = bbws(*words, "--org", acme)
    assert done.code != 0
    assert done.out == ""
    assert said in done.err.splitlines()[-1]
    assert "Traceback" not in done.err


def test_a_machine_without_a_platform_says_what_to_type(bare: Run) -> None:
    for words in (("orgs", "list"), ("local", "mail"), ("local", "tour"), ("table", "seed")):
        done = bare(*words)
        assert (done.code, done.out) == (1, "")
        assert done.err == "error: the local AWS is not running; try: bbws-access env up local\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nonsense",), "no such command 'nonsense'"),
        (("user", "list"), "Did you mean 'users'?"),
        (("users", "lst"), "Did you mean 'list'?"),
        (("orgs", "list", "--colums", "x"), "no such option '--colums'. Did you mean '--columns'?"),
        (("orgs", "list", "--remove", "x"), "no such option '--remove'; try: bbws-access orgs list --help"),
        (("orgs", "list", "-o", "xml"), "'xml'"),
        (("orgs", "list", "-o", "csv", "--query", "items"), "--query shapes json and yaml, not csv"),
        (("orgs", "list", "--query", "items["), "--query 'items['"),
        (("orgs", "list", "--columns", " , "), "--columns names no column"),
        (("orgs", "list", "--env", "staging"), "there is no environment 'staging'"),
        (("orgs", "create"), "missing argument"),
        (("env", "up", "local", "--port", "80"), "1024"),
        (("env", "down", "dev"), "--allow-data-loss"),
    ],
)
def test_wrong_usage(bare: Run, words: tuple[str, ...], said: str) -> None:
    done = bare(*words)
    assert (done.code, done.out) == (2, "")
    assert said.lower() in done.err.lower()
    assert len(done.err.splitlines()) == 1


def test_options_may_stand_before_or_after(bbws: Run, acme: str) -> None:
    before = bbws("--output", "json", "--org", acme, "roles", "list")
    after = bbws("roles", "list", "--org", acme, "--output", "json")
    assert before.out == after.out
    nearer = bbws("--org", "Nobody", "--output", "json", "roles", "list", "--org", acme)
    assert nearer.out == after.out


def test_a_defect_is_one_line_and_a_traceback_only_on_demand(bbws: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from bbws_access.services.organisations import Organisations

    def broken(*_: object) -> None:
        secret = "hunter2-Token"  # a local that a traceback must not show
        raise ZeroDivisionError(f"oh{secret[:0]}")

    monkeypatch.setattr(Organisations, "page", broken)
    done = bbws("orgs", "list")
    assert done.code == 1
    assert done.err == "error: unexpected ZeroDivisionError: oh; the details are shown with --debug\n"
    debug = bbws("orgs", "list", "--debug")
    assert "Traceback" in debug.err
    assert "hunter2" not in debug.err.replace('secret = "hunter2-Token"', "")


def test_a_damaged_record_is_named_with_what_looks_for_such(bbws: Run, platform: Platform, acme: str) -> None:
    platform.table.write(Update(keys.organisation_key(acme), assign={"name": 7}, remove=["createdBy"]))
    done = bbws("orgs", "show", acme)
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "error: a record of the table is damaged: Organisation, field createdBy, name; try: bbws-access table verify\n"
    )


def test_an_interrupt_is_130(bbws: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from bbws_access.services.organisations import Organisations

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Organisations, "page", interrupted)
    done = bbws("orgs", "list")
    assert (done.code, done.out, done.err) == (130, "", "interrupted\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("teams", "create", "W"), "name: has fewer than 2 characters"),
        (("teams", "create", "Web", "--division", "a#b"), "--division: is not up to 100 letters"),
        (("teams", "create", "Web", "--description", "x" * 501), "--description: has more than 500 characters"),
        (("roles", "create", "X_Y", "--display-name", "x", "--permission", "site:read"), "--display-name: has fewer"),
        (("roles", "create", "X_Y", "--display-name", "xy", "--permission", "no"), "--permission: is no permission"),
    ],
)
def test_what_does_not_fit_has_the_name_under_which_it_was_typed(
    bbws: Run, acme: str, words: tuple[str, ...], said: str
) -> None:
    done = bbws(*words, "--org", acme)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert done.err.splitlines()[0].startswith(f"error: {said}")


def test_names_with_escape_sequences_do_not_reach_the_terminal(bbws: Run, platform: Platform, acme: str) -> None:
    (item,) = [i for i in platform.items() if (i["PK"], i["SK"]) == (f"ORG#{acme}", "METADATA")]
    evil = {**item, "name": "Evil \x1b]0;owned\x07 [red]x[/red]"}  # from before such a name was refused
    platform.client.put_item(TableName=platform.table.name, Item=encode(evil))
    out = bbws("orgs", "list").out
    assert "\x1b" not in out
    assert "[red]x[/red]" in out


def test_every_command_has_help_with_an_example() -> None:
    from cli.reference import described

    for one in described():
        words = f"bbws-access {one['command'].removeprefix('commands ')}"
        assert one["help"], words
        assert any(example.startswith(words) for example in one["examples"]), words


def test_what_differs_from_the_seed_is_shown(bbws: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from bbws_access.services import seed_diff

    bbws("table", "seed")
    assert bbws("table", "seed", "--diff").code == 0
    changed = tuple(replace(role, priority=role.priority + 1) for role in seed_diff.PLATFORM_ROLES)
    monkeypatch.setattr(seed_diff, "PLATFORM_ROLES", changed)
    found = bbws("table", "seed", "--diff", "-o", "json")
    assert found.code == 3
    assert {(row["attribute"], row["edited"]) for row in found.json["items"]} == {("priority", False)}
    assert bbws("table", "seed", "--take").code == 0
    assert bbws("table", "seed", "--diff").code == 0
