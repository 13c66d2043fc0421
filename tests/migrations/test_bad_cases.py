"""What real tables of the old layout are like: each case with what becomes of it, and nothing ever lost."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from bbws_access.clock import iso
from bbws_access.ids import token_hash
from bbws_access.keeper.live import Live
from bbws_access.keeper.verify import Verifier
from bbws_access.migrations.runner import Done
from bbws_access.migrations.wire import MAX_ITEM_BYTES, Attributes, pair, size, text
from bbws_access.services.pages import PageRequest
from bbws_access.services.uniqueness import Named, holder_of
from bbws_access.store.codec import decode
from tests.migrations.conftest import Scene
from tests.migrations.legacy import LegacyTable

pytestmark = pytest.mark.slow


def balanced(scene: Scene, done: Done) -> None:
    """Source items are target items, quarantined ones and documented merges; and the file has what it says."""
    tally = done.tally
    source = scene.source()
    assert tally.source.total() == len(source)
    for kind, count in tally.source.items():
        assert count == tally.migrated[kind] + tally.quarantined[kind] + tally.merged[kind]
    assert len(scene.migrated()) == tally.migrated.total()
    lines = scene.quarantined()
    assert len(lines) == tally.quarantined.total() == done.record.quarantined
    for line in lines:
        assert line["Item"] == source[pair(line["Item"])]
        assert line["reason"]


def run(scene: Scene, *items: Attributes, but: Iterable[str] = ()) -> Done:
    """``but`` are the findings that a check has afterwards: what the source was like, and no migration may guess."""
    scene.fill(*items)
    before = scene.source()
    done = scene.migrate()
    assert scene.source() == before
    balanced(scene, done)
    # The indexes of a table in memory do not lag: nothing is waited for.
    found = Verifier(scene.services.table, scene.clock, make_live=partial(Live, quiet=0.0)).verify()
    assert sorted({str(f.problem) for f in found.findings}) == sorted(but), found.findings
    return done


def held_back(scene: Scene) -> dict[str, str]:
    """The sort key of what is in quarantine, with the reason."""
    return {line["Item"]["SK"]["S"]: line["reason"] for line in scene.quarantined()}


def of(scene: Scene, pk: str, sk: str) -> dict[str, Any]:
    return decode(scene.target()[pk, sk])


def test_drifted_counts_are_made_exact(scene: Scene, legacy: LegacyTable) -> None:
    items = [
        *legacy.basics(),
        legacy.user("o1", "u2"),
        legacy.member("o1", "t1", "u1", "lead", teamRoleName="TEAM_LEAD"),
        legacy.member("o1", "t1", "u2", "member", active=False),
        legacy.assignment("o1", "u1", "r1"),
        legacy.assignment("o1", "u2", "r1", active=False),
        legacy.team("o1", "t2", "Team 2", memberCount=17),
    ]
    done = run(scene, *items)
    team = of(scene, "ORG#o1", "TEAM#t1")
    assert (team["memberCount"], team["leadCount"], team["siteCount"]) == (1, 1, 3)
    assert of(scene, "ORG#o1", "TEAM#t2")["memberCount"] == 0
    assert of(scene, "ORG#o1", "ROLE#r1")["userCount"] == 1
    assert of(scene, "ORG#o1", "TEAMROLE#lead")["userCount"] == 1
    assert of(scene, "ORG#o1", "TEAMROLE#member")["userCount"] == 0
    assert done.tally.notes == {"memberCount corrected": 2}


def test_members_and_assignments_without_their_counterpart(scene: Scene, legacy: LegacyTable) -> None:
    run(
        scene,
        *legacy.basics(),
        legacy.member("o1", "t1", "gone", "lead"),
        legacy.member("o1", "no-team", "u1", "lead"),
        legacy.member("o1", "t1", "u1", "no-role"),
        legacy.assignment("o1", "gone", "r1"),
        legacy.assignment("o1", "u1", "no-role"),
        legacy.token_record("o1", "no-invitation", legacy.token()),
    )
    assert sorted(line["reason"] for line in scene.quarantined()) == [
        "there is no invitation no-invitation",
        "there is no role no-role in the organisation",
        "there is no team no-team in the organisation",
        "there is no team role no-role in the organisation",
        "there is no user gone in the organisation",
        "there is no user gone in the organisation",
    ]
    assert of(scene, "ORG#o1", "TEAM#t1")["memberCount"] == 0


def test_drifted_names_of_roles_follow_the_roles(scene: Scene, legacy: LegacyTable) -> None:
    """A role was renamed, and the old platform left what its holders' records say."""
    done = run(
        scene,
        *legacy.basics(),
        legacy.member("o1", "t1", "u1", "lead", teamRoleName="BOSS"),
        legacy.assignment("o1", "u1", "r1", roleName="ORG_CHIEF"),
    )
    assert of(scene, "ORG#o1#TEAM#t1", "MEMBER#u1")["teamRoleName"] == "TEAM_LEAD"
    assert of(scene, "ORG#o1#USER#u1", "ROLE#r1")["roleName"] == "ORG_ADMIN"
    assert {"teamRoleName corrected", "roleName corrected"} <= done.tally.notes.keys()


def test_two_teams_of_one_name_are_told_apart(scene: Scene, legacy: LegacyTable) -> None:
    """The active one that was there first keeps it; the other keeps its members."""
    done = run(
        scene,
        *legacy.basics(),
        legacy.team("o1", "t2", "  TEAM   1"),
        legacy.member("o1", "t2", "u1", "lead"),
    )
    other = of(scene, "ORG#o1", "TEAM#t2")
    assert of(scene, "ORG#o1", "TEAM#t1")["name"] == "Team 1"
    assert other["name"] == f"  TEAM   1 ({token_hash('t2')[:8]})"
    assert other["memberCount"] == 1
    assert other["GSI1SK"] == f"TEAM#{other['name']}"
    table = scene.services.teams
    assert table.find(scene.operator, "o1", other["name"]).team_id == "t2"
    assert table.find(scene.operator, "o1", "team 1").team_id == "t1"
    assert done.tally.notes["Team renamed: its name was taken"] == 1


def test_two_roles_of_one_name_take_their_assignments_along(scene: Scene, legacy: LegacyTable) -> None:
    run(
        scene,
        *legacy.basics(),
        legacy.role("o1", "r2", active=True),
        legacy.assignment("o1", "u1", "r2"),
    )
    name = f"ORG_ADMIN_{token_hash('r2')[:8].upper()}"
    assert of(scene, "ORG#o1", "ROLE#r2")["name"] == name
    assert of(scene, "ORG#o1#USER#u1", "ROLE#r2")["roleName"] == name


@pytest.mark.parametrize("seeded_first", [True, False])
def test_the_seeds_names_are_the_seeds(scene: Scene, legacy: LegacyTable, seeded_first: bool) -> None:
    """Else a role of the old platform would keep the seed from ever being written."""
    seeder = scene.services.seeder
    if seeded_first:
        seeder.seed(scene.operator)
    old = legacy.role("PLATFORM", "old-admin", "PLATFORM_ADMIN", isSystem=True)
    held = legacy.assignment("PLATFORM", "u1", "old-admin", roleName="PLATFORM_ADMIN")
    run(scene, *legacy.basics(), old, held)
    seeded = seeder.seed(scene.operator)
    assert seeded.written == (0 if seeded_first else seeded.expected)
    name = f"PLATFORM_ADMIN_{token_hash('old-admin')[:8].upper()}"
    assert of(scene, "PLATFORM", "ROLE#old-admin")["name"] == name
    assert of(scene, "ORG#PLATFORM#USER#u1", "ROLE#old-admin")["roleName"] == name


def test_addresses_are_folded_everywhere(scene: Scene, legacy: LegacyTable) -> None:
    token = legacy.token()
    run(
        scene,
        *legacy.basics(),
        legacy.user("o1", "u2", email="Thandi.NKOSI@X.test"),
        legacy.member("o1", "t1", "u2", "member", userEmail="Thandi.NKOSI@X.test"),
        legacy.invitation("o1", "i1", token, email="New.One@X.TEST"),
        legacy.token_record("o1", "i1", token),
    )
    user = of(scene, "ORG#o1", "USER#u2")
    assert (user["email"], user["GSI2PK"]) == ("thandi.nkosi@x.test", "EMAIL#thandi.nkosi@x.test")
    assert of(scene, "ORG#o1#TEAM#t1", "MEMBER#u2")["userEmail"] == "thandi.nkosi@x.test"
    assert of(scene, "ORG#o1", "INV#i1")["GSI2PK"] == "EMAIL#new.one@x.test"
    assert scene.services.users.find(scene.operator, "o1", "THANDI.nkosi@x.test").user_id == "u2"


def test_two_users_that_fold_to_one_address(scene: Scene, legacy: LegacyTable) -> None:
    """Who of them the address belongs to is for a person to say: the later one stays out with all they have."""
    run(
        scene,
        *legacy.basics(),
        legacy.user("o1", "later", email="U1@X.test"),
        legacy.member("o1", "t1", "u1", "lead"),
        legacy.member("o1", "t1", "later", "lead"),
        legacy.assignment("o1", "later", "r1"),
    )
    assert held_back(scene) == {
        "USER#later": "user u1 of the organisation has the same address",
        "MEMBER#later": "user later is in quarantine",
        "ROLE#r1": "user later is in quarantine",
    }
    assert of(scene, "ORG#o1", "TEAM#t1")["memberCount"] == 1
    assert of(scene, "ORG#o1", "ROLE#r1")["userCount"] == 0


def test_the_active_one_of_two_users_keeps_the_address(scene: Scene, legacy: LegacyTable) -> None:
    run(
        scene,
        *legacy.basics(),
        legacy.user("o1", "old", email="same@x.test", active=False),
        legacy.user("o1", "new", email="Same@x.test"),
    )
    assert set(held_back(scene)) == {"USER#old"}


def test_what_nobody_knows_is_carried_over_untouched(scene: Scene, legacy: LegacyTable) -> None:
    widget: Attributes = {
        "PK": {"S": "ORG#o1"},
        "SK": {"S": "SITE#s1"},
        "GSI1PK": {"S": "SITES"},
        "GSI1SK": {"S": "s1"},
        "price": {"N": "0.12345678901234567890123456789012345678"},
        "huge": {"N": "123456789012345678901234567890"},
        "blob": {"B": b"\x00\xff"},
        "tags": {"SS": ["b", "a"]},
        "empty": {"S": ""},
        "nothing": {"NULL": True},
        "deep": {"M": {"list": {"L": [{"N": "1"}, {"M": {}}, {"NS": ["2", "1"]}]}}},
    }
    user = legacy.user("o1", "u9") | {"shoeSize": {"N": "43.5"}, "notes": {"L": [{"NULL": True}]}}
    run(scene, *legacy.basics(), widget, user)
    target = scene.target()
    moved = {name: value for name, value in target["ORG#o1", "SITE#s1"].items() if name != "migratedFrom"}
    moved["tags"]["SS"].sort(reverse=True)
    assert moved == widget
    assert target["ORG#o1", "USER#u9"]["shoeSize"] == {"N": "43.5"}
    assert target["ORG#o1", "USER#u9"]["notes"] == {"L": [{"NULL": True}]}


@pytest.mark.parametrize(
    ("pk", "sk", "more"),
    [
        ("ORG#o1", "UNIQUE#TEAM#x", {}),
        ("ORG#o1", "AUDITHEAD", {}),
        ("ORG#o1", "TEAM#", {}),
        ("ORG#o1#USER#u1", "ROLE#r1", {}),
        ("ORGNAME#x", "METADATA", {}),
        ("MIGRATIONS", "LEASE", {}),
        ("WIDGET#1", "A", {"GSI1PK": "ORG#o1#STATUS#PENDING", "GSI1SK": "2026"}),
        ("WIDGET#1", "A", {"GSI1PK": "ORG#o1#ROLE#r1", "GSI1SK": "USER#u1"}),
        ("WIDGET#1", "A", {"GSI1PK": "ORG#o1#ACTIVE#true", "GSI1SK": "TEAM#x"}),
        ("WIDGET#1", "A", {"GSI1PK": "ORGANISATIONS", "GSI1SK": "x"}),
        ("WIDGET#1", "A", {"GSI2PK": "EMAIL#u1@x.test", "GSI2SK": "ORG#o1#USER"}),
        ("WIDGET#1", "A", {"GSI3PK": "USER#u1", "GSI3SK": "ORG#PLATFORM#ROLE#role-platform-admin-001"}),
    ],
)
def test_what_the_new_layout_would_take_for_its_own_stays_out(
    scene: Scene, legacy: LegacyTable, pk: str, sk: str, more: dict[str, str]
) -> None:
    """Else a record that meant nothing could open a door, or close one."""
    forged = {name: {"S": value} for name, value in {"PK": pk, "SK": sk, **more}.items()}
    run(scene, *legacy.basics(), forged)
    assert list(held_back(scene)) == [sk]


@pytest.mark.emulator
@pytest.mark.xdist_group("emulator")
def test_items_that_would_grow_too_large(real: Scene, legacy: LegacyTable) -> None:
    """New keys make items longer; who was just below the limit of DynamoDB would be above it."""
    fits = legacy.user("o1", "fits", firstName="x" * (390 * 1024))
    bursts = legacy.user("o1", "bursts", firstName="")
    bursts["firstName"]["S"] = "x" * (MAX_ITEM_BYTES - size(bursts) - 50)
    run(real, *legacy.basics(), fits, bursts)
    assert held_back(real) == {
        "USER#bursts": "under its new keys it would be larger than 400 KB, the most that DynamoDB takes"
    }


def test_long_expired_tokens_open_nothing_as_before(scene: Scene, legacy: LegacyTable) -> None:
    token, long_ago = legacy.token(), datetime(2024, 3, 1, tzinfo=UTC)
    invitation = legacy.invitation("o1", "i1", token, expiresAt=iso(long_ago))
    run(scene, *legacy.basics(), invitation, legacy.token_record("o1", "i1", token, expiresAt=iso(long_ago), ttl=5))
    record = of(scene, f"INVTOKEN#{token_hash(token)}", "METADATA")
    assert record["ttl"] == int((long_ago + timedelta(hours=24)).timestamp())
    with pytest.raises(Exception, match="expired"):
        scene.services.invitations.by_token(token)


def test_cancelled_means_revoked(scene: Scene, legacy: LegacyTable) -> None:
    token = legacy.token()
    run(scene, *legacy.basics(), legacy.invitation("o1", "i1", token, "CANCELLED"))
    invitation = of(scene, "ORG#o1", "INV#i1")
    assert (invitation["status"], invitation["GSI1PK"]) == ("REVOKED", "ORG#o1#STATUS#REVOKED")
    assert "token" not in invitation
    assert invitation["tokenHash"] == token_hash(token)


def test_two_invitations_of_one_address(scene: Scene, legacy: LegacyTable) -> None:
    """Of those that have run out, the one that lasted longest waits; two that still work are for a person."""
    old, new, dead, live = (legacy.token() for _ in range(4))
    past = iso(datetime(2026, 1, 1, tzinfo=UTC))
    run(
        scene,
        *legacy.basics(),
        legacy.invitation("o1", "old", old, email="two@x.test"),
        legacy.token_record("o1", "old", old),
        legacy.invitation("o1", "new", new, email="TWO@x.test", expiresAt=iso(datetime(2026, 1, 20, tzinfo=UTC))),
        legacy.token_record("o1", "new", new),
        legacy.invitation("o1", "dead", dead, email="one@x.test", expiresAt=past),
        legacy.invitation("o1", "live", live, email="one@x.test"),
        but=("invitation.token-missing", "token.expiry-wrong"),
    )
    reasons = {line["entity"]: line["reason"] for line in scene.quarantined()}
    assert reasons == {
        "Invitation": "invitation new of the same address waits as well",
        "InvitationToken": "invitation old is in quarantine",
    }
    assert of(scene, "ORG#o1", "INV#dead")["status"] == "EXPIRED"
    assert of(scene, "ORG#o1", "INV#live")["status"] == "PENDING"
    assert scene.services.invitations.by_token(new).invitation_id == "new"


def test_a_raw_token_is_found_wherever_it_hides(scene: Scene, legacy: LegacyTable) -> None:
    token = legacy.token()
    run(
        scene,
        *legacy.basics(),
        legacy.invitation("o1", "i1", token, link=f"https://x.test/invite/{token}?a=1"),
        legacy.token_record("o1", "i1", token, token=token),
        legacy.event("o1", "e1", resourceId=token, details={"after": {"links": [f"/invite/{token}"]}}),
        {"PK": {"S": "MAILLOG#1"}, "SK": {"S": "A"}, "body": {"S": f"Click {token}!"}},
    )
    assert token not in repr(scene.target())
    assert of(scene, "ORG#o1", "INV#i1")["link"] == f"https://x.test/invite/{token_hash(token)}?a=1"


def test_a_raw_token_is_found_in_the_middle_of_other_digits_and_of_another_form(
    scene: Scene, legacy: LegacyTable
) -> None:
    token, odd = legacy.token(), "Odd-Token_of.another/form=="
    run(
        scene,
        *legacy.basics(),
        legacy.invitation("o1", "i1", token, link=f"beef{token}cafe"),
        legacy.token_record("o1", "i1", token),
        legacy.token_record("o1", "i1", odd),
        {"PK": {"S": "MAILLOG#1"}, "SK": {"S": "A"}, "body": {"S": f"Click https://x.test/{odd}!"}},
        but=("token.stale",),
    )
    assert token not in repr(scene.target())
    assert odd not in repr(scene.target())


def test_no_token_of_a_checkpoint_or_report(scene: Scene, legacy: LegacyTable) -> None:
    """The last item of a page may be a token's; its key is not written down."""
    token = legacy.token()
    scene.fill(*legacy.basics(), legacy.invitation("o1", "i1", token), legacy.token_record("o1", "i1", token))
    migrator = scene.migrator()
    plan = migrator.plan(*migrator.outstanding(None))
    assert token not in json.dumps(plan.examples)
    assert "(secret)" in json.dumps(plan.examples)


def test_events_keep_their_days_and_cannot_expire_before_they_are_archived(scene: Scene, legacy: LegacyTable) -> None:
    old, new = datetime(2024, 5, 1, tzinfo=UTC), datetime(2026, 1, 10, 8, tzinfo=UTC)
    run(scene, *legacy.basics(), legacy.event("o1", "old", old), legacy.event("o1", "new", new, ttl=None))
    for event, at in (("old", old), ("new", new)):
        found = of(scene, f"ORG#o1#DATE#{iso(at)[:10]}", f"EVENT#{iso(at)}#{event}")
        assert "ttl" not in found
        assert found["GSI4PK"] == "USER#u1"
        assert found["GSI5PK"] == "ORG#o1#TYPE#AUTHORIZATION"
        assert not {"GSI1PK", "GSI2PK", "sequence"} & found.keys()


def test_the_chain_begins_with_the_first_change_on_the_new_platform(scene: Scene, legacy: LegacyTable) -> None:
    run(scene, *legacy.basics(), legacy.event("o1", "e1"))
    scene.services.users.deactivate(scene.operator, "o1", "u1")
    events = [decode(i) for (pk, _), i in scene.target().items() if pk.startswith("ORG#o1#DATE#")]
    assert sorted((e.get("sequence"), e["action"]) for e in events if "sequence" in e) == [(1, "user.deactivate")]


def _broken(legacy: LegacyTable) -> Iterable[tuple[Attributes, str]]:
    wrong: Any = {"M": {}}
    yield legacy.user("o1", "x") | {"email": wrong}, "email is not a text"
    yield legacy.user("o1", "x", lastName=None), "lastName is missing"
    yield legacy.user("o1", "x", userId="y"), "its userId is not the one in its key"
    yield legacy.user("o1", "x", dateCreated=None), "dateCreated is missing"
    yield legacy.user("o1", "x", active="yes"), "active is not true or false"
    yield legacy.team_role("o1", "x", "X", "CAN_FLY"), "capabilities is not a list, each item one of CAN_MANAGE_MEMBERS"
    yield legacy.team("o1", "x", "X", siteCount="many"), "siteCount is not a whole number"
    yield legacy.invitation("o1", "x", "t", status="MAYBE"), "status is not one of PENDING"
    yield legacy.invitation("o1", "x", "t", token=None), "it is pending and has no token"
    yield legacy.event("o1", "x", eventType="PARTY"), "eventType is not one of AUTHORIZATION"
    yield legacy.event("o1", "x", sequence=1), "it carries a sequence, which the old layout does not have"
    yield legacy.token_record("o1", "i", "t", expiresAt="soon"), "expiresAt is not a time in ISO 8601"
    yield (
        legacy.role("o1", "x", "x" * 1015, GSI1PK=None, GSI1SK=None),
        "one of its new keys would be longer than DynamoDB allows",
    )


@pytest.mark.parametrize("case", range(13))
def test_what_does_not_fit_its_model_stays_out(scene: Scene, legacy: LegacyTable, case: int) -> None:
    item, reason = list(_broken(legacy))[case]
    run(scene, item, legacy.organisation("o1"))
    (line,) = scene.quarantined()
    assert line["reason"].startswith(reason)


def test_a_null_is_what_was_left_out(scene: Scene, legacy: LegacyTable) -> None:
    team = legacy.team("o1", "x", "X") | {"divisionId": {"NULL": True}, "description": {"NULL": True}}
    run(scene, legacy.organisation("o1"), team)
    found = scene.services.teams.get(scene.operator, "o1", "x")
    assert (found.division_id, found.description) == (None, "")


def test_the_target_holds_somebody_elses_record(scene: Scene, legacy: LegacyTable) -> None:
    theirs = {"PK": {"S": "ORG#o1"}, "SK": {"S": "USER#u1"}, "userId": {"S": "u1"}}
    scene.client.put_item(TableName=scene.target_name, Item=theirs)
    run(scene, *legacy.basics(), but=("item.invalid",))
    assert held_back(scene) == {"USER#u1": "another record stands under its key in the target"}
    assert scene.target()["ORG#o1", "USER#u1"] == theirs


def test_names_that_the_target_has_given_away(scene: Scene, legacy: LegacyTable) -> None:
    """An organisation of the name was created on the new platform before the old ones came."""
    from bbws_access.models.organisation import NewOrganisation

    new = scene.services.organisations.create(scene.operator, NewOrganisation(name="Organisation O1"))
    run(scene, *legacy.basics())
    names = {o.name for o in scene.services.organisations.page(scene.operator, PageRequest()).items}
    assert names == {"Organisation O1", f"Organisation o1 ({token_hash('o1')[:8]})"}
    assert scene.services.organisations.find(scene.operator, "organisation o1") == new


def test_the_quarantine_file_is_for_its_owner_only(scene: Scene, legacy: LegacyTable) -> None:
    run(scene, legacy.user("o1", "x", lastName=None))
    assert scene.quarantine_file.stat().st_mode & 0o777 == 0o600


def test_guards_are_those_that_the_services_ask(scene: Scene, legacy: LegacyTable) -> None:
    token = legacy.token()
    run(scene, *legacy.basics(), legacy.invitation("o1", "i1", token), legacy.token_record("o1", "i1", token))
    table = scene.services.teams._table
    assert holder_of(table, "o1", Named.TEAM, "team 1") == "t1"
    assert holder_of(table, "o1", Named.ROLE, "ORG_ADMIN") == "r1"
    assert holder_of(table, "o1", Named.TEAM_ROLE, "MEMBER") == "member"
    scene.services.invitations.revoke(scene.operator, "o1", "i1")
    assert ("ORG#o1", "UNIQUE#PENDING#i1@x.test") not in scene.target()
    assert text(scene.target()["ORG#o1", "INV#i1"], "status") == "REVOKED"
