"""What a run says of itself is so: it costs what the dry run said, holds its rate, and goes on where it was."""

from __future__ import annotations

from typing import Any

import pytest

from bbws_access.migrations.checkpoints import Checkpoints
from bbws_access.store.readonly import forbid_writes
from tests.migrations.conftest import Scene
from tests.migrations.legacy import LegacyTable

pytestmark = pytest.mark.slow


def test_it_costs_what_the_dry_run_said(scene: Scene, legacy: LegacyTable) -> None:
    scene.fill(*legacy.basics(), legacy.user("o1", "big", firstName="x" * 5000), legacy.event("o1", "e1"))
    planner = scene.migrator(forbid_writes(scene.own_client()))
    plan = planner.plan(*planner.outstanding(None))
    assert scene.target() == {}
    taken: list[float] = []
    progress: list[Any] = []
    migrator = scene.migrator(on_progress=progress.append)
    migrator._target._rate.take = taken.append  # type: ignore[method-assign]
    migrator.up(scene.operator, *migrator.outstanding(None), scene.quarantine())
    assert sum(taken) == progress[-1].write_units == plan.write_units + plan.index_units
    assert plan.would_write.total() == 8
    again = scene.migrator()
    assert again.plan(*again.outstanding(None, again=True)).would_write.total() == 0


def test_no_write_goes_past_the_rate(scene: Scene, legacy: LegacyTable) -> None:
    """Each transaction first takes what it is going to consume."""
    order: list[str] = []
    client = scene.own_client()
    client.meta.events.register("before-call.dynamodb.TransactWriteItems", lambda **_: order.append("write"))
    scene.fill(*legacy.basics())
    migrator = scene.migrator(client, max_units=5000)
    before = migrator._target._rate.take

    def take(units: float) -> None:
        order.append("take")
        before(units)

    migrator._target._rate.take = take  # type: ignore[method-assign]
    migrator.up(scene.operator, *migrator.outstanding(None), scene.quarantine())
    copied = [n for n, what in enumerate(order) if what == "take"]
    assert copied
    assert all(order[n + 1] == "write" for n in copied)


def test_it_goes_on_where_it_was(scene: Scene, legacy: LegacyTable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of some five pages, those that were written down as copied are not read for copying again."""
    scene.fill(*legacy.basics())
    for n in range(12):  # three of them make a page of 1 MB
        scene.fill(legacy.user("o1", f"u-{n}", firstName="x" * 330_000))
    reached, pages = Checkpoints.reached, []

    def dies_at_the_third(self: Checkpoints, *given: Any) -> None:
        reached(self, *given)
        pages.append(given)
        if len(pages) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "reached", dies_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            scene.migrate()
    here = scene.migrated()
    assert 7 <= len(here) < 18
    seen: list[Any] = []
    done = scene.migrate(on_progress=seen.append)
    copied = [p for p in seen if p.phase == "copy"]
    compared = [p for p in seen if p.phase == "comparison 1"]
    assert len(copied) <= len(compared) - 3 + 1  # the first only says how far it had come
    assert copied[0].done >= 7
    assert done.tally.migrated.total() == 18
    assert {key: scene.migrated()[key] for key in here} == here
