"""One of each kind of damage: exactly that is found, at its key, and where it has one right answer, mended."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from bbws_access import keys
from bbws_access.keeper.facts import Facts
from bbws_access.keeper.findings import Problem
from bbws_access.keeper.live import Live
from bbws_access.keeper.verify import Verifier
from bbws_access.keys import PLATFORM
from bbws_access.models.audit import AuditEvent
from bbws_access.models.invitation import Invitation
from bbws_access.models.kinds import Capability, Outcome
from bbws_access.models.organisation import Organisation
from bbws_access.models.role import Role
from bbws_access.models.team import NewTeam, Team, TeamRole
from bbws_access.services.chain import event_hash
from bbws_access.store import scan
from bbws_access.store.table import Item
from bbws_access.text import fold_name
from tests.keeper.conftest import Town, moto_table

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _quick_scan(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading moto's memory instead of its answers, which take it ten times as long; see test_scan for those."""

    def read(client: Any, request: dict[str, Any]) -> dict[str, Any]:
        memory = moto_table(town.platform.client)
        return {"Items": [item.to_json()["Attributes"] for item in memory.all_items()]}

    monkeypatch.setattr(scan, "_raw_scan", read)


P = Problem
Key = dict[str, str]


@dataclass(frozen=True)
class Damage:
    """``harm`` does it and returns the key at which it must be found."""

    name: str
    problem: Problem
    harm: Callable[[Town], Key]
    mends: bool = False


def pair(item: Any) -> Key:
    return {"PK": item["PK"], "SK": item["SK"]}


def edited(key: Callable[[Town], Key], **changes: Any) -> Callable[[Town], Key]:
    def harm(town: Town) -> Key:
        town.edit(key(town), **changes)
        return pair(key(town))

    return harm


def team_role_key(town: Town) -> Key:
    return keys.team_role_key(town.org_id, town.team_role_id)


def role_key(town: Town) -> Key:
    return keys.role_key(town.org_id, town.role_id)


def user_key(town: Town) -> Key:
    return keys.user_key(town.org_id, town.member.user_id)


def set_key(town: Town) -> Key:
    return keys.permission_set_key(town.org_id, town.set_id)


def named_guard(town: Town) -> Key:
    return keys.unique_name_key(town.org_id, "TEAM", "web")


def pending_guard(town: Town) -> Key:
    return keys.pending_invitation_key(town.org_id, "again@example.com")


def event_key(number: int) -> Callable[[Town], Key]:
    return lambda town: pair(town.events()[number])


def gone(key: Callable[[Town], Key], found_at: Callable[[Town], Key]) -> Callable[[Town], Key]:
    def harm(town: Town) -> Key:
        place = pair(found_at(town))
        town.delete(key(town))
        return place

    return harm


def other_role_key(town: Town) -> Key:
    return pair(next(i for i in town.items() if i.get("name") == "SITE_ADMIN" and i["PK"].endswith(town.org_id)))


def moved(town: Town) -> Key:
    """A record under a key that is not its own."""
    item = town.get(set_key(town))
    town.put({**item, "SK": "PERMSET#elsewhere"})
    town.delete(set_key(town))
    return {"PK": item["PK"], "SK": "PERMSET#elsewhere"}


def twin(key: Callable[[Town], Key], **own: Any) -> Callable[[Town], Key]:
    """A second record of the same name, which the guard does not name."""

    def harm(town: Town) -> Key:
        item = town.get(key(town))
        model: Any = {"TEAM": Team, "ROLE": Role, "INV": Invitation}[item["SK"].partition("#")[0]]
        record = model.from_item({**item, **own})
        town.put(record.to_item())
        return pair(record.keys())

    return harm


def second_user(town: Town) -> Key:
    item = town.get(user_key(town))
    key = keys.user(town.org_id, "another", item["email"])
    town.put({**item, **key, "userId": "another"})
    return pair(key)


def orphan_guard(kind: str) -> Callable[[Town], Key]:
    def harm(town: Town) -> Key:
        key = keys.unique_name_key(town.org_id, kind, "long gone")
        town.put({**key, "holder": "nobody"})
        return key

    return harm


def stale_guard(town: Town) -> Key:
    """Left by a rename: its holder is there, and is called otherwise."""
    key = keys.unique_name_key(town.org_id, "TEAM", "the former name")
    town.put({**key, "holder": town.team.team_id})
    return key


def orphan(make: Callable[[Town], dict[str, Any]]) -> Callable[[Town], Key]:
    def harm(town: Town) -> Key:
        item = make(town)
        town.put(item)
        return pair(item)

    return harm


def assignment_of(user_id: str, role_id: str | None = None, **more: Any) -> Callable[[Town], Key]:
    """Instead of the member's; counted where the role is."""

    def harm(town: Town) -> Key:
        item = town.get(town.assignment_key)
        town.delete(town.assignment_key)
        role = role_id or town.role_id
        key = keys.assignment(town.org_id, user_id or town.member.user_id, role)
        town.put({**item, **key, "userId": user_id or town.member.user_id, "roleId": role, **more})
        if role != town.role_id:
            town.edit(role_key(town), userCount=0)
        return pair(key)

    return harm


def platform_assignment(town: Town) -> Key:
    item = next(i for i in town.items() if i["PK"].startswith("ORG#PLATFORM#USER#"))
    town.delete(item)
    key = keys.assignment(PLATFORM, "nobody", item["roleId"])
    town.put({**item, **key, "userId": "nobody"})
    return pair(key)


def member_elsewhere(**ids: str) -> Callable[[Town], Key]:
    """The member's seat is moved to a team, team role or user that does not exist; the counts follow."""

    def harm(town: Town) -> Key:
        item = town.get(town.member_key)
        town.delete(town.member_key)
        new = {**item, **ids}
        key = keys.member(town.org_id, new["teamId"], new["userId"], new["teamRoleId"])
        town.put({**new, **key})
        if "teamId" in ids:
            town.edit(town.team_key, memberCount=1)
            town.edit(team_role_key(town), userCount=0)
        if "teamRoleId" in ids:
            town.edit(team_role_key(town), userCount=0)
        return pair(key)

    return harm


def user_rests(key: Callable[[Town], Key], other: Callable[[Town], Key]) -> Callable[[Town], Key]:
    """Their profile was deactivated and one of the two things they have was not; the other one was."""

    def harm(town: Town) -> Key:
        town.edit(user_key(town), active=False)
        town.edit(other(town), active=False)
        if "MEMBER#" in other(town)["SK"]:
            town.edit(town.team_key, memberCount=1)
            town.edit(team_role_key(town), userCount=0)
        else:
            town.edit(role_key(town), userCount=0)
        return pair(key(town))

    return harm


def inactive_role(town: Town) -> Key:
    town.edit(role_key(town), active=False, GSI1PK=f"ORG#{town.org_id}#ACTIVE#false")
    return pair(town.assignment_key)


def inactive_team_role(town: Town) -> Key:
    town.edit(team_role_key(town), active=False, GSI1PK=f"ORG#{town.org_id}#ACTIVE#false")
    return pair(town.member_key)


def invitation_names(**ids: str) -> Callable[[Town], Key]:
    return edited(lambda t: t.invitation_key, **ids)


def orphan_token(days: int) -> Callable[[Town], Key]:
    def harm(town: Town) -> Key:
        item = town.get(town.token_key)
        key = keys.invitation_token_key("f" * 64)
        expires = town.platform.clock.now() + timedelta(days=days)
        stamp = expires.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        ttl = int(expires.timestamp()) + 86400
        more = {"tokenHash": "f" * 64, "invitationId": "nobody", "expiresAt": stamp, "ttl": ttl}
        town.put({**item, **key, **more})
        return key

    return harm


def older_token(town: Town) -> Key:
    key = keys.invitation_token_key("e" * 64)
    town.put({**town.get(town.token_key), **key, "tokenHash": "e" * 64})
    return key


def no_lead(town: Town) -> Key:
    key = keys.member_key(town.org_id, town.team.team_id, town.lead.user_id)
    town.edit(key, active=False)
    town.edit(keys.team_role_key(town.org_id, town.lead_role_id), userCount=0)
    town.edit(town.team_key, memberCount=1, leadCount=0)
    return pair(town.team_key)


def two_of_one_sequence(town: Town) -> Key:
    event = AuditEvent.from_item(town.events()[4]).model_copy(update={"event_id": "ZZZ"})
    event = event.model_copy(update={"event_hash": event_hash(event)})
    following = AuditEvent.from_item(town.events()[5])
    relinked = following.model_copy(update={"previous_hash": event.event_hash})
    town.put(event.to_item())
    assert relinked.sequence == following.sequence
    later = town.events()
    # What follows stays linked to the twin, which sorts after the original.
    previous = event
    for item in [i for i in later if i["sequence"] > (event.sequence or 0)]:
        linked = AuditEvent.from_item(item).model_copy(update={"previous_hash": previous.event_hash})
        previous = linked.model_copy(update={"event_hash": event_hash(linked)})
        town.put(previous.to_item())
    town.edit(keys.audit_head_key(town.org_id), hash=previous.event_hash)
    return pair(event.keys())


def relinked(town: Town) -> Key:
    """Somebody altered an event and made its hash anew: the next one tells."""
    event = AuditEvent.from_item(town.events()[4]).model_copy(update={"outcome": Outcome.DENIED})
    town.put(event.model_copy(update={"event_hash": event_hash(event)}).to_item())
    return pair(town.events()[5])


def cut_off(town: Town) -> Key:
    town.delete(town.events()[-1])
    return keys.audit_head_key(town.org_id)


def head_edited(**changes: Any) -> Callable[[Town], Key]:
    return edited(lambda t: keys.audit_head_key(t.org_id), **changes)


def no_head(town: Town) -> Key:
    town.delete(keys.audit_head_key(town.org_id))
    return keys.audit_head_key(town.org_id)


def no_organisation(town: Town) -> Key:
    """An organisation of which only one thing is left."""
    item = town.get(set_key(town))
    key = keys.permission_set("org-lost", item["setId"], True, item["dateCreated"])
    town.put({**item, **key, "organisationId": "org-lost"})
    town.put({**keys.unique_name_key("org-lost", "PERMSET", fold_name(item["name"])), "holder": item["setId"]})
    return keys.organisation_key("org-lost")


def mixed_case(town: Town) -> Key:
    key = user_key(town)
    item = town.get(key)
    town.delete(keys.user_email_key(town.org_id, item["email"]))
    town.edit(key, email="Ada@Example.com", GSI2PK=keys.by_email("Ada@Example.com"))
    town.put({**keys.user_email_key(town.org_id, "Ada@Example.com"), "holder": item["userId"]})
    return pair(key)


DAMAGES = [
    Damage("wrong type", P.ITEM_INVALID, edited(user_key, version="many")),
    Damage("missing attribute", P.ITEM_INVALID, edited(set_key, description=None)),
    Damage("unknown value", P.ITEM_INVALID, edited(event_key(3), outcome="MAYBE")),
    Damage("guard without holder", P.ITEM_INVALID, edited(pending_guard, invitationId=7)),
    Damage("head of the wrong type", P.ITEM_INVALID, head_edited(hash="short")),
    Damage("under another key", P.KEY_WRONG, moved),
    Damage("index key wrong", P.INDEX_WRONG, edited(user_key, GSI2PK="EMAIL#other"), mends=True),
    Damage("index key missing", P.INDEX_WRONG, edited(lambda t: t.member_key, GSI3PK=None, GSI3SK=None), mends=True),
    Damage("index key too many", P.INDEX_WRONG, edited(lambda t: t.team_key, GSI4PK="X", GSI4SK="Y"), mends=True),
    Damage("index of a guard", P.INDEX_WRONG, edited(named_guard, GSI1PK="X", GSI1SK="Y"), mends=True),
    Damage("index of an event", P.INDEX_WRONG, edited(event_key(2), GSI5PK="X"), mends=True),
    Damage("index of an assignment", P.INDEX_WRONG, edited(lambda t: t.assignment_key, GSI1PK="X"), mends=True),
    Damage(
        "index of a permission",
        P.INDEX_WRONG,
        edited(lambda t: keys.permission_key("site:read"), GSI1SK="X"),
        mends=True,
    ),
    Damage("index by active", P.INDEX_WRONG, edited(role_key, GSI1PK="PLATFORM#ACTIVE#true"), mends=True),
    Damage("no organisation", P.ORGANISATION_MISSING, no_organisation),
    Damage("grant of nothing", P.GRANT_UNKNOWN, edited(role_key, permissions=["site:fly"])),
    Damage("mixed case", P.EMAIL_NOT_FOLDED, mixed_case),
    Damage("no name guard", P.GUARD_MISSING, gone(named_guard, lambda t: t.team_key), mends=True),
    Damage(
        "no email guard",
        P.GUARD_MISSING,
        gone(lambda t: keys.user_email_key(t.org_id, "ada@example.com"), user_key),
        mends=True,
    ),
    Damage("no pending guard", P.GUARD_MISSING, gone(pending_guard, lambda t: t.invitation_key), mends=True),
    Damage(
        "no organisation guard",
        P.GUARD_MISSING,
        gone(lambda t: keys.organisation_name_key("acme"), lambda t: keys.organisation_key(t.org_id)),
        mends=True,
    ),
    Damage("guard of a lost role", P.GUARD_ORPHAN, orphan_guard("ROLE"), mends=True),
    Damage("guard of a lost set", P.GUARD_ORPHAN, orphan_guard("PERMSET"), mends=True),
    Damage("guard after a rename", P.GUARD_ORPHAN, stale_guard, mends=True),
    Damage(
        "guard of a lost user",
        P.GUARD_ORPHAN,
        orphan(lambda t: {**keys.user_email_key(t.org_id, "nobody@example.com"), "holder": "nobody"}),
        mends=True,
    ),
    Damage(
        "guard of a lost organisation",
        P.GUARD_ORPHAN,
        orphan(lambda t: {**keys.organisation_name_key("nowhere"), "organisationId": "org-nowhere"}),
        mends=True,
    ),
    Damage(
        "pending guard of nothing",
        P.GUARD_ORPHAN,
        orphan(lambda t: {**keys.pending_invitation_key(t.org_id, "n@example.com"), "invitationId": "nobody"}),
        mends=True,
    ),
    Damage(
        "pending guard of one that ended",
        P.GUARD_ORPHAN,
        orphan(
            lambda t: {
                **keys.pending_invitation_key(t.org_id, "no@example.com"),
                "invitationId": next(i["invitationId"] for i in t.items() if i.get("status") == "DECLINED"),
            }
        ),
        mends=True,
    ),
    Damage("guard names another", P.GUARD_WRONG, edited(named_guard, holder="nobody"), mends=True),
    Damage(
        "two teams of a name",
        P.NAME_DUPLICATE,
        twin(lambda t: t.team_key, teamId="t2", name="WEB", memberCount=0, leadCount=0),
    ),
    Damage("two roles of a name", P.NAME_DUPLICATE, twin(other_role_key, roleId="r2")),
    Damage("two profiles of an address", P.EMAIL_DUPLICATE, second_user),
    Damage(
        "two pending invitations",
        P.PENDING_DUPLICATE,
        twin(lambda t: t.invitation_key, invitationId="i2", expiresAt="2026-01-01T00:00:00.000Z"),
    ),
    Damage("assignment of no role", P.ASSIGNMENT_ROLE_MISSING, assignment_of("", "role-lost")),
    Damage("assignment of no user", P.ASSIGNMENT_USER_MISSING, assignment_of("nobody")),
    Damage("platform role of no user", P.ASSIGNMENT_USER_MISSING, platform_assignment),
    Damage("assignment of an inactive role", P.ASSIGNMENT_ROLE_INACTIVE, inactive_role),
    Damage(
        "assignment of an older name",
        P.ASSIGNMENT_ROLE_NAME,
        edited(lambda t: t.assignment_key, roleName="OLD"),
        mends=True,
    ),
    Damage(
        "assignment of one who rests",
        P.ASSIGNMENT_USER_INACTIVE,
        user_rests(lambda t: t.assignment_key, lambda t: t.member_key),
    ),
    Damage("member of no team", P.MEMBER_TEAM_MISSING, member_elsewhere(teamId="team-lost")),
    Damage("member in no team role", P.MEMBER_ROLE_MISSING, member_elsewhere(teamRoleId="lost")),
    Damage("member who is no user", P.MEMBER_USER_MISSING, member_elsewhere(userId="nobody")),
    Damage("member in an inactive role", P.MEMBER_ROLE_INACTIVE, inactive_team_role),
    Damage(
        "member of an older name", P.MEMBER_ROLE_NAME, edited(lambda t: t.member_key, teamRoleName="OLD"), mends=True
    ),
    Damage("member who rests", P.MEMBER_USER_INACTIVE, user_rests(lambda t: t.member_key, lambda t: t.assignment_key)),
    Damage("invitation to no role", P.INVITATION_ROLE_MISSING, invitation_names(roleId="lost")),
    Damage("invitation to no team", P.INVITATION_TEAM_MISSING, invitation_names(teamId="lost")),
    Damage(
        "invitation that nothing opens",
        P.INVITATION_TOKEN_MISSING,
        gone(lambda t: t.token_key, lambda t: t.invitation_key),
    ),
    Damage("pending and not active", P.INVITATION_ACTIVE, invitation_names(active=False), mends=True),
    Damage("token of nothing, still valid", P.TOKEN_ORPHAN, orphan_token(5)),
    Damage("token of nothing, run out", P.TOKEN_ORPHAN, orphan_token(-5), mends=True),
    Damage("token that was replaced", P.TOKEN_STALE, older_token, mends=True),
    Damage(
        "token that runs out too late",
        P.TOKEN_EXPIRY,
        edited(lambda t: t.token_key, expiresAt="2027-01-01T00:00:00.000Z", ttl=1798761600 + 86400),
        mends=True,
    ),
    Damage("token that is never removed", P.TOKEN_EXPIRY, edited(lambda t: t.token_key, ttl=1 << 40), mends=True),
    Damage("users of a role", P.ROLE_USER_COUNT, edited(role_key, userCount=7), mends=True),
    Damage("users beyond counting", P.ROLE_USER_COUNT, edited(role_key, userCount=10**30), mends=True),
    Damage("users of a team role", P.TEAM_ROLE_USER_COUNT, edited(team_role_key, userCount=0), mends=True),
    Damage("members of a team", P.TEAM_MEMBER_COUNT, edited(lambda t: t.team_key, memberCount=3), mends=True),
    Damage("leads of a team", P.TEAM_LEAD_COUNT, edited(lambda t: t.team_key, leadCount=2), mends=True),
    Damage("team without its lead", P.TEAM_WITHOUT_LEAD, no_lead),
    Damage("event altered", P.AUDIT_ALTERED, edited(event_key(3), outcome="DENIED")),
    Damage("event without its hash", P.AUDIT_ALTERED, edited(event_key(-1), resourceId="other")),
    Damage("event removed", P.AUDIT_GAP, gone(event_key(3), event_key(4))),
    Damage("sequence used twice", P.AUDIT_DUPLICATE, two_of_one_sequence),
    Damage("event replaced", P.AUDIT_LINK, relinked),
    Damage("last event removed", P.AUDIT_TAIL_MISSING, cut_off),
    Damage("no head", P.AUDIT_HEAD_MISSING, no_head),
    Damage("head set back", P.AUDIT_HEAD_BEHIND, head_edited(sequence=2)),
    Damage("head altered", P.AUDIT_HEAD_WRONG, head_edited(hash="a" * 64)),
]


def test_a_sound_table_has_no_findings(town: Town) -> None:
    report = town.verify()
    assert [(str(f.problem), f.key, f.message) for f in report.findings] == []
    assert report.items == sum(report.entities.values()) == len(town.items())
    assert not report.unknown
    assert len(report.entities) >= 17


def test_every_kind_of_finding_is_tried() -> None:
    assert {damage.problem for damage in DAMAGES} == set(Problem)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_damage(town: Town, damage: Damage) -> None:
    key = damage.harm(town)
    before = town.items()
    finding = town.only()
    assert (finding.problem, finding.key) == (damage.problem, key)
    assert (finding.repair is not None) is damage.mends
    assert damage.mends or finding.advice
    assert finding.data()["message"]
    assert town.items() == before, "a check writes nothing"

    done = town.repair()
    if damage.mends:
        assert [f.identity for f in done.mended] == [finding.identity]
        assert town.problems() == []
        (event,) = [i for i in town.items() if i.get("action") == "table.repair"]
        assert event["resourceId"] == f"{key['PK']} {key['SK']}"
        assert event["details"]["problem"] == damage.problem
        assert event["userEmail"] == "ops@example.com"
    else:
        assert [f.identity for f in done.left] == [finding.identity]
        assert town.items() == before


def test_a_team_that_never_had_a_lead_is_no_finding(town: Town) -> None:
    assert town.get(keys.team_key(town.org_id, town.other_team.team_id))["leadCount"] == 0
    assert town.verify().clean


def test_capabilities_decide_who_leads(town: Town) -> None:
    role = TeamRole.from_item(town.get(team_role_key(town)))
    changed = role.model_copy(update={"capabilities": frozenset({Capability.MANAGE_MEMBERS})})
    town.put(changed.to_item())
    assert {f.problem for f in town.verify().findings} >= {Problem.TEAM_LEAD_COUNT}


def test_what_nobody_knows_is_listed_and_no_finding(town: Town) -> None:
    town.put({"PK": "ORG#x#SITES", "SK": "WORDPRESS#1", "anything": {1, 2}})
    town.put({"PK": "LEGACY", "SK": "X"})
    report = town.verify()
    assert report.clean
    assert sorted(report.unknown) == [("LEGACY", "X"), ("ORG#x#SITES", "WORDPRESS#1")]
    assert report.entities["Unknown"] == 2


def test_events_that_ran_out_may_be_missing(town: Town) -> None:
    """TTL takes what is archived in any order, within days of when it runs out."""
    town.platform.clock.advance(days=1)
    assert not town.platform.services.archive.run(town.platform.operator).failures
    events = town.events()
    town.delete(events[0])
    town.delete(events[2])
    assert [str(p) for p in town.problems()] == ["audit.gap"]
    town.platform.clock.advance(days=46)
    assert town.verify().clean


def test_an_invitation_that_ran_out_needs_no_token(town: Town) -> None:
    town.delete(town.token_key)
    town.platform.clock.advance(days=9)
    assert town.verify().clean


@pytest.mark.parametrize("day", ["9999-12-31", "no day at all", ""])
def test_an_event_of_a_day_that_cannot_be(town: Town, day: str) -> None:
    item = town.events()[3]
    town.delete(item)
    town.put({**item, "PK": f"ORG#{town.org_id}#DATE#{day}"})
    assert [str(p) for p in town.problems()] == ["key.wrong"]


def test_an_event_of_a_sequence_that_cannot_be(town: Town) -> None:
    town.edit(town.events()[3], sequence=10**30)
    assert {str(p) for p in town.problems()} >= {"audit.altered", "audit.gap", "audit.head-behind"}


def test_nothing_is_appended_to_a_chain_whose_end_is_in_doubt(town: Town) -> None:
    town.edit(town.team_key, memberCount=9)
    town.delete(town.events()[-1])
    before = town.items()
    done = town.repair()
    assert {str(f.problem) for f in done.left} == {"team.member-count", "audit.tail-missing"}
    assert town.items() == before


def test_organisations_are_told_apart(town: Town) -> None:
    other = next(Organisation.from_item(i) for i in town.items() if i.get("name") == "Other")
    lost = next(i for i in town.items() if i["PK"] == f"ORG#{other.organisation_id}" and i["SK"].startswith("ROLE#"))
    town.edit(pair(lost), userCount=4)
    assert town.only().organisation_id == other.organisation_id


@pytest.mark.parametrize("ending", ["whole", "cut"])
def test_a_chain_that_never_rests(town: Town, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time its days are read an event is added, before and after: what was there before that decides."""
    services, operator = town.platform.services, town.platform.operator

    class Busy(Live):
        def partition(self, pk: str, prefix: str) -> Iterable[Item]:
            self.work()
            yield from super().partition(pk, prefix)
            self.work()

        def work(self) -> None:
            services.teams.create(operator, town.org_id, NewTeam(name=f"T{next(numbers)}"))

    numbers = itertools.count()
    seen_late = Facts.head
    monkeypatch.setattr(Facts, "head", lambda facts, org_id: (seen_late(facts, org_id)[0] + 3, "of later"))
    if ending == "cut":
        town.delete(town.events()[-1])
    report = Verifier(town.platform.table, town.platform.clock, make_live=Busy).verify()
    assert next(numbers) >= 2
    missing = {"audit.gap", "audit.tail-missing"} & {str(f.problem) for f in report.findings}
    assert len(missing) == len(report.findings) == (1 if ending == "cut" else 0)
