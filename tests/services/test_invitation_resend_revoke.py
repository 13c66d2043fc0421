"""Invitations sent again, withdrawn, and looked up too often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from bbws_access.access.actor import Origin
from bbws_access.adapters.ses import SesMailer
from bbws_access.backoff import Backoff
from bbws_access.errors import AccessError, AlreadyUsed, Conflict, Denied, Gone, NotFound, TooManyRequests
from bbws_access.ids import token_hash
from bbws_access.mail import Mail
from bbws_access.models.invitation import Acceptance, Invitation, NewInvitation
from bbws_access.models.kinds import EmailStatus, InvitationStatus
from bbws_access.models.organisation import Organisation
from bbws_access.services.pages import PageRequest
from tests.conftest import Platform
from tests.services.holders import holder

pytestmark = pytest.mark.slow

NEW_USER = Acceptance(first_name="Thandi", last_name="Nkosi", password="Correct-horse-7")
HERE = Origin(ip_address="192.0.2.7")


def resend(platform: Platform, invitation: Invitation) -> tuple[Invitation, str]:
    again = platform.services.invitations.resend(
        platform.operator, invitation.organisation_id, invitation.invitation_id
    )
    return again, platform.ids.tokens[-1]


def token_records(platform: Platform) -> list[str]:
    return [item["tokenHash"] for item in platform.items() if item["PK"].startswith("INVTOKEN#")]


def test_a_resent_invitation_has_a_new_link_and_seven_days_anew(platform: Platform) -> None:
    invitation, first = platform.invite(platform.organisation())
    platform.clock.advance(days=6)

    again, second = resend(platform, invitation)

    assert (again.resend_count, again.email_status) == (1, EmailStatus.SENT)
    assert again.expires_at[:10] == "2026-03-14"
    assert second in platform.mailer.sent[-1].text
    with pytest.raises(NotFound):
        platform.services.invitations.by_token(first)
    assert token_records(platform) == [token_hash(second)]
    platform.clock.advance(days=6)
    platform.services.accept_invitation.accept(second, NEW_USER, HERE)


def test_what_is_returned_is_what_was_written(platform: Platform) -> None:
    invitation, _ = platform.invite(platform.organisation())
    again, _ = resend(platform, invitation)
    kept = platform.services.invitations.load(invitation.organisation_id, invitation.invitation_id)
    assert again == kept
    page = platform.services.invitations.page(
        platform.operator, invitation.organisation_id, PageRequest(), InvitationStatus.PENDING
    )
    assert page.items == [kept]


def test_it_is_sent_again_three_times(platform: Platform) -> None:
    invitation, _ = platform.invite(platform.organisation())
    for count in (1, 2, 3):
        assert resend(platform, invitation)[0].resend_count == count
    with pytest.raises(Conflict) as refused:
        resend(platform, invitation)
    assert refused.value.code == "RESEND_LIMIT"


def test_a_failed_email_can_be_sent_again(platform: Platform) -> None:
    platform.mailer.broken = True
    invitation, _ = platform.invite(platform.organisation())
    platform.mailer.broken = False
    again, _ = resend(platform, invitation)
    kept = platform.services.invitations.load(invitation.organisation_id, invitation.invitation_id)
    assert (again.email_status, kept.email_status, kept.email_error) == (EmailStatus.SENT, EmailStatus.SENT, None)


def test_nothing_is_resent_or_revoked_while_it_is_being_accepted(platform: Platform) -> None:
    invitation, token = platform.invite(platform.organisation())
    services, args = platform.services.invitations, (invitation.organisation_id, invitation.invitation_id)

    class Meddler:
        """Tries, at the moment when the account is being made."""

        def __init__(self) -> None:
            self.codes: list[str] = []

        def __call__(self, *_: Any) -> None:
            for method in (services.resend, services.revoke):
                with pytest.raises(Conflict) as refused:
                    method(platform.operator, *args)
                self.codes.append(refused.value.code)

    create, meddler = platform.directory.create, Meddler()
    platform.directory.create = lambda *a: (meddler(), create(*a))[1]  # type: ignore[method-assign]
    platform.services.accept_invitation.accept(token, NEW_USER, HERE)
    assert meddler.codes == ["INVITATION_CHANGED"] * 2


def test_a_revoked_invitation_is_over_and_its_address_free(platform: Platform) -> None:
    org = platform.organisation()
    invitation, token = platform.invite(org)
    args = (platform.operator, org.organisation_id, invitation.invitation_id)
    assert platform.services.invitations.revoke(*args).status is InvitationStatus.REVOKED
    with pytest.raises(Gone, match="withdrawn"):
        platform.services.accept_invitation.accept(token, NEW_USER, HERE)
    for method in (platform.services.invitations.revoke, platform.services.invitations.resend):
        with pytest.raises(Gone):
            method(*args)
    platform.invite(org)


def _accept(platform: Platform, token: str) -> None:
    platform.services.accept_invitation.accept(token, NEW_USER, HERE)


def _decline(platform: Platform, token: str) -> None:
    platform.services.invitations.decline(token, HERE)


def _expire(platform: Platform, token: str) -> None:
    platform.clock.advance(days=7)


@pytest.mark.parametrize(("end", "error"), [(_accept, AlreadyUsed), (_decline, AlreadyUsed), (_expire, Gone)])
@pytest.mark.parametrize("method", ["resend", "revoke"])
def test_what_has_ended_is_final(
    platform: Platform, end: Callable[[Platform, str], None], error: type[AccessError], method: str
) -> None:
    invitation, token = platform.invite(platform.organisation())
    end(platform, token)
    with pytest.raises(error):
        getattr(platform.services.invitations, method)(
            platform.operator, invitation.organisation_id, invitation.invitation_id
        )


@pytest.mark.parametrize(("method", "permission"), [("resend", "invitation:resend"), ("revoke", "invitation:revoke")])
def test_each_has_its_permission(platform: Platform, method: str, permission: str) -> None:
    invitation, _ = platform.invite(platform.organisation(), role="SITE_VIEWER")
    org_id, act = invitation.organisation_id, getattr(platform.services.invitations, method)
    with pytest.raises(Denied):
        act(holder(org_id, "invitation:create invitation:read site:*"), org_id, invitation.invitation_id)
    act(holder(org_id, f"{permission} site:*"), org_id, invitation.invitation_id)


def test_who_could_not_invite_cannot_resend(platform: Platform) -> None:
    invitation, _ = platform.invite(platform.organisation())
    org_id = invitation.organisation_id
    with pytest.raises(Denied) as refused:
        platform.services.invitations.resend(holder(org_id, "invitation:*"), org_id, invitation.invitation_id)
    assert refused.value.code == "PRIVILEGE_BOUNDARY"


def test_another_organisations_invitation_is_not_found(platform: Platform) -> None:
    invitation, _ = platform.invite(platform.organisation())
    other: Organisation = platform.organisation("Other")
    for method in (platform.services.invitations.resend, platform.services.invitations.revoke):
        with pytest.raises(NotFound):
            method(holder(other.organisation_id, "*:*"), other.organisation_id, invitation.invitation_id)


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("somewhere", "somewhere", True),
    ],
)
def test_five_look_ups_a_minute_from_one_address(platform: Platform, first: str, second: str, shared: bool) -> None:
    _, token = platform.invite(platform.organisation())
    look = platform.services.invitations.by_token
    for guess in ("x" * 64, token, "short", token):
        try:
            look(guess, Origin(ip_address=first))
        except NotFound:
            continue
    platform.services.accept_invitation.open(token, Origin(ip_address=first))
    for act in (look, platform.services.invitations.decline):
        with pytest.raises(TooManyRequests):
            act(token, Origin(ip_address=first))
    if shared:
        with pytest.raises(TooManyRequests):
            look(token, Origin(ip_address=second))
    else:
        look(token, Origin(ip_address=second))
    platform.clock.advance(minutes=1)
    look(token, Origin(ip_address=first))


def test_the_operator_at_the_command_line_is_not_counted(platform: Platform) -> None:
    _, token = platform.invite(platform.organisation())
    for _ in range(8):
        platform.services.invitations.by_token(token, Origin(user_agent="bbws-access"))


class Ses:
    """An SES client whose next answers are given."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.sent = 0

    def send_email(self, **_: Any) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent += 1


def failure(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "SendEmail")  # type: ignore[typeddict-item]


PASSING = (
    failure("Throttling", 400),
    failure("ServiceUnavailable", 503),
    ConnectTimeoutError(endpoint_url="https://x"),
)
PATIENT = Backoff(attempts=4, sleep=lambda _: None)
MAIL = Mail("a@example.com", "s", "t", "h")


def test_an_email_is_tried_again_when_it_may_pass() -> None:
    ses = Ses(*PASSING)
    SesMailer(ses, "b@example.com", PATIENT).send(MAIL)  # type: ignore[arg-type]
    assert ses.sent == 1


@pytest.mark.parametrize("failures", [(*PASSING, PASSING[0]), (failure("MessageRejected", 400),)])
def test_an_email_fails_in_the_end(failures: tuple[Exception, ...]) -> None:
    ses = Ses(*failures)
    with pytest.raises(AccessError):
        SesMailer(ses, "b@example.com", PATIENT).send(MAIL)  # type: ignore[arg-type]
    assert (ses.sent, ses.failures) == (0, [])


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("act", ["create", "resend"])
@pytest.mark.parametrize("moment", ["before the letter", "after the letter"])
def test_killed_around_the_letter_the_invitation_is_there_and_can_be_sent(
    platform: Platform, act: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    org_id, who, invitations = platform.organisation().organisation_id, platform.operator, platform.services.invitations
    role = platform.services.roles.find(who, org_id, "SITE_VIEWER").role_id
    request = NewInvitation(email="thandi@example.com", role_id=role)
    made = invitations.create(who, org_id, request) if act == "resend" else None
    send = platform.mailer.send

    def dying(mail: Mail) -> None:
        if moment == "after the letter":
            send(mail)
        raise Killed

    monkeypatch.setattr(platform.mailer, "send", dying)
    with pytest.raises(Killed):
        invitations.resend(who, org_id, made.invitation_id) if made else invitations.create(who, org_id, request)
    monkeypatch.undo()
    lost = platform.ids.tokens[-1]
    (kept,) = invitations.page(who, org_id, PageRequest()).items
    assert (kept.status, kept.email_status) == (InvitationStatus.PENDING, EmailStatus.QUEUED)
    assert invitations.by_token(lost).invitation_id == kept.invitation_id
    assert invitations.resend(who, org_id, kept.invitation_id).email_status is EmailStatus.SENT
    with pytest.raises(NotFound):
        invitations.by_token(lost)
    platform.services.accept_invitation.accept(platform.ids.tokens[-1], NEW_USER, HERE)
