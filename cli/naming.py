"""What people call things: by id, by name or by email. An id goes before a name; a name of several is refused.

Names of organisations, roles, teams and team roles are unique, so that only people, invitations and
permission sets can share one. Where nothing is called so, what is called nearly so is offered.
"""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from bbws_access.errors import AccessError, InvalidInput, NotFound
from bbws_access.keys import PLATFORM
from cli.suggestions import meant

if TYPE_CHECKING:
    from bbws_access.models.invitation import Invitation
    from bbws_access.models.organisation import Organisation
    from bbws_access.models.permission import Permission, PermissionSet
    from bbws_access.models.role import Role
    from bbws_access.models.team import Team, TeamRole
    from bbws_access.models.user import User
    from bbws_access.services.pages import ListPage, PageRequest
    from cli.session import Session

T = TypeVar("T")

_LOOKED_THROUGH: Final = 1_000
"""Names that are looked at for one that was meant: ten pages."""

_OFFERED: Final = 3

_INVITED: Final = "NOT_A_MEMBER_YET"
"""Of whoever is known: nobody else was meant."""


def organisation(session: Session, name: str) -> Organisation:
    """Raises :class:`NotFound`."""
    services, actor = session.services, session.actor
    return _found(
        name,
        lambda: services.organisations.find(actor, name),
        _all(lambda page: services.organisations.page(actor, page), lambda org: [org.name]),
    )


def role(session: Session, name: str, owner: str) -> Role:
    """``owner`` is the organisation, or ``PLATFORM``. Raises :class:`NotFound`."""
    services, actor = session.services, session.actor
    return _found(
        name,
        lambda: services.roles.find(actor, owner, name),
        _all(lambda page: services.roles.page(actor, owner, page), lambda role: [role.name]),
    )


def team(session: Session, name: str) -> Team:
    """Raises :class:`NotFound`."""
    services, actor, org_id = session.services, session.actor, session.org_id
    return _found(
        name,
        lambda: services.teams.find(actor, org_id, name),
        _all(lambda page: services.teams.page(actor, org_id, page), lambda team: [team.name]),
    )


def team_role(session: Session, name: str) -> TeamRole:
    """Raises :class:`NotFound`."""
    services, actor, org_id = session.services, session.actor, session.org_id
    return _found(
        name,
        lambda: services.team_roles.find(actor, org_id, name),
        _all(lambda page: services.team_roles.page(actor, org_id, page), lambda role: [role.name]),
    )


def permission(session: Session, name: str) -> Permission:
    """Raises :class:`NotFound`."""
    services, actor = session.services, session.actor
    return _found(
        name,
        lambda: services.permissions.find(actor, name),
        _all(lambda page: services.permissions.page(actor, page), lambda found: [found.permission_id]),
    )


def right(name: str) -> str:
    """A permission, a wildcard that covers some, or a capability, as it was given.

    Raises :class:`InvalidInput`, as where a role is given one that there is not: the platform's words are few and
    the same everywhere, so that another one is wrong usage. What has not even the form of one is left to whoever
    asks about it.
    """
    from bbws_access.access.grants import GRANT_PATTERN, covers
    from bbws_access.defaults import PERMISSIONS
    from bbws_access.models.kinds import Capability

    known = [*(one.id for one in PERMISSIONS), *Capability]
    if name in known or not GRANT_PATTERN.match(name) or any(covers({name}, one.id) for one in PERMISSIONS):
        return name
    near = _near(name, lambda: known)
    raise InvalidInput(
        f"there is no such permission: {name}{meant(near)}",
        code="INVALID_PERMISSIONS",
        hint="bbws-access permissions list",
        details={"candidates": near},
    )


def permission_set(session: Session, name: str, owner: str) -> PermissionSet:
    """One of ``owner``'s or of the platform's. Raises :class:`NotFound`, ``InvalidInput`` (``AMBIGUOUS_NAME``)."""
    services, actor = session.services, session.actor

    def names() -> Iterable[str]:
        for of in dict.fromkeys([owner, PLATFORM]):
            yield from _all(lambda page, of=of: services.permission_sets.page(actor, of, page), lambda s: [s.name])()  # type: ignore[misc]

    return _found(name, lambda: services.permission_sets.find(actor, owner, name), names)


def user(session: Session, name: str) -> User:
    """By id, email, or first and last name. Raises :class:`NotFound`, ``InvalidInput`` (``AMBIGUOUS_NAME``).

    Whoever acts as a member may name that member, whatever they may read of others.
    """
    if session.acting_as is not None and name.casefold() == session.acting_as.casefold():
        session = session.as_operator
    services, actor, org_id = session.services, session.actor, session.org_id

    def find() -> User:
        try:
            return services.users.find(actor, org_id, name)
        except NotFound:
            named = services.users.named(actor, org_id, name) if name.strip() else []
            if not named:
                _require_accepted(session, name)
                raise
        if len(named) > 1:
            from bbws_access.services.uniqueness import ambiguous

            raise ambiguous("users", name, [f"{user.email} ({user.user_id})" for user in named])
        return named[0]

    names = _all(
        lambda page: services.users.page(actor, org_id, page),
        lambda user: [user.email, f"{user.first_name} {user.last_name}"],
    )
    return _found(name, find, names)


def _require_accepted(session: Session, name: str) -> None:
    """Raises :class:`NotFound` that says more of somebody who is invited; they are no user before they accept."""
    from bbws_access.models.kinds import InvitationStatus

    try:
        found = session.services.invitations.of_email(session.actor, session.org_id, name) if "@" in name else []
    except AccessError:  # of invitations the actor may know nothing
        return
    if any(one.status is InvitationStatus.PENDING for one in found):
        raise NotFound(
            f"{name} is invited and has not accepted yet",
            code=_INVITED,
            hint=f"bbws-access invitations show {shlex.quote(name)}",
        )


def invitation(session: Session, name: str) -> Invitation:
    """By id, or by email: then the pending one, or the only one.

    Raises :class:`NotFound`, ``InvalidInput`` (``AMBIGUOUS_NAME``) where several of an address have ended.
    """
    services, actor, org_id = session.services, session.actor, session.org_id
    if "@" not in name:
        return services.invitations.get(actor, org_id, name)

    def find() -> Invitation:
        from bbws_access.models.kinds import InvitationStatus

        found = services.invitations.of_email(actor, org_id, name)
        if not found:
            raise NotFound(
                f"there is no invitation of {name!r}", code="INVITATION_NOT_FOUND", hint="bbws-access invitations list"
            )
        chosen = [one for one in found if one.status is InvitationStatus.PENDING] or found
        if len(chosen) > 1:
            from bbws_access.services.uniqueness import ambiguous

            raise ambiguous("invitations", name, [f"{one.invitation_id} ({one.status.lower()})" for one in chosen])
        return services.invitations.get(actor, org_id, chosen[0].invitation_id)

    names = _all(lambda page: services.invitations.page(actor, org_id, page), lambda one: [one.email])
    return _found(name, find, names)


def _all(fetch: Callable[[PageRequest], ListPage[T]], names: Callable[[T], list[str]]) -> Callable[[], Iterable[str]]:
    def found() -> Iterable[str]:
        from bbws_access.services.pages import every

        return (name for one in every(fetch) for name in names(one))

    return found


def _found(name: str, find: Callable[[], T], names: Callable[[], Iterable[str]]) -> T:
    try:
        return find()
    except NotFound as error:
        near = [] if error.code == _INVITED else _near(name, names)
        if not near:
            raise
        raise NotFound(
            f"{error.message}{meant(near)}",
            code=error.code,
            hint=error.hint,
            details={**error.details, "candidates": near},
        ) from None


def _near(name: str, names: Callable[[], Iterable[str]]) -> list[str]:
    """Names like ``name``, the likest first; none where they may not be listed."""
    try:
        by_folded = {one.casefold(): one for one in islice(names(), _LOOKED_THROUGH)}
    except AccessError:
        return []
    return [by_folded[one] for one in difflib.get_close_matches(name.casefold(), by_folded, _OFFERED)]
