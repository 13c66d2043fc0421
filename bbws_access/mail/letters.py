"""The three letters of an invitation's life. Values come from people and are escaped in the HTML."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from bbws_access.mail import Mail
from bbws_access.models.invitation import Invitation


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("bbws_access.mail"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def invitation_letter(invitation: Invitation, link: str) -> Mail:
    """To the invited, with the one link that carries the token."""
    subject = f"You are invited to {invitation.organisation_name}"
    return _letter("invitation", invitation.email, subject, invitation=invitation, link=link)


def accepted_letter(invitation: Invitation) -> Mail:
    """To the inviter."""
    subject = f"{invitation.email} has joined {invitation.organisation_name}"
    return _letter("accepted", invitation.inviter_email, subject, invitation=invitation)


def declined_letter(invitation: Invitation) -> Mail:
    """To the inviter."""
    subject = f"{invitation.email} has declined to join {invitation.organisation_name}"
    return _letter("declined", invitation.inviter_email, subject, invitation=invitation)


def _letter(template: str, to: str, subject: str, **values: Any) -> Mail:
    return Mail(
        to=to,
        subject=" ".join(subject.split()),  # a line break in a name must not start a header
        text=_templates().get_template(f"{template}.txt").render(values),
        html=_templates().get_template(f"{template}.html").render(values),
    )
