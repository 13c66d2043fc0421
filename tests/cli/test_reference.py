"""What the tool says of itself is what it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli.app import NOUNS
from cli.reference import described, page
from tests.cli.conftest import Run


def test_the_reference_is_not_stale() -> None:
    assert Path("docs/reference.md").read_text(encoding="utf-8") == page(), (
        "python -m cli.reference > docs/reference.md"
    )


def test_machines_are_told_of_every_command_and_flag(bare: Run) -> None:
    items = bare("commands", "--output", "json").json["items"]
    assert {one["command"].split()[0] for one in items} == set(NOUNS)
    (found,) = [one for one in items if one["command"] == "roles create"]
    by_name = {one["name"]: one for one in found["parameters"]}
    assert found["changes"] is True
    assert by_name["name"]["kind"] == "argument"
    assert by_name["permission"] | {"help": ""} == {
        "name": "permission",
        "kind": "option",
        "flags": ["--permission"],
        "type": "text",
        "choices": [],
        "required": True,
        "repeated": True,
        "default": None,
        "environment": None,
        "help": "",
    }
    assert by_name["scope"]["choices"] == ["PLATFORM", "ORGANISATION", "TEAM"]
    assert by_name["scope"]["default"] == "ORGANISATION"
    assert by_name["dry_run"]["type"] == "boolean"
    assert by_name["env"]["environment"] == "BBWS_ACCESS_ENV"


def test_commands_need_no_platform(bare: Run) -> None:
    listed = bare("commands")
    assert listed.code == 0
    assert "teams members transfer" in listed.out


@pytest.mark.parametrize("command", described(), ids=lambda one: str(one["command"]))
def test_no_help_leaves_a_question(command: dict[str, Any]) -> None:
    assert command["help"]
    assert command["examples"]
    assert [one["name"] for one in command["parameters"] if not one["help"]] == []
