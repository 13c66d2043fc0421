"""Invitations: from an address to a member."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, EmailStr, Field, StringConstraints

from bbws_access import keys
from bbws_access.keys import Keys
from bbws_access.models.base import ApiModel, Audited, Record, Request
from bbws_access.models.kinds import EmailStatus, InvitationStatus
from bbws_access.models.plain_text import LINES
from bbws_access.models.user import PersonName
from bbws_access.models.wording import saying
from bbws_access.text import fold_email

Email = Annotated[EmailStr, AfterValidator(fold_email)]
Message = Annotated[str, StringConstraints(max_length=500), LINES]


class NewInvitation(Request):
    """Limits are those of the API's contract."""

    email: Email
    role_id: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    team_id: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    message: Message | None = None


class Revocation(Request):
    """All that an invitation can be changed to from outside."""

    status: Literal["REVOKED"]


_PASSWORD_RULES: Final = (
    (re.compile(r"[A-Z]"), "an upper-case letter"),
    (re.compile(r"[a-z]"), "a lower-case letter"),
    (re.compile(r"\d"), "a digit"),
    (re.compile(r"[^A-Za-z0-9\s]"), "a special character"),
)


def _strong(password: str) -> str:
    missing = [what for rule, what in _PASSWORD_RULES if not rule.search(password)]
    if missing:
        raise ValueError(f"the password needs {', '.join(missing)}")
    return password


Password = Annotated[
    str,
    StringConstraints(min_length=8, max_length=128, strip_whitespace=False),
    saying("the password needs 8 to 128 characters"),
    AfterValidator(_strong),
    Field(repr=False),
]


class Acceptance(Request):
    """What a new user says of themselves; ``password`` is kept out of every representation."""

    first_name: PersonName
    last_name: PersonName
    password: Password


class Invitation(Audited):
    """``token_hash`` is the SHA-256 of the token, which exists only in the email's link.

    ``email_status`` is about the letter with the link, ``answer_email_status`` about the one that told the
    inviter of the answer, and absent unless that failed. ``claim`` names the acceptance that is under way,
    until ``claim_expires_at``: a crashed one is taken over after that.
    """

    invitation_id: str
    organisation_id: str
    organisation_name: str
    email: str
    role_id: str
    role_name: str
    team_id: str | None = None
    team_name: str | None = None
    message: str | None = None
    status: InvitationStatus = InvitationStatus.PENDING
    expires_at: str
    resend_count: int = 0
    token_hash: str
    inviter_email: str
    email_status: EmailStatus = EmailStatus.QUEUED
    email_error: str | None = None
    answer_email_status: EmailStatus | None = None
    claim: str | None = None
    claim_expires_at: str | None = None

    def keys(self) -> Keys:
        return keys.invitation(
            self.organisation_id, self.invitation_id, self.status, self.expires_at, self.email, self.date_created
        )


class InvitationView(ApiModel):
    """What the API and the command line show of an invitation: nothing about its token."""

    invitation_id: str
    organisation_id: str
    organisation_name: str
    email: str
    role_id: str
    role_name: str
    team_id: str | None = None
    team_name: str | None = None
    message: str | None = None
    status: InvitationStatus
    expires_at: str
    resend_count: int
    inviter_email: str
    email_status: EmailStatus
    answer_email_status: EmailStatus | None = None
    date_created: str
    active: bool = True


class InvitedView(ApiModel):
    """What the holder of an invitation's link may see of it.

    ``new_user`` says whether accepting makes an account, and so needs a name and a password.
    """

    email: str
    organisation_name: str
    role_name: str
    team_name: str | None = None
    message: str | None = None
    inviter_email: str
    status: InvitationStatus
    expires_at: str
    new_user: bool


class Answered(ApiModel):
    """What the holder of an invitation's link is told after they answered; ``user_id`` where they are a member now."""

    email: str
    organisation_name: str
    status: InvitationStatus
    user_id: str | None = None


class InvitationToken(Record):
    """From a token's hash to its invitation. ``ttl`` is epoch seconds: expiry and 24 hours."""

    token_hash: str
    invitation_id: str
    organisation_id: str
    expires_at: str
    ttl: int

    def keys(self) -> Keys:
        return keys.invitation_token_key(self.token_hash)
