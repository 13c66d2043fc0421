"""Dry runs of ``table backup``, ``restore`` and ``pitr``: what would be done is told, and nothing is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run, bare, bbws  # noqa: F401 - fixtures
from tests.keeper.conftest import Town
from tests.keeper.test_table_commands import Recovering, events, recovering, table  # noqa: F401 - fixtures

pytestmark = pytest.mark.slow


def test_a_backup(table: Run, town: Town, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    done = table("table", "backup", "--to", str(tmp_path / "table.gz"), "--dry-run")
    assert done.code == 0, done.err
    assert done.out.startswith("copy table ")
    assert list(tmp_path.glob("*.gz*")) == []
    assert events(town.platform, "table.backup") == []


def test_a_restore(table: Run, town: Town, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    to = str(tmp_path / "table.gz")
    assert table("table", "backup", "--to", to).code == 0
    items = len(town.items())
    done = table("table", "restore", "--from", to, "--into", "drill", "--dry-run")
    assert done.code == 0, done.err
    assert done.out.splitlines()[0] == "make table drill"
    assert done.out.splitlines()[1].startswith("restore ")
    assert town.platform.client.list_tables()["TableNames"] == [town.platform.table.name]
    merged = table("table", "restore", "--from", to, "--merge", "--dry-run", "-o", "json")
    assert (merged.json["dryRun"], len(merged.json["wouldDo"]), len(town.items())) == (True, 2, items)


def test_a_point_in_time(table: Run, town: Town, recovering: Recovering) -> None:  # noqa: F811 - the fixture
    done = table("table", "pitr", "--at", "2h", "--into", "then", "--dry-run")
    assert done.code == 0, done.err
    assert "into then" in done.out
    assert not recovering.asked
    assert events(town.platform, "table.pitr") == []
