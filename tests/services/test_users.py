"""Members, changed, deactivated with all that they have, and reactivated."""

from __future__ import annotations

from datetime import timedelta

import boto3
import pytest

from bbws_access import keys
from bbws_access.access.actor import Origin
from bbws_access.access.principal import PrincipalLoader
from bbws_access.adapters.cognito import CognitoDirectory
from bbws_access.clock import iso
from bbws_access.errors import Busy, Conflict, Denied, Gone, NotFound
from bbws_access.models.invitation import Invitation, NewInvitation
from bbws_access.models.organisation import Organisation
from bbws_access.models.team import MemberChanges, NewMember, TeamChanges
from bbws_access.models.user import User, UserChanges
from bbws_access.services.uniqueness import Named, holder_of
from bbws_access.store.writes import Update
from tests.conftest import Platform
from tests.services import staff
from tests.services.holders import holder

pytestmark = pytest.mark.slow


@pytest.fixture
def org(platform: Platform) -> Organisation:
    return platform.organisation()


@pytest.fixture
def thandi(platform: Platform, org: Organisation) -> User:
    """In two teams, leading one of them together with somebody else."""
    user, other = staff.joined(platform, org), staff.joined(platform, org, "li@example.com", "SITE_VIEWER")
    web, shop = staff.team(platform, org, "Web"), staff.team(platform, org, "Shop")
    staff.seat(platform, org, web, other, "TEAM_LEAD")
    staff.seat(platform, org, web, user, "TEAM_LEAD")
    staff.seat(platform, org, shop, user)
    return user


def deactivate(platform: Platform, user: User) -> User:
    return platform.services.users.deactivate(platform.operator, user.organisation_id, user.user_id)


def reactivate(platform: Platform, user: User) -> User:
    return platform.services.users.reactivate(platform.operator, user.organisation_id, user.email)


def test_names_change(platform: Platform, org: Organisation, thandi: User) -> None:
    users, changes = platform.services.users, UserChanges(last_name="Dlamini", version=1)
    changed = users.update(platform.operator, org.organisation_id, thandi.user_id, changes)
    assert (changed.first_name, changed.last_name, changed.version) == ("Thandi", "Dlamini", 2)
    assert users.find(platform.operator, org.organisation_id, thandi.email) == changed
    with pytest.raises(Conflict):  # the version that was seen is not the one that is there
        users.update(platform.operator, org.organisation_id, thandi.user_id, changes)
    again = UserChanges(last_name="Dlamini")
    assert users.update(platform.operator, org.organisation_id, thandi.user_id, again) == changed
    assert staff.actions(platform)["user.update"] == 1


def test_a_deactivated_user_has_nothing_left(platform: Platform, org: Organisation, thandi: User) -> None:
    gone = deactivate(platform, thandi)

    assert not gone.active
    access = platform.services.users.access(platform.operator, org.organisation_id, thandi.user_id)
    assert [r.active for r in access.roles] == [False]
    assert [t.active for t in access.teams] == [False, False]
    staff.require_exact_counts(platform)
    assert not platform.directory.accounts[thandi.email].enabled
    assert platform.directory.accounts["li@example.com"].enabled
    with pytest.raises(Denied) as refused:
        PrincipalLoader(platform.table, platform.clock).load(thandi.user_id, org.organisation_id)
    assert refused.value.code == "USER_INACTIVE"
    events = staff.actions(platform)
    assert (events["user.deactivate"], events["team.member.remove"], events["role.revoke"]) == (1, 2, 1)


def invited_by(platform: Platform, user: User, email: str) -> tuple[Invitation, str]:
    """An invitation by a member, and its token."""
    actor = PrincipalLoader(platform.table, platform.clock).load(user.user_id, user.organisation_id).actor
    role = platform.services.roles.find(platform.operator, user.organisation_id, "SITE_VIEWER")
    request = NewInvitation(email=email, role_id=role.role_id)
    return platform.services.invitations.create(actor, user.organisation_id, request), platform.ids.tokens[-1]


def test_nobody_comes_in_on_the_word_of_who_was_deactivated(
    platform: Platform, org: Organisation, thandi: User
) -> None:
    invitations = platform.services.invitations
    _, token = invited_by(platform, thandi, "friend@example.com")
    of_others, _ = platform.invite(org, "known@example.com")
    answered, _ = invited_by(platform, thandi, "old@example.com")
    invitations.revoke(platform.operator, org.organisation_id, answered.invitation_id)
    deactivate(platform, thandi)

    with pytest.raises(Gone) as refused:
        platform.services.accept_invitation.accept(token, staff.ACCEPTANCE, Origin())
    assert refused.value.code == "INVITATION_REVOKED"
    assert invitations.load(org.organisation_id, of_others.invitation_id).status == "PENDING"
    assert staff.actions(platform)["invitation.revoke"] == 2
    platform.invite(org, "friend@example.com")  # by somebody else
    reactivate(platform, thandi)
    assert staff.actions(platform)["invitation.revoke"] == 2


def test_a_damaged_invitation_does_not_keep_a_user_active(platform: Platform, org: Organisation, thandi: User) -> None:
    invited_by(platform, thandi, "friend@example.com")
    guard = keys.pending_invitation_key(org.organisation_id, "friend@example.com")
    platform.table.write(Update(guard, assign={"invitationId": "another"}))
    with pytest.raises(Busy):
        deactivate(platform, thandi)
    assert not platform.services.users.find(platform.operator, org.organisation_id, thandi.email).active
    assert platform.directory.find(thandi.email).enabled is False
    assert staff.actions(platform)["user.deactivate"] == 1


def test_an_acceptance_that_is_under_way_does_not_keep_a_user_active(
    platform: Platform, org: Organisation, thandi: User
) -> None:
    invitation, token = invited_by(platform, thandi, "friend@example.com")
    key = keys.invitation_key(org.organisation_id, invitation.invitation_id)
    claim = {"claim": "c", "claimExpiresAt": iso(platform.clock.now() + timedelta(seconds=60))}
    platform.table.write(Update(key, assign=claim))
    assert not deactivate(platform, thandi).active
    assert platform.services.invitations.load(org.organisation_id, invitation.invitation_id).status == "PENDING"
    platform.clock.advance(seconds=61)
    deactivate(platform, thandi)
    with pytest.raises(Gone):
        platform.services.accept_invitation.accept(token, staff.ACCEPTANCE, Origin())


def test_a_reactivated_user_has_it_all_again(platform: Platform, org: Organisation, thandi: User) -> None:
    before = staff.state(platform)
    deactivate(platform, thandi)

    back = reactivate(platform, thandi)

    assert (back.active, back.deactivated_with) == (True, None)
    assert staff.state(platform) == before
    staff.require_exact_counts(platform)
    assert not [item for item in platform.items() if "deactivatedWith" in item]
    actor = PrincipalLoader(platform.table, platform.clock).load(thandi.user_id, org.organisation_id).actor
    assert set(actor.team_capabilities) == {"t-Web", "t-Shop"}


def test_doing_it_twice_changes_nothing(platform: Platform, thandi: User) -> None:
    for act, event in ((deactivate, "user.deactivate"), (reactivate, "user.reactivate")):
        first = act(platform, thandi)
        items = len(platform.items())
        assert act(platform, thandi) == first
        assert len(platform.items()) == items
        assert staff.actions(platform)[event] == 1


def test_what_was_taken_before_stays_away(platform: Platform, org: Organisation, thandi: User) -> None:
    """Only what the deactivation took comes back, not what somebody had taken earlier."""
    shop = platform.table.get(keys.team_key(org.organisation_id, "t-Shop")) or {}
    role_id = holder_of(platform.table, org.organisation_id, Named.TEAM_ROLE, "MEMBER") or ""
    platform.table.transact(
        [
            Update(keys.member_key(org.organisation_id, shop["teamId"], thandi.user_id), assign={"active": False}),
            Update(keys.team_key(org.organisation_id, shop["teamId"]), add={"memberCount": -1}),
            Update(keys.team_role_key(org.organisation_id, role_id), add={"userCount": -1}),
        ]
    )
    deactivate(platform, thandi)
    reactivate(platform, thandi)
    access = platform.services.users.access(platform.operator, org.organisation_id, thandi.user_id)
    assert {t.team_id: t.active for t in access.teams} == {"t-Web": True, "t-Shop": False}
    staff.require_exact_counts(platform)


def test_a_team_keeps_its_last_lead(platform: Platform, org: Organisation, thandi: User) -> None:
    for name in ("Alone", "Also"):
        staff.seat(platform, org, staff.team(platform, org, name), thandi, "TEAM_LEAD")
    before = platform.items()
    with pytest.raises(Conflict) as refused:
        deactivate(platform, thandi)
    assert refused.value.code == "LAST_LEAD"
    assert [t["name"] for t in refused.value.details["teams"]] == ["Alone", "Also"]
    assert platform.items() == before


def test_a_team_that_is_over_keeps_its_last_lead_too(platform: Platform, org: Organisation, thandi: User) -> None:
    """It may be brought back, and would have none; until then somebody can be seated as a lead there."""
    over, org_id, operator = staff.team(platform, org, "Over"), org.organisation_id, platform.operator
    staff.seat(platform, org, over, thandi, "TEAM_LEAD")
    services = platform.services
    services.teams.update(operator, org_id, over.team_id, TeamChanges(active=False))
    before = platform.items()
    with pytest.raises(Conflict) as refused:
        deactivate(platform, thandi)
    assert (refused.value.code, [t["name"] for t in refused.value.details["teams"]]) == ("LAST_LEAD", ["Over"])
    with pytest.raises(Conflict) as kept:
        services.members.update(operator, org_id, over.team_id, thandi.user_id, MemberChanges(active=False))
    assert kept.value.code == "LAST_LEAD"
    assert platform.items() == before
    heir = staff.joined(platform, org, "heir@example.com")
    lead = services.teams.load_role_named(org_id, "TEAM_LEAD").team_role_id
    services.members.add(operator, org_id, over.team_id, NewMember(user_id=heir.user_id, team_role_id=lead))
    deactivate(platform, thandi)
    assert services.teams.update(operator, org_id, over.team_id, TeamChanges(active=True)).lead_count == 1
    staff.require_exact_counts(platform)


def test_a_role_that_is_over_stays_away(platform: Platform, org: Organisation, thandi: User) -> None:
    staff.roles(platform, org, thandi, 1)
    deactivate(platform, thandi)
    role_id = staff.assignment_of(platform, thandi, "EXTRA_0").role_id
    platform.table.write(Update(keys.role_key(org.organisation_id, role_id), assign={"active": False}))
    reactivate(platform, thandi)
    access = platform.services.users.access(platform.operator, org.organisation_id, thandi.user_id)
    assert {r.role_name: r.active for r in access.roles} == {"ORG_ADMIN": True, "EXTRA_0": False}
    staff.require_exact_counts(platform)


def test_who_is_active_elsewhere_can_still_sign_in(platform: Platform, thandi: User) -> None:
    there = staff.joined(platform, platform.organisation("Other"), thandi.email, "SITE_VIEWER")
    deactivate(platform, thandi)
    assert platform.directory.accounts[thandi.email].enabled
    deactivate(platform, there)
    assert not platform.directory.accounts[thandi.email].enabled
    reactivate(platform, there)
    assert platform.directory.accounts[thandi.email].enabled


def test_a_damaged_profile_elsewhere_does_not_keep_an_account_open(platform: Platform, thandi: User) -> None:
    there = staff.joined(platform, platform.organisation("Other"), thandi.email, "SITE_VIEWER")
    key = keys.user_key(there.organisation_id, there.user_id)
    platform.table.write(Update(key, assign={"active": False}, remove=["firstName", "createdBy"]))
    deactivate(platform, thandi)
    assert not platform.directory.accounts[thandi.email].enabled


def test_an_invitation_elsewhere_opens_the_account_again(platform: Platform, thandi: User) -> None:
    deactivate(platform, thandi)
    there = staff.joined(platform, platform.organisation("Other"), thandi.email, "SITE_VIEWER")
    account = platform.directory.accounts[thandi.email]
    assert account.enabled
    loader = PrincipalLoader(platform.table, platform.clock)
    actor = loader.load(account.user_id, account.organisation_id, or_elsewhere=True).actor
    assert (actor.organisation_id, actor.team_permissions) == (there.organisation_id, {"site:read"})


def test_an_account_that_an_acceptance_works_on_is_left_for_later(platform: Platform, thandi: User) -> None:
    lease = keys.account_claim_key(thandi.email)
    platform.table.write(Update(lease, assign={"claim": "c", "claimExpiresAt": "2026-03-01T09:31:00.000Z"}))
    with pytest.raises(Conflict) as refused:
        deactivate(platform, thandi)
    assert refused.value.code == "ACCOUNT_BUSY"
    assert platform.directory.accounts[thandi.email].enabled
    platform.clock.advance(seconds=61)
    deactivate(platform, thandi)
    assert not platform.directory.accounts[thandi.email].enabled


def test_permissions(platform: Platform, org: Organisation, thandi: User) -> None:
    users, org_id = platform.services.users, org.organisation_id
    reader = holder(org_id, "user:read")
    for act in (users.deactivate, users.reactivate):
        with pytest.raises(Denied):
            act(reader, org_id, thandi.user_id)
    with pytest.raises(Denied):
        users.update(reader, org_id, thandi.user_id, UserChanges(first_name="X"))
    with pytest.raises(Denied):
        users.deactivate(holder("org-other", "*:*"), org_id, thandi.user_id)
    with pytest.raises(NotFound):
        users.deactivate(holder(org_id, "user:*"), org_id, "nobody")


def test_nobody_gives_back_what_they_do_not_hold(platform: Platform, org: Organisation, thandi: User) -> None:
    users, org_id = platform.services.users, org.organisation_id
    manager = holder(org_id, "user:*")
    users.deactivate(manager, org_id, thandi.user_id)
    before = platform.items()
    with pytest.raises(Denied) as refused:
        users.reactivate(manager, org_id, thandi.user_id)
    assert refused.value.code == "PRIVILEGE_BOUNDARY"
    assert platform.items() == before


@pytest.mark.usefixtures("thandi")
def test_nobody_gives_back_a_seat_above_what_they_hold(platform: Platform, org: Organisation) -> None:
    """Who may not add members to a team does not bring a lead back into it either."""
    users, org_id = platform.services.users, org.organisation_id
    manager = holder(org_id, "user:* site:read")
    users.deactivate(manager, org_id, "li@example.com")
    before = platform.items()
    with pytest.raises(Denied) as refused:
        users.reactivate(manager, org_id, "li@example.com")
    assert refused.value.code == "PRIVILEGE_BOUNDARY"
    assert platform.items() == before
    users.reactivate(holder(org_id, "user:* site:read team:member:add"), org_id, "li@example.com")
    assert [seat.team_role_name for seat in users.access(platform.operator, org_id, "li@example.com").teams] == [
        "TEAM_LEAD"
    ]


def test_a_disabled_account_of_the_user_pool_signs_nobody_in(platform: Platform) -> None:
    client = boto3.client("cognito-idp")
    attribute = {"Name": "organisation_id", "AttributeDataType": "String", "Mutable": True}
    pool = client.create_user_pool(PoolName="p", Schema=[attribute])["UserPool"]["Id"]  # type: ignore[list-item]
    directory = CognitoDirectory(client, pool)
    account = directory.create("a@example.com", "org-1", "A", "B")
    for act, enabled in ((directory.disable, False), (directory.enable, True)):
        act(account)
        act(account)
        found = directory.find(account.email)
        assert found is not None
        assert found.enabled is enabled
    directory.delete(account)
    directory.disable(account)
    directory.enable(account)
