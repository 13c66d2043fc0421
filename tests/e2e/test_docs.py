"""Every command in the README and the docs is run, in the order in which it stands there."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bbws_access.migrations.legacy_layout import LEGACY_TABLE
from tests.e2e.conftest import ROOT, Deployed
from tests.e2e.guides import GUIDES, commands
from tests.migrations.conftest import create_tables, put_all
from tests.migrations.legacy import sample

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.terraform,
    pytest.mark.heavy,  # some two hundred commands; tests/test_guides.py has each of them parsed
    pytest.mark.xdist_group("docs"),
]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """An environment of the docs' own, and a folder: they create what they name."""
    found = Deployed(tmp_path_factory.mktemp("docs"), tmp_path_factory.mktemp("reader"))
    yield found
    found.run("env", "down", "local", "--erase", "--yes")


def prepare(own: Deployed, command: str) -> list[str]:
    """What a reader does besides typing: puts the link in, chooses the file, answers yes."""
    words = shlex.split(command)[1:]
    if "EVENT" in words:
        words[words.index("EVENT")] = undoable(own, words[words.index("--org") + 1])
    if "LINK" in words:
        words[words.index("LINK")] = own.json("local", "mail")["items"][-1]["links"][0]
    if "SEQUENCE:HASH" in words:
        noted = own.json("audit", "verify", "--org", words[words.index("--org") + 1])
        words[words.index("SEQUENCE:HASH")] = f"{noted['lastSequence']}:{noted['lastHash']}"
    if words[:2] == ["env", "down"] and "--erase" in words and "--yes" not in words:
        words.append("--yes")
    if words[:3] == ["table", "migrate", "--dry-run"]:
        old_table(own)
    if "--port" in words:
        own.run("env", "down", "local")
    if words[:2] in (["users", "import"], ["users", "export"]):
        people(own.folder / words[2])
    if words[:2] == ["access", "test"]:
        expectations(own.folder / words[2])
    return words


def undoable(own: Deployed, org: str) -> str:
    """The event that a reader chooses: the last role that was given and is still held."""
    (event, *_) = own.json("audit", "query", "--org", org, "--action", "role.assign")["items"]
    ident: str = event["eventId"]
    return ident


def expectations(path: Path) -> None:
    """The file of the guide about who may do what."""
    guide = (ROOT / "docs" / "access.md").read_text(encoding="utf-8")
    path.write_text(guide.partition("```yaml\n")[2].partition("```")[0], encoding="utf-8")


def people(path: Path) -> None:
    """The file of the guide about imports."""
    if path.name == "people.csv":
        rows = "thandi@example.com,SITE_EDITOR,Web,Welcome to the web team.\nsipho@example.com,SITE_VIEWER,,\n"
        path.write_text(f"email,role,team,message\n{rows}", encoding="utf-8")


def old_table(own: Deployed) -> None:
    """The table of the old platform, which a reader of the guide about it has."""
    client = own.client("dynamodb")
    create_tables(client, LEGACY_TABLE.format(env="local"), "unused")
    put_all(client, LEGACY_TABLE.format(env="local"), sample())


def test_the_readmes_table_works(own: Deployed) -> None:
    own = replace(own, folder=own.folder / "readme")  # its files have the guides' names
    own.folder.mkdir()
    # With an organisation, an account and a copy of its own: the guides make theirs in the same environment.
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    own_names = (
        ("Acme", "Readme"),
        ("thandi@", "reader@"),
        ("drill", "readme-drill"),
        (" table.jsonl", " readme.jsonl"),
    )
    for guides, own_name in own_names:
        text = text.replace(guides, own_name)
    table = list(commands(text))
    assert len(table) > 15
    ends = [command for command in table if " env down " in command]
    guide = commands((ROOT / "docs" / "local.md").read_text(encoding="utf-8"))
    assert set(ends) <= {command.removesuffix(" --yes") for command in guide}  # with which they are run
    for command in table:
        if command in ends:  # where it stands in the table is not when one does it
            continue
        if " decline " in command:
            own.run("users", "invite", "no@example.com", "--org", "Readme", "--role", "SITE_VIEWER")
        done = own.run(*prepare(own, command), check=False, BBWS_ACCESS_PASSWORD="Correct-horse-7")
        assert done.returncode == 0, f"README: {command}\n{done.stderr}"


@pytest.mark.timeout(900)  # a hundred commands, each a process of its own
def test_the_guides_work_as_they_are_written(own: Deployed) -> None:
    """One after the other, as a reader goes through them: what one makes, the next may use."""
    for guide in GUIDES:
        found = list(commands((ROOT / "docs" / guide).read_text(encoding="utf-8")))
        assert found
        for command in found:
            done = own.run(*prepare(own, command), check=False, BBWS_ACCESS_PASSWORD="Correct-horse-7")
            assert done.returncode == 0, f"{guide}: {command}\n{done.stderr}"
