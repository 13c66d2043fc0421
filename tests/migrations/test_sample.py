"""The sample of the old layout comes over: what its census says holds on the new platform."""

from __future__ import annotations

from collections import Counter

import pytest

from bbws_access.access.principal import PrincipalLoader
from bbws_access.cursors import Cursors
from bbws_access.ids import token_hash
from bbws_access.keeper.verify import Verifier
from bbws_access.keys import PLATFORM
from bbws_access.migrations.legacy_layout import MODELS, Kind, recognise
from bbws_access.migrations.wire import Attributes, pair, text
from bbws_access.models.kinds import InvitationStatus
from bbws_access.services.pages import every
from bbws_access.store.codec import decode
from lambdas.wiring import wired
from tests.lambdas.gateway import FakeSealer, ask
from tests.migrations.conftest import Scene
from tests.migrations.legacy import census, sample
from tests.services.holders import holder

ACCEPTANCE = {"firstName": "Thandi", "lastName": "Nkosi", "password": "Correct-horse-7"}

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("emulator")]


def test_the_census_holds(real: Scene) -> None:
    real.fill(*sample())
    before = real.source()
    done = real.migrate()
    expected = census()

    assert done.tally.source == expected["entities"]
    assert done.tally.migrated == expected["entities"]
    assert done.tally.quarantined.total() == done.tally.merged.total() == 0
    assert not real.quarantined()
    assert real.source() == before
    assert len(real.migrated()) == expected["items"]

    services, operator = real.services, real.operator
    users = [f"{text(item, 'organisationId')}/{text(item, 'userId')}" for item in before.values() if is_user(item)]
    assert len(users) == expected["entities"]["User"]
    for who in users:
        org, user = who.split("/")
        access = services.users.access(operator, org, user)
        assert sorted(r.role_id for r in access.roles) == sorted(expected["assignments"].get(who, []))
        assert {t.team_id for t in access.teams} == set(expected["memberships"].get(who, []))


def is_user(item: Attributes) -> bool:
    return recognise(*pair(item))[0] is Kind.USER


def test_the_api_takes_them_as_they_were(real: Scene) -> None:
    """The deployed functions: tokens open their invitations once, and the authorizer knows who is in which team."""
    real.fill(*sample())
    real.services.seeder.seed(real.operator)
    real.migrate()
    expected = census()
    with wired(real.services, Cursors(FakeSealer())):
        for who, teams in expected["memberships"].items():
            org, user = who.split("/")
            asked = ask("team-get-user-teams", holder(org, "user:read"), orgId=org, userId=user)
            assert {team["teamId"] for team in asked.json["items"]} == set(teams)
            principal = PrincipalLoader(real.services.table, real.clock).load(user, org)
            assert principal.actor.team_capabilities.keys() == set(teams)
            assert set(principal.role_ids) >= set(expected["assignments"].get(who, []))
        for token in expected["tokens"]:
            real.clock.advance(minutes=1)  # an address may look five times a minute
            shown = ask("invitation-get-invitation-by-token", None, token=token["token"])
            assert shown.status == 200
            accepted = ask("invitation-accept-invitation", None, ACCEPTANCE, token=token["token"])
            assert (accepted.status, accepted.json["status"]) == (200, "ACCEPTED")
            used = ask("invitation-accept-invitation", None, ACCEPTANCE, token=token["token"])
            assert (used.status, used.code) == (400, "ALREADY_USED")
            invitation = real.services.invitations.get(real.operator, token["org"], token["invitationId"])
            assert invitation.status is InvitationStatus.ACCEPTED
    assert Verifier(real.services.table, real.clock).verify().clean


def test_every_item_is_one_that_its_model_reads_and_would_write_so(real: Scene) -> None:
    real.fill(*sample())
    real.migrate()
    kinds: Counter[str] = Counter()
    for (pk, sk), item in real.migrated().items():
        kind, _ = recognise(pk, sk)
        if kind is Kind.UNKNOWN:
            kind = Kind.ASSIGNMENT
        plain = decode(item)
        stored = MODELS[kind].from_item(plain).to_item()
        assert {name: stored[name] for name in plain if name in stored} == {n: plain[n] for n in plain if n in stored}
        assert {name for name in plain if name.startswith("GSI")} == {n for n in stored if n.startswith("GSI")}
        kinds[kind] += 1
    assert kinds == census()["entities"]


def test_no_raw_token_is_left(real: Scene) -> None:
    items = sample()
    real.fill(*items)
    real.migrate()
    everything = repr(real.target())
    tokens = {token for item in items if (token := text(item, "token"))}
    tokens |= {pk.removeprefix("INVTOKEN#") for item in items if (pk := item["PK"]["S"]).startswith("INVTOKEN#")}
    assert tokens
    for token in tokens:
        assert token not in everything
        assert token_hash(token) in everything


def test_a_second_run_does_nothing(real: Scene) -> None:
    real.fill(*sample())
    real.migrate()
    before = real.target()
    assert real.migrator().outstanding(None) == []
    again = real.migrate()
    assert again.tally.written == 0
    after = real.target()
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert {pk for pk, sk in changed if sk != "AUDITHEAD"} <= {"MIGRATIONS", f"ORG#{PLATFORM}#DATE#2026-01-10"}


def test_the_seed_was_there_first(real: Scene) -> None:
    """What the platform's own seed wrote counts; the source's copy of it is merged into it."""
    real.services.seeder.seed(real.operator)
    real.fill(*sample())
    done = real.migrate()
    assert done.tally.merged == {"Permission": 25, "Role": 2}
    for kind, count in done.tally.source.items():
        assert count == done.tally.migrated[kind] + done.tally.quarantined[kind] + done.tally.merged[kind]
    services, operator = real.services, real.operator
    assert len(list(every(lambda p: services.permissions.page(operator, p)))) == 42


def test_down_gives_everything_back(real: Scene) -> None:
    real.fill(*sample())
    source = real.source()
    before = real.target()
    real.migrate()
    migrator = real.migrator()
    (applied,) = migrator.applied_after(0)
    done = migrator.down(real.operator, applied)
    assert done.removed == len(source)
    assert real.source() == source
    left = {key: item for key, item in real.target().items() if key[0] not in ("MIGRATIONS", f"ORG#{PLATFORM}")}
    assert {key for key in left if "#DATE#" not in key[0]} == before.keys()
    assert [r.state for r in migrator.history()] == ["REVERTED"]
    assert real.migrate().tally.migrated == census()["entities"]


def test_the_migration_is_in_the_trail_and_in_the_history(real: Scene) -> None:
    real.fill(*sample())
    real.migrate()
    (record,) = real.migrator().history()
    assert (record.state, record.items, record.finished_by) == ("DONE", 386, "ops@example.com")
    actions = [i["action"]["S"] for (pk, _), i in real.target().items() if pk.startswith(f"ORG#{PLATFORM}#DATE#")]
    assert actions == ["table.migrate"]


def test_the_tables_check_finds_nothing_afterwards(real: Scene) -> None:
    """The platform's own roles, which assignments of the sample name, come by the seed."""
    real.fill(*sample())
    real.services.seeder.seed(real.operator)
    real.migrate()
    found = Verifier(real.services.table, real.clock).verify()
    assert [(str(f.problem), f.key, f.message) for f in found.findings] == []
