"""Help fits a terminal, and says in whole sentences what to type."""

from __future__ import annotations

import shlex

import pytest

from cli.app import NOUNS
from cli.reference import described
from tests.cli.conftest import Run

COMMANDS = {str(one["command"]): one for one in described()}
GROUPS = sorted({command.rpartition(" ")[0] for command in COMMANDS} - {""})


def lines_of(text: str) -> list[str]:
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    return lines


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_of_a_command(bare: Run, command: str) -> None:
    done = bare(*command.split(), "--help")
    assert (done.code, done.err) == (0, "")
    lines = lines_of(done.out)
    usage, (head, _, examples) = done.out.split("\n\n")[0], done.out.partition("  Examples:\n")
    assert usage.startswith(f"Usage: bbws-access {command} ")
    for typers in ("<", "[[", "{", "list["):
        assert typers not in usage
    for one in COMMANDS[command]["parameters"]:
        if one["kind"] == "option":
            assert all(f"{flag} " in f"{head} ".replace("\n", " ").replace(",", " ") for flag in one["flags"]), one
            assert not one["required"] or any(flag in usage for flag in one["flags"])
    assert "Options of every command:" in lines or "Options:" in lines
    # Each example, joined as a shell joins it, is the one that the reference has.
    joined = [line.strip() for line in examples.replace("\\\n", "").splitlines()]
    assert [shlex.split(line) for line in joined] == [shlex.split(line) for line in COMMANDS[command]["examples"]]


@pytest.mark.parametrize("group", ["", *GROUPS])
def test_of_a_group(bare: Run, group: str) -> None:
    done = bare(*group.split(), "--help")
    assert (done.code, done.err) == (0, "")
    lines_of(done.out)
    told = " ".join(done.out.split())
    assert "..." not in told
    assert told.endswith(f"with examples: bbws-access {f'{group} ' if group else ''}COMMAND --help")
    if not group:
        assert all(f"{noun} {text}" in told for noun, text in NOUNS.items())


def test_what_is_missing_is_named_as_in_the_help(bare: Run) -> None:
    assert bare("access", "can").err == "error: missing argument 'USER'; try: bbws-access access can --help\n"


def test_a_question_and_what_to_try(bare: Run) -> None:
    done = bare("users", "lst")
    assert done.err == "error: no such command 'lst'. Did you mean 'list'? Try: bbws-access users --help\n"


def test_a_choice_that_is_none_gets_those_that_are(bare: Run) -> None:
    done = bare("team-roles", "update", "MEMBER", "--capability", "CAN_FLY")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: invalid value for '--capability': 'CAN_FLY' is none of CAN_MANAGE_MEMBERS, ")
    assert "'xml' is none of table, json, jsonl, csv, yaml; try: " in bare("orgs", "list", "-o", "xml").err
