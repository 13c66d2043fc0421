"""A source and a target that others write to while the migration runs."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

from bbws_access.migrations.table_run import StillChanging
from bbws_access.migrations.wire import Attributes, pair, text
from bbws_access.models.team import TeamChanges
from bbws_access.store.codec import decode
from tests.migrations.conftest import Scene
from tests.migrations.legacy import LegacyTable

pytestmark = pytest.mark.slow


class During:
    """Calls ``act`` once, behind the back of the first reader in a phase."""

    def __init__(self, phase: str, act: Callable[[], object]) -> None:
        self._phase = phase
        self._act: Callable[[], object] | None = act

    def __call__(self, progress: Any) -> None:
        if self._act is not None and progress.phase == self._phase and progress.done:
            act, self._act = self._act, None
            act()


def put(scene: Scene, *items: Attributes) -> None:
    for item in items:
        scene.client.put_item(TableName=scene.source_name, Item=item)


def test_what_the_old_platform_writes_behind_the_reader_comes_too(scene: Scene, legacy: LegacyTable) -> None:
    def act() -> None:
        put(
            scene,
            legacy.team("o1", "t1", "Renamed"),
            legacy.user("o1", "u2"),
            legacy.member("o1", "t1", "u2", "lead"),
        )
        gone = legacy.assignment("o1", "u1", "r1")
        scene.client.delete_item(TableName=scene.source_name, Key={name: gone[name] for name in ("PK", "SK")})

    scene.fill(*legacy.basics(), legacy.assignment("o1", "u1", "r1"))
    done = scene.migrate(on_progress=During("copy", act))
    team = scene.services.teams.find(scene.operator, "o1", "renamed")
    assert (team.member_count, team.lead_count) == (1, 1)
    target = scene.target()
    assert ("ORG#o1", "UNIQUE#TEAM#team 1") not in target
    assert ("ORG#o1#USER#u1", "ROLE#r1") not in target
    assert decode(target["ORG#o1", "ROLE#r1"])["userCount"] == 0
    assert done.tally.migrated.total() == len(scene.source()) == len(scene.migrated())


def test_what_the_new_platform_writes_is_never_overwritten(scene: Scene, legacy: LegacyTable) -> None:
    scene.fill(*legacy.basics(), legacy.team("o1", "t2", "Team 2"))

    def act() -> None:
        scene.services.teams.update(scene.operator, "o1", "t1", TeamChanges(description="by the new platform"))
        scene.services.teams.update(scene.operator, "o1", "t2", TeamChanges(description="by the new platform"))
        put(scene, legacy.team("o1", "t2", "Team 2", description="by the old platform"))

    done = scene.migrate(on_progress=During("copy", act))
    for team in ("t1", "t2"):
        assert scene.services.teams.get(scene.operator, "o1", team).description == "by the new platform"
    assert done.tally.moved_on == 1
    (line,) = scene.quarantined()
    assert line["Item"]["SK"]["S"] == "TEAM#t2"
    assert line["reason"] == "it was changed in the source and in the target since it was migrated"
    assert done.record.quarantined == 1


def test_an_item_that_changes_between_reading_and_writing_is_read_again(scene: Scene, legacy: LegacyTable) -> None:
    """The new platform takes a migrated team over just when the migration would write it anew."""
    scene.fill(*legacy.basics())
    scene.migrate()
    put(scene, legacy.team("o1", "t1", "Team 1", description="by the old platform"))
    moved: list[str] = []

    def interfere(params: Any, **_: Any) -> None:
        writes = params["TransactItems"]
        keys = [w["Update"]["Key"]["SK"]["S"] for w in writes if "Update" in w]
        if "TEAM#t1" in keys and not moved:
            moved.append("TEAM#t1")
            scene.services.teams.update(scene.operator, "o1", "t1", TeamChanges(description="by the new platform"))

    own = scene.own_client()
    own.meta.events.register("provide-client-params.dynamodb.TransactWriteItems", interfere)
    done = scene.migrate(own)
    assert moved
    assert scene.services.teams.get(scene.operator, "o1", "t1").description == "by the new platform"
    assert done.record.quarantined == 1


def test_a_source_that_never_rests_is_left_for_another_time(scene: Scene, legacy: LegacyTable) -> None:
    scene.fill(*legacy.basics())
    count = 0

    def always(progress: Any) -> None:
        nonlocal count
        count += 1
        put(scene, legacy.team("o1", "t1", "Team 1", description=f"version {count}"))

    with pytest.raises(StillChanging) as left:
        scene.migrate(on_progress=always)
    assert left.value.exit_code == 5
    assert [r.state for r in scene.migrator().history()] == ["RUNNING"]
    assert scene.migrate().record.state == "DONE"
    assert decode(scene.target()["ORG#o1", "TEAM#t1"])["description"] == f"version {count}"


@pytest.mark.emulator
@pytest.mark.xdist_group("emulator")
def test_every_acknowledged_write_of_a_busy_writer_is_there(real: Scene, legacy: LegacyTable) -> None:
    items = list(legacy.crowd(1500))
    real.fill(*items)
    users = [item for item in items if item["SK"]["S"].startswith("USER#")]
    acknowledged: dict[Any, str] = {}
    stop, chance = threading.Event(), random.Random(3)

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            item = chance.choice(users) | {"firstName": {"S": f"name-{number}"}}
            real.client.put_item(TableName=real.source_name, Item=item)
            acknowledged[pair(item)] = f"name-{number}"

    writer = threading.Thread(target=write)

    def begin_and_end(progress: Any) -> None:
        if progress.phase == "survey" and not writer.ident:
            writer.start()
        elif progress.phase == "comparison 3" and not stop.is_set():
            stop.set()

    done = real.migrate(on_progress=begin_and_end)
    stop.set()
    writer.join()
    assert len(acknowledged) > 10
    target = real.target()
    assert {key: text(target[key], "firstName") for key in acknowledged} == acknowledged
    assert done.tally.migrated.total() == len(items)
