"""The IAM policy of a decision: what a user may call, whatever path they happened to ask for first.

API Gateway caches the policy under the token alone and judges every path by it, so it is a function of
the actor and of the deployed API, never of the request.

**Patterns.** A path parameter becomes ``*``, the organisation and the teams become their ids. An IAM
``*`` also runs across slashes: ``…/teams/*`` would open ``…/teams/T/members`` as well. So "any team" is
as many ``?`` as a team's id has characters; and where an allowed pattern still covers an endpoint that
is not allowed, that endpoint's own pattern is denied, which wins over any allow. Endpoints of one method
and family that are all allowed share one pattern.

**Size.** API Gateway takes a policy of at most :data:`MAX_POLICY_BYTES`. The patterns of the
organisation stay far below it. Those of single teams name the team and leave out what its id already
says; where a user leads so many teams that the policy would still be too long, the team becomes ``*``
for the endpoints that at least one team opens, and which team it is, is decided by the services, the
second lock.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from itertools import groupby
from typing import Any, Final

from bbws_access.access.actor import Actor
from bbws_access.access.grants import covers
from bbws_access.catalogue import ENDPOINTS, Function, Guard

MAX_POLICY_BYTES: Final = 8192
"""API Gateway's limit for the policy that an authorizer returns."""

ANY_TEAM: Final = "?" * 36
"""A team's id is a UUID: exactly this many characters, so that nothing below the team matches."""

_PARAMETER: Final = re.compile(r"\{[^}]+\}")


def policy(actor: Actor, method_arn: str) -> dict[str, Any]:
    """The policy document; ``method_arn`` only tells which API and stage this is."""
    api = _api_arn(method_arn)
    exact = _document(api, actor, by_team=True)
    if len(json.dumps(exact, separators=(",", ":"))) <= MAX_POLICY_BYTES:
        return exact
    return _document(api, actor, by_team=False)


def denial(method_arn: str) -> dict[str, Any]:
    """Denies everything in this API and stage."""
    return _statements([], [f"{_api_arn(method_arn)}/*"])


def _document(api: str, actor: Actor, *, by_team: bool) -> dict[str, Any]:
    allowed: list[str] = []
    denied: list[str] = []
    for org in _tenants(actor):
        open_here = [f for f in ENDPOINTS if _opens(actor, f, org)]
        closed = [f for f in ENDPOINTS if f not in open_here and f.guard is not Guard.PUBLIC]
        patterns = _compact(open_here, closed, org, actor.id)
        team_patterns = _team_patterns(actor, closed, by_team=by_team) if org == actor.organisation_id else []
        allowed += patterns + team_patterns
        denied += _overlaps(patterns, closed, org)
    allow = sorted({f"{api}/{p}" for p in allowed})
    deny = sorted({f"{api}/{p}" for p in denied})
    return _statements(allow, deny)


def _tenants(actor: Actor) -> list[str]:
    """The organisation as patterns name it: the actor's own, and ``*`` for whoever spans them all."""
    own = [actor.organisation_id] if actor.organisation_id else []
    return ["*", *own] if actor.platform_permissions else own


def _opens(actor: Actor, function: Function, org: str) -> bool:
    """Whether the endpoint is open in the whole of ``org``."""
    match function.guard:
        case Guard.PUBLIC:
            return False  # has no authorizer in front
        case Guard.ANY:
            return True
        case Guard.INTERNAL:
            return False
    permission = function.permission or ""
    held = actor.platform_permissions if org == "*" else actor.held_in(org)
    return covers(held, permission)


def _pattern(function: Function, org: str, *, team: str = ANY_TEAM, user: str = "*") -> str:
    path = (function.path or "").replace("{orgId}", org).replace("{teamId}", team).replace("{userId}", user)
    return f"{function.method}{_PARAMETER.sub('*', path)}"


def _family(function: Function) -> tuple[str, str]:
    """Method, and path up to and with its first segment below the organisation."""
    segments = (function.path or "").split("/")
    depth = 5 if segments[2] == "organisations" else 4
    return function.method or "", "/".join(segments[:depth])


def _compact(open_here: list[Function], closed: list[Function], org: str, user_id: str) -> list[str]:
    patterns: list[str] = []
    closed_families = {_family(f) for f in closed}
    for family, group in groupby(sorted(open_here, key=_family), key=_family):
        members = list(group)
        if len(members) > 1 and family not in closed_families:
            patterns.append(f"{family[0]}{family[1].replace('{orgId}', org)}*")
        else:
            patterns += [_pattern(f, org) for f in members]
    return patterns + [
        _pattern(f, org, user=user_id) for f in closed if f.guard is Guard.PERMISSION_OR_SELF and org != "*"
    ]


def _team_patterns(actor: Actor, closed: list[Function], *, by_team: bool) -> list[str]:
    """What the actor's teams open beyond the organisation: by role in all of them, by capability in each."""
    found: list[str] = []
    for function in closed:
        if function.path is None or function.permission is None:
            continue
        everywhere = covers(actor.team_permissions, function.permission)
        teams = [t for t, can in actor.team_capabilities.items() if everywhere or function.capability in can]
        if not teams:
            continue
        if "{teamId}" in function.path:
            found += _of_teams(function, teams) if by_team else [_pattern(function, actor.organisation_id or "")]
        elif function.capability is not None:
            found.append(_pattern(function, actor.organisation_id or ""))
    return found


def _of_teams(function: Function, teams: Iterable[str]) -> list[str]:
    """A team's id is unique on the platform, so that the organisation need not be named."""
    tail = (function.path or "").split("{teamId}", 1)[1]
    return [f"{function.method}/*/teams/{team}{_PARAMETER.sub('*', tail)}" for team in teams]


def _overlaps(patterns: list[str], closed: list[Function], org: str) -> list[str]:
    """Closed endpoints that an allowed pattern would open through a ``*`` that runs across slashes."""
    found = []
    for function in closed:
        pattern = _pattern(function, org)
        if any(fnmatchcase(pattern, allowed) for allowed in patterns):
            found.append(pattern)
    return found


def _statements(allow: list[str], deny: list[str]) -> dict[str, Any]:
    statements = [
        {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resources}
        for effect, resources in (("Allow", allow), ("Deny", deny))
        if resources
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _api_arn(method_arn: str) -> str:
    """``arn:aws:execute-api:{region}:{account}:{apiId}/{stage}``."""
    return "/".join(method_arn.split("/")[:2])
