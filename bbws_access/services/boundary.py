"""What may be granted: grants that mean something, by those who hold them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bbws_access.access.actor import Actor
from bbws_access.access.grants import covers
from bbws_access.defaults import PERMISSIONS
from bbws_access.errors import Denied, InvalidInput
from bbws_access.keys import PLATFORM

_NAMED_AT_MOST: Final = 20
"""Unknown grants that an error names; the first in order."""


def require_known(grants: Iterable[str]) -> None:
    """Raises :class:`InvalidInput` (``INVALID_PERMISSIONS``) that names the grants which cover no permission."""
    unknown = unknown_grants(grants)
    if unknown:
        named = unknown[:_NAMED_AT_MOST]
        raise InvalidInput(
            f"there is no such permission: {', '.join(named)}",
            code="INVALID_PERMISSIONS",
            details={"permissions": named, "fields": {"permissions": f"{len(unknown)} unknown"}},
        )


def unknown_grants(grants: Iterable[str]) -> list[str]:
    """Those that cover no permission, sorted."""
    return sorted(grant for grant in grants if not any(covers({grant}, known.id) for known in PERMISSIONS))


def require_grantable(actor: Actor, org_id: str, grants: frozenset[str]) -> None:
    """For what somebody wants to grant: known, and within their privilege boundary."""
    require_known(grants)
    actor.require_holding(grants, org_id)


def require_own(org_id: str, what: str, *, is_system: bool = False) -> None:
    """The platform's own things change with its seed only; raises :class:`Denied` (``SYSTEM_READ_ONLY``)."""
    if is_system or org_id == PLATFORM:
        raise Denied(f"{what} of the platform cannot be changed", code="SYSTEM_READ_ONLY")
