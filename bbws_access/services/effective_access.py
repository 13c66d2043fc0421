"""Who may do what, and why: asked of the authorizer's own reading, never decided a second time.

What a user holds is what :class:`PrincipalLoader` makes of the table; whether that allows a permission is what
:class:`Actor` says; whether a request passes is what :mod:`bbws_access.access.authorizer` decides. Here it is put into
words, with its sources.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.access.authorizer import Decision, decide_for
from bbws_access.access.grants import GRANT_PATTERN, covers
from bbws_access.access.principal import PrincipalLoader
from bbws_access.catalogue import ENDPOINTS, Guard, api_path
from bbws_access.clock import Clock
from bbws_access.errors import InvalidInput, NotFound
from bbws_access.keys import PLATFORM
from bbws_access.models.effective_access import Answer, EffectiveAccess, Explanation, Grant, Holder, Reach, Step
from bbws_access.models.kinds import Capability, Scope
from bbws_access.models.role import Role, RoleAssignment
from bbws_access.models.team import Team, TeamMember, TeamRole
from bbws_access.models.user import User
from bbws_access.services.access_sources import counts_in, gives, grants_of, reach_of, seat_grant
from bbws_access.services.access_steps import endpoint, opening, steps_of
from bbws_access.store.table import Query, Table

API: Final = "arn:aws:execute-api:region:account:api/stage"
"""The policy names the API that was asked; which one does not matter to what it opens."""

_NEAREST: Final = 3


class EffectiveAccessQuestions:
    """Answers for whoever may read users, roles and teams; everybody may ask about themselves."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def show(self, actor: Actor, org_id: str, user_id: str) -> EffectiveAccess:
        """All that was ever given to the user, and what each piece yields now. Raises ``Denied``, ``NotFound``."""
        user = self._asked_about(actor, org_id, user_id)
        return _shown(user, self._decision(user, ""), self._team_names(org_id))

    def can(self, actor: Actor, org_id: str, user_id: str, permission: str, team_id: str | None = None) -> Answer:
        """Whether the user holds ``permission``, a grant or a capability, in the organisation or in the team.

        A permission that a capability stands for in a team is held there through the capability, too. Raises
        ``InvalidInput`` for what is neither, or for a capability without a team; ``Denied``, ``NotFound``.
        """
        capabilities = capabilities_for(permission, team_id)
        user = self._asked_about(actor, org_id, user_id)
        decision = self._decision(user, "")
        shown = _shown(user, decision, self._team_names(org_id))
        allowed = holds(decision, org_id, permission, team_id)
        holder = None if decision.code != "ALLOWED" or decision.principal is None else decision.principal.actor
        if not allowed:
            inside = () if holder is None or team_id is not None else _teams_where(holder, org_id, permission)
            names = self._team_names(org_id)
            nearest = [f"they hold it in team {names.get(team, team)}" for team in inside]
            nearest += self._nearest(shown, permission, capabilities, team_id)
            return Answer(allowed=False, permission=permission, nearest=tuple(nearest[:_NEAREST]))
        seats = set() if holder is None else set(holder.team_capabilities)
        through = tuple(g for g in shown.grants if gives(g, permission, capabilities, team_id, seats))
        return Answer(allowed=True, permission=permission, through=through)

    def explain(self, actor: Actor, org_id: str, user_id: str, method: str, path: str) -> Explanation:
        """The authorizer's decision about one request of the user, step by step. Raises ``Denied``, ``NotFound``."""
        user, path = self._asked_about(actor, org_id, user_id), api_path(path)
        arn = f"{API}/{method.upper()}/{path.lstrip('/')}"
        function = endpoint(method, path)
        if function is None:
            says = f"{method.upper()} {path} is no endpoint; the gateway answers 403 before anybody is asked"
            return Explanation(
                allowed=False, code="NO_SUCH_ENDPOINT", steps=(Step(name="route", passed=False, says=says),)
            )
        route = Step(name="route", passed=True, says=f"{function.method} {function.path} is {function.name}")
        if function.guard is Guard.PUBLIC:
            says = "no token is needed: the invitation's own token is the key"
            open_to_all = Step(name="guard", passed=True, says=says)
            return Explanation(allowed=True, code="ALLOWED", function=function.name, steps=(route, open_to_all))
        decision = self._decision(user, arn)
        verdict = decision.verdict(arn)
        steps = (route, *steps_of(user, function, path, decision, verdict))
        shown = _shown(user, decision, self._team_names(org_id))
        return Explanation(
            allowed=verdict == "ALLOWED",
            code=verdict,
            function=function.name,
            steps=steps,
            through=opening(shown, function, path, decision) if verdict == "ALLOWED" else (),
            needs=function.permission if verdict == "PERMISSION_DENIED" else None,
        )

    def who(self, actor: Actor, org_id: str, permission: str) -> Iterator[Holder]:
        """Everybody who holds ``permission`` in the organisation or in a team of it, once for each way to it.

        Reads the roles that give it and who has them, not every user. Holders of platform roles have their
        profiles in other organisations, maybe: their address is ``None`` then. Whoever the authorizer turns away
        from all of their organisations is not among them. Raises ``Denied``, ``InvalidInput``.
        """
        capabilities = capabilities_for(permission, "any")
        require_reading(actor, org_id)
        organisation = self._table.get(keys.organisation_key(org_id)) or {}
        if organisation.get("active", True):  # else all of its members are turned away
            yield from self._role_holders(org_id, org_id, permission)
            yield from self._seat_holders(org_id, capabilities - {None})
        yield from self._role_holders(org_id, PLATFORM, permission)

    def _role_holders(self, org_id: str, owner: str, permission: str) -> Iterator[Holder]:
        seated: set[str] | None = None
        loader = PrincipalLoader(self._table, self._clock)
        for role in self._roles(owner):
            if not covers(role.permissions, permission):
                continue
            query = Query(keys.assignments_of_role(owner, role.role_id), index=1, begins_with=keys.USER_PREFIX)
            held = [a for a in map(RoleAssignment.from_item, self._table.query_all(query)) if a.active]
            if reach_of(owner, role) is Reach.TEAM:  # it gives nothing to who sits in no team
                seated = self._seated(org_id) if seated is None else seated
                held = [a for a in held if a.user_id in seated]
            profiles = self._profiles(org_id, (a.user_id for a in held))
            for one in held:
                user = profiles.get(one.user_id)
                if counts_in(org_id, one, loader) if owner == PLATFORM else user is not None and user.active:
                    grant = Grant(
                        reach=reach_of(owner, role), source_id=role.role_id, name=role.name,
                        given_by=one.assigned_by, given_at=one.assigned_at,
                    )  # fmt: skip
                    yield _holder(one.user_id, user, grant)

    def _seat_holders(self, org_id: str, capabilities: Iterable[str | None]) -> Iterator[Holder]:
        wanted = set(capabilities)
        giving = {r.team_role_id: r for r in self._team_roles(org_id) if wanted & {c.value for c in r.capabilities}}
        for team in self._teams(org_id) if giving else ():
            seats = [seat for seat in self._seats(team) if seat.team_role_id in giving]
            profiles = self._profiles(org_id, (seat.user_id for seat in seats))
            for seat in seats:
                user = profiles.get(seat.user_id)
                if user is not None and user.active:
                    yield _holder(seat.user_id, user, seat_grant(seat, giving[seat.team_role_id], team))

    def _seated(self, org_id: str) -> set[str]:
        """Who sits in any team, in a team role that counts."""
        counting = {role.team_role_id for role in self._team_roles(org_id)}
        seats = (seat for team in self._teams(org_id) for seat in self._seats(team))
        return {seat.user_id for seat in seats if seat.team_role_id in counting}

    def _seats(self, team: Team) -> list[TeamMember]:
        """Those that count: of a team that was deactivated none does."""
        if not team.active:
            return []
        members = Query(keys.members_of_team(team.organisation_id, team.team_id), begins_with=keys.MEMBER_PREFIX)
        return [seat for seat in map(TeamMember.from_item, self._table.query_all(members)) if seat.active]

    def _nearest(
        self, shown: EffectiveAccess, permission: str, capabilities: set[str | None], team_id: str | None
    ) -> list[str]:
        """What would give it: first what the user has and that rests, then the roles that allow least beside it."""
        if shown.denied is not None:
            return [f"{shown.email} is turned away before any right counts: {shown.denied}"]
        resting = [
            f"{grant.where} would, but {_RESTS[grant.rests]}"
            for grant in shown.grants
            if grant.rests is not None and self._would_give(shown.organisation_id, grant, permission)
        ]
        held = {grant.source_id for grant in shown.grants if grant.rests is None}
        roles = self._giving(shown.organisation_id, permission)
        if team_id is None:
            roles.sort(key=lambda role: role.scope is Scope.TEAM)
        offers = [_offer(role, in_team=team_id is not None, held=role.role_id in held) for role in roles]
        if team_id is not None:
            able = [
                r for r in self._team_roles(shown.organisation_id) if capabilities & {c.value for c in r.capabilities}
            ]
            offers += [
                f"team role {r.name} gives it in a team" for r in sorted(able, key=lambda r: len(r.capabilities))
            ]
        if not offers and permission not in set(Capability):
            offers = [f"platform role {role.name} gives it" for role in self._giving(PLATFORM, permission)]
            command = f"bbws-access roles create NAME --permission {permission}"
            offers.insert(0, f"no role of the organisation gives it: {command}")
        return [*resting, *offers]

    def _giving(self, owner: str, permission: str) -> list[Role]:
        """Those that allow least beside it first."""
        found = (role for role in self._roles(owner) if covers(role.permissions, permission))
        return sorted(found, key=lambda role: (len(role.permissions), role.name))

    def _would_give(self, org_id: str, grant: Grant, permission: str) -> bool:
        roles = {role.role_id: role for role in [*self._roles(org_id), *self._roles(PLATFORM)]}
        role = roles.get(grant.source_id)
        return role is not None and covers(role.permissions, permission)

    def _asked_about(self, actor: Actor, org_id: str, user_id: str) -> User:
        if actor.id != user_id:
            require_reading(actor, org_id)
        item = self._table.get(keys.user_key(org_id, user_id))
        if item is None:
            raise NotFound("there is no such user in this organisation", code="USER_NOT_FOUND")
        return User.from_item(item)

    def _decision(self, user: User, arn: str) -> Decision:
        # A loader of its own: what it remembers of roles must not be older than this question.
        return decide_for(PrincipalLoader(self._table, self._clock), user.user_id, user.organisation_id, arn or API)

    def _profiles(self, org_id: str, user_ids: Iterable[str]) -> dict[str, User]:
        found = self._table.get_many(keys.user_key(org_id, one) for one in user_ids)
        return {user.user_id: user for user in map(User.from_item, found)}

    def _roles(self, owner: str) -> Iterator[Role]:
        query = Query(keys.owner(owner), begins_with=keys.ROLE_PREFIX)
        return (role for role in map(Role.from_item, self._table.query_all(query)) if role.active)

    def _team_roles(self, org_id: str) -> Iterator[TeamRole]:
        query = Query(keys.owner(org_id), begins_with=keys.TEAM_ROLE_PREFIX)
        return (role for role in map(TeamRole.from_item, self._table.query_all(query)) if role.active)

    def _teams(self, org_id: str) -> Iterator[Team]:
        return map(Team.from_item, self._table.query_all(Query(keys.owner(org_id), begins_with=keys.TEAM_PREFIX)))

    def _team_names(self, org_id: str) -> dict[str, str]:
        return {team.team_id: team.name for team in self._teams(org_id)}


_RESTS: Final[Mapping[str | None, str]] = {
    "TAKEN": "it was taken away",
    "INACTIVE": "it is deactivated",
    "TEAM_INACTIVE": "the team is deactivated",
    "GONE": "it is not there any more",
}


def holds(decision: Decision, org_id: str, permission: str, team_id: str | None) -> bool:
    """Whether whoever a decision is about holds ``permission``; raises as :func:`capabilities_for`."""
    if decision.code != "ALLOWED" or decision.principal is None:
        return False
    may = decision.principal.actor.may
    capabilities = capabilities_for(permission, team_id)
    return any(may(permission, org_id, team_id=team_id, capability=capability) for capability in capabilities)


def capabilities_for(permission: str, team_id: str | None) -> set[str | None]:
    """The capabilities that stand for a permission inside a team; ``None`` is "by the permission alone".

    Raises :class:`InvalidInput` for what is neither permission nor capability, and for a capability without a team.
    """
    if permission in set(Capability):
        if team_id is None:
            raise InvalidInput(f"{permission} is held in a team", hint="name the team with --team")
        return {permission}
    if not GRANT_PATTERN.match(permission):
        raise InvalidInput(
            f"{permission} is neither a permission nor a capability", hint="bbws-access permissions list"
        )
    return {None, *(f.capability for f in ENDPOINTS if f.permission == permission and f.capability)}


def _teams_where(holder: Actor, org_id: str, permission: str) -> list[str]:
    capabilities = capabilities_for(permission, "any")
    return sorted(
        team
        for team in holder.team_capabilities
        if any(holder.may(permission, org_id, team_id=team, capability=c) for c in capabilities)
    )


def require_reading(actor: Actor, org_id: str) -> None:
    for permission in ("user:read", "role:read", "team:read"):
        actor.require(permission, org_id)


def _shown(user: User, decision: Decision, teams: Mapping[str, str]) -> EffectiveAccess:
    principal = decision.principal
    return EffectiveAccess(
        user_id=user.user_id,
        email=user.email,
        organisation_id=user.organisation_id,
        denied=None if decision.code == "ALLOWED" else decision.code,
        grants=() if principal is None else grants_of(principal, teams),
    )


def _holder(user_id: str, user: User | None, grant: Grant) -> Holder:
    return Holder(
        user_id=user_id,
        email=None if user is None else user.email,
        through=grant.where,
        given_by=grant.given_by,
        given_at=grant.given_at,
    )


def _offer(role: Role, *, in_team: bool, held: bool) -> str:
    """What a role would give; one that counts in teams alone gives nothing beside them."""
    which = ", which they hold," if held else ""
    where = (" to who is in the team" if in_team else " in their teams alone") if role.scope is Scope.TEAM else ""
    return f"role {role.name}{which} gives it{where}"
