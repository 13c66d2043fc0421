"""What a row of an import says."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from bbws_access.models.base import Request
from bbws_access.models.invitation import Email, Message

Named = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class ImportRow(Request):
    """Somebody, and what they get. ``role`` and ``team`` are names or ids.

    Who is no member yet is invited; a member is given the role, and a seat in the team.
    """

    email: Email
    role: Named
    team: Named | None = None
    message: Message | None = None
