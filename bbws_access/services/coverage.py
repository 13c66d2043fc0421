"""Whether routes, permissions and roles fit together: what is open, what guards nothing, what is granted in vain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from bbws_access.access.grants import covers
from bbws_access.catalogue import Function, Guard
from bbws_access.models.base import ApiModel
from bbws_access.models.role import Role


class Gap(StrEnum):
    """What was found. The first two may be meant so; the others never are."""

    OPEN_ROUTE = "OPEN_ROUTE"
    """A route that asks for no permission, as the contract says."""
    GUARDS_NOTHING = "GUARDS_NOTHING"
    """A permission that no route of this API asks for: it is for others, such as the hosting of sites."""
    UNGUARDED_ROUTE = "UNGUARDED_ROUTE"
    """A route that is to ask for a permission, and names none."""
    UNKNOWN_PERMISSION = "UNKNOWN_PERMISSION"
    """A route asks for a permission that the table does not know: nobody can be given it by name."""
    GRANTS_NOTHING = "GRANTS_NOTHING"
    """A role grants what covers no permission there is."""


MEANT = frozenset({Gap.OPEN_ROUTE, Gap.GUARDS_NOTHING})


class Uncovered(ApiModel):
    """``subject`` is a route, a permission or a role; ``needs_attention`` is whether it can be meant so."""

    gap: Gap
    subject: str
    says: str

    @property
    def needs_attention(self) -> bool:
        return self.gap not in MEANT


def uncovered(endpoints: Sequence[Function], permissions: Iterable[str], roles: Iterable[Role]) -> Iterator[Uncovered]:
    """Everything that does not fit, in the order of :class:`Gap`'s kinds within routes, permissions, roles."""
    known = frozenset(permissions)
    for function in endpoints:
        yield from _of_route(function, known)
    asked = {function.permission for function in endpoints}
    for permission in sorted(known - asked):
        yield Uncovered(gap=Gap.GUARDS_NOTHING, subject=permission, says="no route of this API asks for it")
    for role in sorted(roles, key=lambda role: (role.organisation_id, role.name)):
        for grant in sorted(role.permissions):
            if not any(covers({grant}, permission) for permission in known):
                says = f"grants {grant}, and there is no such permission"
                yield Uncovered(gap=Gap.GRANTS_NOTHING, subject=role.name, says=says)


def _of_route(function: Function, known: frozenset[str]) -> Iterator[Uncovered]:
    route = f"{function.method} {function.path}"
    if function.guard is Guard.PUBLIC:
        yield Uncovered(gap=Gap.OPEN_ROUTE, subject=route, says="public: the invitation's token is the key")
    elif function.guard is Guard.ANY:
        yield Uncovered(gap=Gap.OPEN_ROUTE, subject=route, says="open to every active user")
    elif function.permission is None:
        yield Uncovered(gap=Gap.UNGUARDED_ROUTE, subject=route, says="is guarded, and names no permission")
    elif function.permission not in known:
        says = f"asks for {function.permission}, which is not in the table"
        yield Uncovered(gap=Gap.UNKNOWN_PERMISSION, subject=route, says=says)
