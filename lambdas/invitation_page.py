"""The page behind an invitation's link: what to know, what to fill in, and what became of it.

It is one document without anything from elsewhere, and asks the API that it came from.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bbws_access.clock import parse_iso
from bbws_access.models.invitation import InvitedView
from lambdas.call import Answer, Page

_ASK: Final = "Ask the person who invited you to send you a new invitation."

_PROBLEMS: Final[Mapping[str, tuple[str, str]]] = {
    "INVITATION_NOT_FOUND": (
        "This link does not work",
        "It may be incomplete, or a later email may have replaced it. "
        "Open the link in the latest email, whole and unchanged.",
    ),
    "INVITATION_EXPIRED": ("This invitation has expired", _ASK),
    "INVITATION_REVOKED": (
        "This invitation was withdrawn",
        "If you think that is a mistake, ask the person who invited you.",
    ),
    "ALREADY_USED": (
        "This invitation has been answered",
        "It works once. If you accepted it, you are a member and can sign in.",
    ),
    "TOO_MANY_REQUESTS": ("That was too often", "Wait a minute, then load this page again."),
}
_FAILURE: Final = ("Something went wrong", "It is not your fault. Wait a moment, then load this page again.")


def invitation(view: InvitedView) -> Page:
    """The page of an invitation that can be answered."""
    return _page(200, view=view, expires=_day(parse_iso(view.expires_at)), problem=None)


def problem(answer: Answer) -> Page:
    """The page of an invitation that cannot: the answer that a program would get, in a person's words."""
    return _page(answer.status, view=None, problem=_PROBLEMS.get(answer.body["error"]["code"], _FAILURE))


def _page(status: int, **values: Any) -> Page:
    nonce = secrets.token_urlsafe(16)
    template = _templates().get_template("invitation.html")
    html = template.render(nonce=nonce, problems=_PROBLEMS, failure=_FAILURE, **values)
    return Page(status, html, _headers(nonce))


def _headers(nonce: str) -> dict[str, str]:
    """The address holds the token: it goes to nobody, and the page is neither kept nor shown inside another."""
    policy = {
        "default-src": "'none'",
        "script-src": f"'nonce-{nonce}'",
        "style-src": f"'nonce-{nonce}'",
        "img-src": "data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex, nofollow",
        "Cache-Control": "no-store",
    }


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
