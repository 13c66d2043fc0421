"""From an address to a member, and every way in which that ends otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bbws_access.access.actor import Actor, ActorKind, Origin
from bbws_access.errors import AccessError, AlreadyUsed, Conflict, Denied, Gone, InvalidInput, NotFound, TooManyRequests
from bbws_access.ids import token_hash
from bbws_access.keys import Keys
from bbws_access.models.invitation import Acceptance, NewInvitation
from bbws_access.models.kinds import EmailStatus, InvitationStatus
from bbws_access.models.organisation import NewOrganisation
from bbws_access.models.role import RoleChanges
from bbws_access.models.team import NewTeam, TeamChanges, TeamRoleChanges
from bbws_access.services.pages import PageRequest
from bbws_access.store.table import Page, Query, Table
from tests.conftest import Platform

NEW_USER = Acceptance(first_name="Thandi", last_name="Nkosi", password="Correct-horse-7")
HERE = Origin(ip_address="127.0.0.1", request_id="r-1")


def statuses(platform: Platform, org_id: str) -> list[InvitationStatus]:
    return [i.status for i in platform.services.invitations.page(platform.operator, org_id, PageRequest()).items]


def test_an_accepted_invitation_makes_a_member_with_the_role(platform: Platform) -> None:
    org = platform.organisation()
    _, token = platform.invite(org)

    accepted = platform.services.accept_invitation.accept(token, NEW_USER, HERE)

    access = platform.services.users.access(platform.operator, org.organisation_id, "THANDI@example.com")
    assert access.user == accepted.user
    assert [r.role_name for r in access.roles] == ["ORG_ADMIN"]
    assert platform.services.roles.find(platform.operator, org.organisation_id, "org_admin").user_count == 1
    assert statuses(platform, org.organisation_id) == [InvitationStatus.ACCEPTED]
    assert platform.directory.passwords == {"thandi@example.com": "Correct-horse-7"}


def test_the_inviter_is_told(platform: Platform) -> None:
    org = platform.organisation()
    _, token = platform.invite(org)
    platform.services.accept_invitation.accept(token, NEW_USER, HERE)
    assert [(m.to, m.subject) for m in platform.mailer.sent][1] == (
        "ops@example.com",
        "thandi@example.com has joined Acme",
    )


def test_the_letter_carries_the_link_and_the_table_does_not(platform: Platform) -> None:
    _, token = platform.invite(platform.organisation())
    letter = platform.mailer.sent[0]
    assert f"https://api.example/invite/{token}" in letter.text
    assert f"https://api.example/invite/{token}" in letter.html
    everything = repr(platform.items())
    assert token not in everything
    assert token_hash(token) in everything


def test_what_people_write_is_escaped_in_the_letter(platform: Platform) -> None:
    # From before such a name was refused.
    name = '<script>alert("x")</script>\nBcc: everyone'
    org = platform.services.organisations.create(platform.operator, NewOrganisation.model_construct(name=name))
    platform.invite(org, message="<img src=x onerror=alert(1)>")
    letter = platform.mailer.sent[0]
    assert "<script>" not in letter.html
    assert "<img" not in letter.html
    assert "\n" not in letter.subject


def test_an_acceptance_is_used_once(platform: Platform) -> None:
    org = platform.organisation()
    _, token = platform.invite(org)
    platform.services.accept_invitation.accept(token, NEW_USER, HERE)
    with pytest.raises(AlreadyUsed, match="accepted already"):
        platform.services.accept_invitation.accept(token, NEW_USER, HERE)


def test_a_new_user_must_say_who_they_are(platform: Platform) -> None:
    org = platform.organisation()
    _, token = platform.invite(org)
    with pytest.raises(InvalidInput) as refused:
        platform.services.accept_invitation.accept(token, None, HERE)
    assert set(refused.value.details["fields"]) == {"firstName", "lastName", "password"}
    assert statuses(platform, org.organisation_id) == [InvitationStatus.PENDING]


def test_a_member_of_one_organisation_joins_another_and_keeps_the_password(platform: Platform) -> None:
    first, second = platform.organisation("First"), platform.organisation("Second")
    _, token = platform.invite(first)
    there = platform.services.accept_invitation.accept(token, NEW_USER, HERE).user
    _, token = platform.invite(second, role="SITE_VIEWER")
    here = platform.services.accept_invitation.accept(token, None, HERE).user
    assert (here.user_id, here.first_name) == (there.user_id, "Thandi")
    assert platform.directory.passwords == {"thandi@example.com": "Correct-horse-7"}


@pytest.mark.parametrize("step", ["create", "set_password"])
def test_a_failure_on_the_way_leaves_nothing_and_the_next_try_succeeds(platform: Platform, step: str) -> None:
    org = platform.organisation()
    _, token = platform.invite(org)
    before = platform.items()
    platform.directory.fail_after = step
    with pytest.raises(AccessError, match="broke after"):
        platform.services.accept_invitation.accept(token, NEW_USER, HERE)
    left = [item for item in platform.items() if not item["PK"].startswith("RATE#")]
    assert {repr(sorted(i.items())) for i in left} == {repr(sorted(i.items())) for i in before}
    platform.directory.fail_after = None
    platform.services.accept_invitation.accept(token, NEW_USER, HERE)
    assert statuses(platform, org.organisation_id) == [InvitationStatus.ACCEPTED]


def test_nobody_is_invited_to_what_they_could_not_accept(platform: Platform) -> None:
    org_id, who, services = platform.organisation().organisation_id, platform.operator, platform.services
    role, idle = (services.roles.find(who, org_id, name).role_id for name in ("SITE_VIEWER", "SITE_ADMIN"))
    team = services.teams.create(who, org_id, NewTeam(name="Web")).team_id
    services.roles.update(who, org_id, idle, RoleChanges(active=False))
    services.teams.update(who, org_id, team, TeamChanges(active=False))
    before = platform.items()
    for request, code in (
        (NewInvitation(email="thandi@example.com", role_id=idle), "ROLE_CHANGED"),
        (NewInvitation(email="thandi@example.com", role_id=role, team_id=team), "TEAM_INACTIVE"),
    ):
        with pytest.raises(Conflict, match="is not active") as refused:
            services.invitations.create(who, org_id, request)
        assert refused.value.code == code
    assert (platform.items(), platform.mailer.sent) == (before, [])
    services.teams.update(who, org_id, team, TeamChanges(active=True))
    sent = services.invitations.create(who, org_id, request)
    services.teams.update(who, org_id, team, TeamChanges(active=False))
    with pytest.raises(Conflict, match="team Web is not active"):
        services.invitations.resend(who, org_id, sent.invitation_id)
    services.teams.update(who, org_id, team, TeamChanges(active=True))
    seat = services.teams.load_role_named(org_id, "MEMBER").team_role_id
    services.team_roles.update(who, org_id, seat, TeamRoleChanges(active=False))
    with pytest.raises(Conflict, match="team role MEMBER is not active"):
        services.invitations.resend(who, org_id, sent.invitation_id)


def test_the_trail_says_into_which_team_somebody_was_invited(platform: Platform) -> None:
    org_id, who, services = platform.organisation().organisation_id, platform.operator, platform.services
    role = services.roles.find(who, org_id, "SITE_VIEWER").role_id
    team = services.teams.create(who, org_id, NewTeam(name="Web")).team_id
    services.invitations.create(who, org_id, NewInvitation(email="a@example.com", role_id=role, team_id=team))
    services.invitations.create(who, org_id, NewInvitation(email="b@example.com", role_id=role))
    said = {
        item["details"]["email"]: item["details"]["after"]
        for item in platform.items()
        if item.get("action") == "invitation.create"
    }
    assert said == {"a@example.com": {"role": "SITE_VIEWER", "team": "Web"}, "b@example.com": {"role": "SITE_VIEWER"}}


def test_a_role_that_went_away_takes_the_account_back(platform: Platform) -> None:
    org = platform.organisation()
    invitation, token = platform.invite(org)
    key = {"PK": {"S": f"ORG#{org.organisation_id}"}, "SK": {"S": f"ROLE#{invitation.role_id}"}}
    platform.client.update_item(
        TableName=platform.table.name,
        Key=key,
        UpdateExpression="SET active = :no",
        ExpressionAttributeValues={":no": {"BOOL": False}},
    )
    with pytest.raises(Conflict, match="not active"):
        platform.services.accept_invitation.accept(token, NEW_USER, HERE)
    assert platform.directory.accounts == {}
    assert statuses(platform, org.organisation_id) == [InvitationStatus.PENDING]


def test_a_password_that_the_pool_refuses_leaves_no_account(platform: Platform) -> None:
    _, token = platform.invite(platform.organisation())
    weak = NEW_USER.model_copy(update={"password": "against-policy-A1"})
    with pytest.raises(InvalidInput):
        platform.services.accept_invitation.accept(token, weak, HERE)
    assert platform.directory.accounts == {}


def test_an_invitation_runs_out_after_seven_days(platform: Platform) -> None:
    org = platform.organisation()
    _, token = platform.invite(org)
    platform.clock.advance(days=6, hours=23, minutes=59)
    assert platform.services.invitations.by_token(token).status is InvitationStatus.PENDING
    platform.clock.advance(minutes=1)
    with pytest.raises(Gone):
        platform.services.invitations.by_token(token)
    assert statuses(platform, org.organisation_id) == [InvitationStatus.EXPIRED]


def test_an_address_can_be_invited_again_once_its_invitation_ran_out(platform: Platform) -> None:
    org = platform.organisation()
    platform.invite(org)
    platform.clock.advance(days=8)
    platform.invite(org)
    assert sorted(statuses(platform, org.organisation_id)) == [InvitationStatus.EXPIRED, InvitationStatus.PENDING]


def test_one_pending_invitation_an_address_however_it_is_written(platform: Platform) -> None:
    org = platform.organisation()
    platform.invite(org, "Thandi@Example.com")
    with pytest.raises(Conflict) as refused:
        platform.invite(org, "thandi@example.COM")
    assert refused.value.code == "DUPLICATE_INVITATION"


def test_one_that_ran_out_is_not_listed_as_pending(platform: Platform) -> None:
    invitations, org = platform.services.invitations, platform.organisation()
    late, _ = platform.invite(org, "late@example.com")
    platform.clock.advance(days=3)
    platform.invite(org, "young@example.com")

    def listed(status: InvitationStatus | None) -> dict[str, InvitationStatus]:
        page = invitations.page(platform.operator, org.organisation_id, PageRequest(), status)
        return {found.email: found.status for found in page.items}

    both = dict.fromkeys(("late@example.com", "young@example.com"), InvitationStatus.PENDING)
    assert (listed(None), listed(InvitationStatus.PENDING)) == (both, both)
    platform.clock.advance(days=4, milliseconds=-1)
    assert listed(InvitationStatus.PENDING) == both
    platform.clock.advance(milliseconds=1)
    young = {"young@example.com": InvitationStatus.PENDING}
    assert listed(None) == {**young, "late@example.com": InvitationStatus.EXPIRED}
    assert listed(InvitationStatus.PENDING) == young
    invitations.get(platform.operator, org.organisation_id, late.invitation_id)
    assert listed(InvitationStatus.EXPIRED) == {"late@example.com": InvitationStatus.EXPIRED}


def test_the_next_page_of_pending_ones_comes_also_when_the_last_of_this_one_has_run_out(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Table.query

    def as_strict_as_dynamodb(table: Table, query: Query) -> Page:
        if query.between is not None and query.start_after is not None:
            position = query.start_after[f"GSI{query.index}SK"]
            assert query.between[0] <= position <= query.between[1], "the starting key is outside query boundaries"
        return real(table, query)

    monkeypatch.setattr(Table, "query", as_strict_as_dynamodb)
    invitations, org = platform.services.invitations, platform.organisation()
    for name in ("late", "young", "younger"):
        platform.invite(org, f"{name}@example.com")
        platform.clock.advance(days=1)

    def listed(page: PageRequest) -> tuple[list[str], Keys | None]:
        found = invitations.page(platform.operator, org.organisation_id, page, InvitationStatus.PENDING)
        return [invitation.email for invitation in found.items], found.last

    first, position = listed(PageRequest(1))
    assert first == ["late@example.com"]
    for days, expected in ((0, ["young@example.com", "younger@example.com"]), (5, ["younger@example.com"])):
        platform.clock.advance(days=days)
        assert listed(PageRequest(10, position)) == (expected, None)


def test_a_member_is_not_invited_again(platform: Platform) -> None:
    org = platform.organisation()
    _, token = platform.invite(org)
    platform.services.accept_invitation.accept(token, NEW_USER, HERE)
    with pytest.raises(Conflict) as refused:
        platform.invite(org)
    assert refused.value.code == "ALREADY_MEMBER"


def test_declining_is_final_and_tells_the_inviter(platform: Platform) -> None:
    org = platform.organisation()
    _, token = platform.invite(org)
    assert platform.services.invitations.decline(token, HERE).status is InvitationStatus.DECLINED
    assert "declined" in platform.mailer.sent[-1].subject
    with pytest.raises(AlreadyUsed):
        platform.services.accept_invitation.accept(token, NEW_USER, HERE)
    platform.invite(org)  # and the address is free again


def test_a_mail_that_fails_does_not_lose_the_invitation(platform: Platform) -> None:
    platform.mailer.broken = True
    org = platform.organisation()
    invitation, token = platform.invite(org)
    assert invitation.email_status is EmailStatus.FAILED
    kept = platform.services.invitations.get(platform.operator, org.organisation_id, invitation.invitation_id)
    assert (kept.email_status, kept.email_error) == (EmailStatus.FAILED, "the mail service is down")
    platform.services.accept_invitation.accept(token, NEW_USER, HERE)


@pytest.mark.parametrize("answer", ["accept", "decline"])
def test_an_inviter_who_could_not_be_told_of_the_answer_can_see_that(platform: Platform, answer: str) -> None:
    org_id, services = platform.organisation().organisation_id, platform.services
    seen = {}
    for broken in (False, True):
        platform.mailer.broken = False
        invitation, token = platform.invite(services.organisations.load(org_id), f"{broken}@example.com")
        platform.mailer.broken = broken
        if answer == "accept":
            services.accept_invitation.accept(token, NEW_USER, HERE)
        else:
            services.invitations.decline(token, HERE)
        kept = services.invitations.get(platform.operator, org_id, invitation.invitation_id)
        seen[broken] = (kept.status, kept.email_status, kept.answer_email_status)
    ended = InvitationStatus.ACCEPTED if answer == "accept" else InvitationStatus.DECLINED
    assert seen == {False: (ended, EmailStatus.SENT, None), True: (ended, EmailStatus.SENT, EmailStatus.FAILED)}


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "0" * 63, "0" * 10_000, "é" * 64, "../" * 22, "\x00" * 64])
def test_a_token_that_opens_nothing(platform: Platform, token: str) -> None:
    platform.invite(platform.organisation())
    with pytest.raises(NotFound):
        platform.services.invitations.by_token(token)


def manager_of(org_id: str, *permissions: str) -> Actor:
    return Actor("u-1", "m@example.com", ActorKind.USER, org_id, frozenset(permissions))


def test_nobody_invites_into_what_they_do_not_hold(platform: Platform) -> None:
    org = platform.organisation()
    role = platform.services.roles.find(platform.operator, org.organisation_id, "ORG_ADMIN")
    request = NewInvitation(email="a@example.com", role_id=role.role_id)
    with pytest.raises(Denied) as refused:
        platform.services.invitations.create(
            manager_of(org.organisation_id, "invitation:create", "site:*"), org.organisation_id, request
        )
    assert refused.value.code == "PRIVILEGE_BOUNDARY"


def test_nobody_invites_into_a_seat_that_they_do_not_hold(platform: Platform) -> None:
    org_id, services = platform.organisation().organisation_id, platform.services
    role = services.roles.find(platform.operator, org_id, "SITE_VIEWER").role_id
    team = services.teams.create(platform.operator, org_id, NewTeam(name="Web")).team_id
    request = NewInvitation(email="a@example.com", role_id=role, team_id=team)
    held = ("invitation:*", "site:read")
    lead = replace(manager_of(org_id, *held), team_capabilities={team: frozenset({"CAN_VIEW_MEMBERS"})})
    before = platform.items()
    with pytest.raises(Denied, match="CAN_VIEW_MEMBERS") as refused:
        services.invitations.create(manager_of(org_id, *held), org_id, request)
    assert (refused.value.code, platform.items(), platform.mailer.sent) == ("PRIVILEGE_BOUNDARY", before, [])
    for who in (lead, manager_of(org_id, *held, "team:member:read"), manager_of(org_id, *held, "team:member:add")):
        sent = services.invitations.create(who, org_id, request)
        with pytest.raises(Denied, match="CAN_VIEW_MEMBERS"):
            services.invitations.resend(manager_of(org_id, *held), org_id, sent.invitation_id)
        services.invitations.resend(who, org_id, sent.invitation_id)
        services.invitations.revoke(who, org_id, sent.invitation_id)


def test_who_adds_members_to_any_team_does_not_invite_themselves_beyond_what_they_hold(platform: Platform) -> None:
    org_id, services = platform.organisation().organisation_id, platform.services
    role = services.roles.find(platform.operator, org_id, "SITE_VIEWER").role_id
    team = services.teams.create(platform.operator, org_id, NewTeam(name="Web")).team_id
    held = frozenset({"invitation:create", "site:read", "team:member:add"})
    everywhere = Actor("u-9", "M@example.com", ActorKind.USER, "org-other", platform_permissions=held)
    request = NewInvitation(email="m@example.com", role_id=role, team_id=team)
    with pytest.raises(Denied, match="CAN_VIEW_MEMBERS"):
        services.invitations.create(everywhere, org_id, request)
    services.invitations.create(everywhere, org_id, request.model_copy(update={"email": "n@example.com"}))


def test_another_organisation_is_closed(platform: Platform) -> None:
    org, other = platform.organisation(), platform.organisation("Other")
    role = platform.services.roles.find(platform.operator, org.organisation_id, "SITE_VIEWER")
    request = NewInvitation(email="a@example.com", role_id=role.role_id)
    with pytest.raises(Denied) as refused:
        platform.services.invitations.create(manager_of(other.organisation_id, "*:*"), org.organisation_id, request)
    assert refused.value.code == "ORG_ACCESS_DENIED"


def test_ten_invitations_a_minute(platform: Platform) -> None:
    org = platform.organisation()
    actor = manager_of(org.organisation_id, "invitation:create", "site:read")
    role = platform.services.roles.find(platform.operator, org.organisation_id, "SITE_VIEWER")

    def invite(n: int) -> None:
        request = NewInvitation(email=f"u{n}@example.com", role_id=role.role_id)
        platform.services.invitations.create(actor, org.organisation_id, request)

    for n in range(10):
        invite(n)
    with pytest.raises(TooManyRequests):
        invite(10)
    platform.clock.advance(minutes=1)
    invite(10)


def test_an_operator_is_not_counted(platform: Platform) -> None:
    org = platform.organisation()
    for n in range(12):
        platform.invite(org, f"u{n}@example.com")
    assert len(statuses(platform, org.organisation_id)) == 12
