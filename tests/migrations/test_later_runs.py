"""What happened on either side since a migration, and what running it again makes of it: nothing is lost or undone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bbws_access.errors import Refused
from bbws_access.ids import token_hash
from bbws_access.keeper.verify import Verifier
from bbws_access.migrations.checkpoints import Checkpoints
from bbws_access.migrations.wire import Attributes, pair
from bbws_access.store.codec import decode
from tests.migrations.conftest import Scene, put_all
from tests.migrations.legacy import LegacyTable

pytestmark = pytest.mark.slow


def delete(scene: Scene, *items: Attributes) -> None:
    for item in items:
        scene.client.delete_item(TableName=scene.source_name, Key={name: item[name] for name in ("PK", "SK")})


def clean(scene: Scene) -> None:
    found = Verifier(scene.services.table, scene.clock).verify()
    assert [(str(f.problem), f.key, f.message) for f in found.findings] == []


def test_events_that_the_sources_ttl_takes_stay(scene: Scene, legacy: LegacyTable) -> None:
    """They are not archived yet, and this is the only copy."""
    event, token = legacy.event("o1", "e1"), legacy.token()
    record = legacy.token_record("o1", "i1", token)
    scene.fill(*legacy.basics(), legacy.invitation("o1", "i1", token), record, event)
    scene.migrate()
    before = scene.migrated()
    delete(scene, event, record)
    assert scene.migrate().tally.removed == 0
    assert scene.migrated() == before
    assert pair(event) in before


def test_what_was_deleted_from_the_source_goes(scene: Scene, legacy: LegacyTable) -> None:
    """Above all an assignment, which the old platform deletes when it takes a role away."""
    held = legacy.assignment("o1", "u1", "r1")
    scene.fill(*legacy.basics(), held)
    scene.migrate()
    delete(scene, held)
    scene.migrate()
    assert ("ORG#o1#USER#u1", "ROLE#r1") not in scene.target()
    assert decode(scene.target()["ORG#o1", "ROLE#r1"])["userCount"] == 0
    clean(scene)


def test_a_source_that_was_emptied_takes_nothing_with_it(scene: Scene, legacy: LegacyTable) -> None:
    """Somebody clears the old table away, and somebody else runs the migration again."""
    items = [*legacy.basics(), *(legacy.user("o1", f"more-{n}") for n in range(25))]
    scene.fill(*items)
    scene.migrate()
    before = scene.migrated()
    delete(scene, *items)
    with pytest.raises(Refused, match="it looks as if it had been cleaned up") as refused:
        scene.migrate()
    assert (refused.value.code, refused.value.exit_code) == ("SOURCE_SHRANK", 4)
    assert "--with-deletions" in str(refused.value.hint)
    assert scene.migrated() == before
    assert scene.migrate(with_deletions=True).tally.source.total() == 0
    assert scene.migrated() == {}


def test_what_this_platform_has_revoked_does_not_come_back(scene: Scene, legacy: LegacyTable) -> None:
    scene.fill(*legacy.basics(), legacy.user("o1", "u2"), legacy.assignment("o1", "u1", "r1"))
    scene.migrate()
    scene.services.role_assignments.revoke(scene.operator, "o1", "u1", "r1")
    put_all(scene.client, scene.source_name, [legacy.assignment("o1", "u2", "r1")])
    migrator = scene.migrator()
    plan = migrator.plan(*migrator.outstanding(None, again=True))
    assert plan.would_write == {"UserRoleAssignment": 1}
    done = scene.migrate()
    target = scene.target()
    assert ("ORG#o1#USER#u1", "ROLE#r1") not in target
    assert ("ORG#o1#USER#u2", "ROLE#r1") in target
    assert done.tally.notes["UserRoleAssignment taken away on this platform since: it stays so"] == 1
    assert (done.tally.taken_away, done.tally.migrated["UserRoleAssignment"]) == (1, 2)
    assert done.record.quarantined == 1  # the role's count has moved on both sides


def test_what_was_given_again_in_the_source_comes(scene: Scene, legacy: LegacyTable) -> None:
    scene.fill(*legacy.basics(), legacy.assignment("o1", "u1", "r1"))
    scene.migrate()
    scene.services.role_assignments.revoke(scene.operator, "o1", "u1", "r1")
    put_all(
        scene.client, scene.source_name, [legacy.assignment("o1", "u1", "r1", assignedAt="2026-01-11T08:00:00.000Z")]
    )
    scene.migrate()
    assert ("ORG#o1#USER#u1", "ROLE#r1") in scene.target()


def test_what_may_have_been_revoked_is_for_a_person_once_the_trail_is_gone(scene: Scene, legacy: LegacyTable) -> None:
    scene.fill(*legacy.basics())
    scene.migrate()
    scene.clock.advance(days=46)
    put_all(scene.client, scene.source_name, [legacy.assignment("o1", "u1", "r1")])
    scene.migrate()
    (line,) = (line for line in scene.quarantined() if line["entity"] == "UserRoleAssignment")
    assert line["reason"].startswith("it may have been revoked on this platform")
    assert ("ORG#o1#USER#u1", "ROLE#r1") not in scene.target()


def test_the_old_link_of_an_invitation_that_was_sent_again_stays_dead(scene: Scene, legacy: LegacyTable) -> None:
    old = legacy.token()
    scene.fill(*legacy.basics(), legacy.invitation("o1", "i1", old), legacy.token_record("o1", "i1", old))
    scene.migrate()
    scene.clock.advance(minutes=1)
    scene.services.invitations.resend(scene.operator, "o1", "i1")
    done = scene.migrate()
    assert (f"INVTOKEN#{token_hash(old)}", "METADATA") not in scene.target()
    assert done.tally.notes["InvitationToken taken away on this platform since: it stays so"] == 1
    assert not scene.quarantined()
    clean(scene)


def test_what_was_revoked_between_a_kill_and_its_checkpoint_stays_revoked(
    scene: Scene, legacy: LegacyTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.fill(*legacy.basics(), legacy.assignment("o1", "u1", "r1"))

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "reached", dies)
        with pytest.raises(KeyboardInterrupt):
            scene.migrate()
    assert ("ORG#o1#USER#u1", "ROLE#r1") in scene.target()
    scene.services.role_assignments.revoke(scene.operator, "o1", "u1", "r1")
    scene.migrate()
    assert ("ORG#o1#USER#u1", "ROLE#r1") not in scene.target()


def test_an_archived_event_is_as_it_was_migrated(scene: Scene, legacy: LegacyTable) -> None:
    """The archive gives events their time to live, which is no change on this platform that would be in the way."""
    scene.fill(*legacy.basics(), legacy.event("o1", "e1"))
    scene.migrate()
    scene.clock.advance(hours=timedelta(days=2) / timedelta(hours=1))
    assert not scene.services.archive.run(scene.operator).failures
    (event,) = (i for (pk, _), i in scene.migrated().items() if pk.startswith("ORG#o1#DATE#"))
    assert "ttl" in event
    done = scene.migrate()
    assert (done.tally.written, done.record.quarantined) == (0, 0)
    migrator = scene.migrator()
    assert migrator.down(scene.operator, *migrator.applied_after(0)).removed == len(scene.source())


def test_what_was_lost_from_the_target_comes_again(scene: Scene, legacy: LegacyTable) -> None:
    """An item, and the guard of another that is there: the comparison looks at every one."""
    scene.fill(*legacy.basics(), legacy.event("o1", "e1"))
    scene.migrate()
    before = {key: item for key, item in scene.target().items() if key[0] != "MIGRATIONS" and "PLATFORM" not in key[0]}
    event = next(key for key in before if "#DATE#" in key[0])
    for pk, sk in (event, ("ORG#o1", "UNIQUE#TEAM#team 1"), ("ORG#o1", "ROLE#r1"), ("ORG#o1", "UNIQUE#ROLE#org_admin")):
        assert (pk, sk) in before
        scene.client.delete_item(TableName=scene.target_name, Key={"PK": {"S": pk}, "SK": {"S": sk}})
    assert scene.migrate().tally.written == 0  # of the last comparison, which found nothing to do
    after = scene.target()
    assert {key: after.get(key) for key in before} == before
    clean(scene)
