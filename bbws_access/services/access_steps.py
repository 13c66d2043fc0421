"""One request, step by step: what the gateway and the authorizer make of it, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bbws_access.access.actor import Actor
from bbws_access.access.authorizer import Decision
from bbws_access.catalogue import ENDPOINTS, Function, Guard
from bbws_access.models.effective_access import EffectiveAccess, Grant, Step
from bbws_access.models.user import User
from bbws_access.services.access_sources import gives
from bbws_access.wording import number_of


def endpoint(method: str, path: str) -> Function | None:
    """The function that answers a request, by the catalogue; what is fixed in a path goes before a parameter."""
    parts = path.strip("/").split("/")
    fitting = [
        f
        for f in ENDPOINTS
        if f.method == method.upper() and f.path is not None and _fits(f.path.strip("/").split("/"), parts)
    ]
    return min(fitting, key=lambda f: (f.path or "").count("{"), default=None)


def _fits(template: list[str], parts: list[str]) -> bool:
    return len(template) == len(parts) and all(
        bool(given) and (wanted.startswith("{") or wanted == given)
        for wanted, given in zip(template, parts, strict=True)
    )


def _parameters(function: Function, path: str) -> dict[str, str]:
    template = (function.path or "").strip("/").split("/")
    pairs = zip(template, path.strip("/").split("/"), strict=True)
    return {wanted.strip("{}"): given for wanted, given in pairs if wanted.startswith("{")}


def opening(shown: EffectiveAccess, function: Function, path: str, decision: Decision) -> tuple[Grant, ...]:
    if function.permission is None or decision.principal is None:
        return ()
    team_id = _parameters(function, path).get("teamId")
    capabilities: set[str | None] = {function.capability} if function.capability else set()
    seats = set(decision.principal.actor.team_capabilities)
    return tuple(g for g in shown.grants if gives(g, function.permission, capabilities, team_id, seats))


def steps_of(user: User, function: Function, path: str, decision: Decision, verdict: str) -> Iterator[Step]:
    if decision.code != "ALLOWED" or decision.principal is None:
        yield Step(name="user", passed=False, says=f"{user.email} is turned away: {decision.code}")
        return
    holder = decision.principal.actor
    roles, teams = len(decision.principal.role_ids), len(holder.team_capabilities)
    yield Step(
        name="user",
        passed=True,
        says=f"{user.email} is active, with {number_of(roles, 'role')} and {number_of(teams, 'team')}",
    )
    given = _parameters(function, path)
    org_id = given.get("orgId")
    if org_id is not None:
        inside = org_id == holder.organisation_id or bool(holder.platform_permissions)
        yield Step(name="tenant", passed=inside, says=_where(org_id, holder))
        if not inside:
            return
    yield Step(name="guard", passed=verdict == "ALLOWED", says=_needs(function, given))


def _where(org_id: str, holder: Actor) -> str:
    if org_id == holder.organisation_id:
        return "the path is in the organisation that the token is of"
    if holder.platform_permissions:
        return f"the path is in {org_id}, where a platform role reaches"
    return f"the path is in {org_id}, the token of {holder.organisation_id}"


def _needs(function: Function, given: Mapping[str, str]) -> str:
    match function.guard:
        case Guard.ANY:
            return "any active user may call it"
        case Guard.PERMISSION_OR_SELF:
            return f"it needs {function.permission}, or to be about oneself"
        case Guard.PERMISSION_OR_CAPABILITY if "teamId" in given:
            return f"it needs {function.permission}, or {function.capability} in team {given['teamId']}"
        case _:
            return f"it needs {function.permission}"
