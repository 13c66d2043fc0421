"""The access review as one page: nothing in it comes from elsewhere, and nothing in it runs."""

from __future__ import annotations

from typing import Final

from bbws_access.models.access_review import AccessReview
from bbws_access.report.page import page_style, templates

SECTIONS: Final = (
    ("glance", "At a glance"),
    ("privileged", "Privileged access"),
    ("unused", "Not used"),
    ("people", "Everybody"),
    ("invitations", "Pending invitations"),
    ("how", "How to read this"),
)


def review_page(review: AccessReview) -> str:
    """The HTML."""
    style = page_style()
    active = [user for user in review.users if user.active]
    html = (
        templates()
        .get_template("review.html")
        .render(
            review=review,
            policy=style.policy,
            style=style.text,
            sections=SECTIONS,
            active=active,
            privileged=[user for user in active if user.privileged],
            unused=[user for user in active if user.unused],
            silent=[user for user in active if user.last_activity is None],
        )
    )
    return f"{html.strip()}\n"
