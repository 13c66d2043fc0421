"""A table that was restored to an earlier moment than its archive gets back what the archive alone still holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from bbws_access.audit_storage import ObjectVersion, Tier
from bbws_access.errors import AccessError, Conflict, Denied, PartlyDone
from bbws_access.keys import PLATFORM
from bbws_access.models.audit_findings import FindingKind
from bbws_access.models.kinds import EventType
from bbws_access.services.archive_recovery import Recovered
from bbws_access.store.codec import encode
from bbws_access.store.writes import Put, Write
from tests.cli.test_audit_commands import set_back
from tests.conftest import Platform
from tests.services.holders import holder
from tests.services.test_archive import change, events, manifests, run
from tests.services.test_audit import event

pytestmark = pytest.mark.slow


def at(platform: Platform, day: int, hour: int) -> None:
    platform.clock.moment = datetime(2026, 3, day, hour, tzinfo=UTC)


@pytest.fixture
def org(platform: Platform) -> str:
    """Archived up to the fourth of March, a late event among it; its table is that of the third at noon."""
    org_id = platform.organisation().organisation_id
    change(platform, org_id, 1)
    at(platform, 2, 12)
    change(platform, org_id, 2)
    at(platform, 3, 2)
    assert not run(platform, org_id, PLATFORM).failures
    at(platform, 3, 11)
    change(platform, org_id, 3)
    kept = platform.items()
    at(platform, 3, 15)
    change(platform, org_id, 4)
    at(platform, 4, 2)
    decided = {"organisation_id": org_id, "event_type": EventType.AUTHORIZATION, "action": "authorize"}
    platform.table.write(Put(event(1, datetime(2026, 3, 2, 20, tzinfo=UTC), **decided).to_item()))
    assert not run(platform, org_id, PLATFORM).failures
    at(platform, 4, 12)
    change(platform, org_id, 5)
    at(platform, 5, 2)
    assert not run(platform, org_id, PLATFORM).failures
    set_back(platform, kept)
    at(platform, 5, 3)
    return org_id


def recover(platform: Platform, *orgs: str) -> list[Recovered]:
    """What came back; raises the first failure."""
    report = platform.services.archive_recovery.recover(platform.operator, list(orgs) or None)
    for failure in report.failures:
        raise failure.error
    return report.recovered


def findings(platform: Platform, org: str) -> list[tuple[FindingKind, str]]:
    found = platform.services.audit_verify.verify(platform.operator, org, archive=True).findings
    return [(f.kind, f.message) for f in found]


def test_the_nightly_run_stops_and_names_what_mends_it(platform: Platform, org: str) -> None:
    (failure,) = run(platform, org).failures
    assert (failure.org_id, failure.day) == (org, "2026-03-03")
    assert "was the table restored to an earlier moment?" in failure.error.message
    assert failure.error.hint == f"bbws-access audit restore --missing --org {org}"


def test_what_only_the_archive_holds_comes_back_and_the_run_goes_on(platform: Platform, org: str) -> None:
    done = {found.org_id: found for found in recover(platform)}
    assert (done[org].parts, done[org].written, done[org].forked) == (3, 3, False)
    assert not done[PLATFORM].forked
    assert not run(platform, org, PLATFORM).failures
    at(platform, 6, 2)
    assert not run(platform, org, PLATFORM).failures
    assert findings(platform, org) == []
    assert findings(platform, PLATFORM) == []
    numbers = [m.number for m, _ in manifests(platform, org)]
    assert numbers == list(range(1, len(numbers) + 1))
    actions = [str(e["action"]) for e in sorted(events(platform, org), key=lambda e: str(e["timestamp"]))]
    assert actions[2:] == ["thing.1", "thing.2", "authorize", "thing.3", "thing.4", "thing.5", "audit.restore"]
    assert not [e for e in events(platform, org) if str(e["timestamp"]) < "2026-03-05" and "ttl" not in e]


def test_a_second_time_there_is_nothing_to_do(platform: Platform, org: str) -> None:
    recover(platform, org)
    before = platform.items()
    assert recover(platform, org) == []
    assert platform.items() == before


def test_a_table_that_was_never_set_back_is_left_alone(platform: Platform) -> None:
    org = platform.organisation().organisation_id
    at(platform, 3, 2)
    run(platform, org)
    before = platform.items()
    assert recover(platform, org) == []
    assert platform.items() == before


@pytest.mark.parametrize("survived", range(4))
def test_one_that_dies_is_finished_by_the_next(
    platform: Platform, org: str, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    write, left = platform.table.transact, iter(range(survived))

    def dying(writes: Sequence[Write], **more: Any) -> None:
        if next(left, None) is None:
            raise AccessError("died")
        write(writes, **more)

    monkeypatch.setattr(platform.table, "transact", dying)
    with pytest.raises(AccessError, match="died"):
        recover(platform, org)
    monkeypatch.undo()
    recover(platform, org)
    assert not run(platform, org).failures
    assert findings(platform, org) == []


def test_where_the_trail_went_on_meanwhile_it_is_said_and_found(platform: Platform, org: str) -> None:
    change(platform, org, 9)
    (done,) = recover(platform, org)
    assert (done.written, done.forked) == (3, True)
    assert not run(platform, org).failures
    assert {kind for kind, _ in findings(platform, org)} & {FindingKind.INSERTED, FindingKind.ALTERED}


def _altered(platform: Platform, org: str) -> None:
    (item,) = [i for i in events(platform, org) if i["action"] == "thing.3"]
    platform.client.put_item(TableName=platform.table.name, Item=encode({**item, "userEmail": "somebody@example.com"}))


def _forged_object(platform: Platform, org: str) -> None:
    key = f"archive/{org}/2026/03/2026-03-03.json.gz"
    platform.storage.objects[key] = platform.storage.objects[f"archive/{org}/2026/03/2026-03-01.json.gz"]


def _unlocked(platform: Platform, org: str) -> None:
    del platform.storage.locked[f"archive/{org}/2026/03/2026-03-03.json.gz"]


def _hidden_version(platform: Platform, org: str) -> None:
    platform.storage.other_versions.append(ObjectVersion(f"archive/{org}/2026/03/2026-03-03.json.gz", "v0", False))


def _forged_manifest(platform: Platform, org: str) -> None:
    key = f"archive/{org}/2026/03/2026-03-03.manifest.json"
    said = json.loads(platform.storage.objects[key])
    said["previousManifest"] = hashlib.sha256(b"another").hexdigest()
    platform.storage.objects[key] = json.dumps(said).encode()


@pytest.mark.parametrize("harm", [_altered, _forged_object, _unlocked, _hidden_version, _forged_manifest])
def test_nothing_comes_back_that_nobody_vouches_for(platform: Platform, org: str, harm: Any) -> None:
    harm(platform, org)
    with pytest.raises(Conflict) as error:
        recover(platform, org)
    assert error.value.code == "ARCHIVE_DIFFERS"
    assert error.value.hint == f"bbws-access audit verify --org {org} --archive"
    assert not [e for e in events(platform, org) if e["action"] == "thing.4"]


def test_one_that_nobody_vouches_for_holds_up_no_other(platform: Platform, org: str) -> None:
    _unlocked(platform, org)
    report = platform.services.archive_recovery.recover(platform.operator)
    assert [failure.org_id for failure in report.failures] == [org]
    assert [done.org_id for done in report.recovered] == [PLATFORM]


def test_what_lies_in_glacier_is_asked_for_first(platform: Platform, org: str) -> None:
    key = f"archive/{org}/2026/03/2026-03-03.json.gz"
    platform.storage.tiers[key] = Tier.COLD
    with pytest.raises(PartlyDone, match="Glacier"):
        recover(platform, org)
    assert platform.storage.tiers[key] is Tier.THAWING
    with pytest.raises(PartlyDone, match="Glacier"):
        recover(platform, org)
    platform.storage.tiers[key] = Tier.THAWED
    assert [done.written for done in recover(platform, org)] == [3]


def test_who_may_not_is_refused(platform: Platform, org: str) -> None:
    with pytest.raises(Denied):
        platform.services.archive_recovery.recover(holder(org, "audit:*"), [org])
