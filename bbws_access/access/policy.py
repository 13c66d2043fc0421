"""The IAM policy of a decision: what a user may call, whatever path they happened to ask for first.

API Gateway caches the policy under the token alone and judges every path by it, so it is a function of
the actor and of the deployed API, never of the request.

**Patterns.** A path parameter becomes ``*``, the organisation and the teams become their ids. An IAM
``*`` also runs across slashes: ``…/teams/*`` would open ``…/teams/T/members`` as well. So "any team" is
as many ``?`` as a team's id has characters, and no pattern is used that covers an endpoint which is not
open. The policy only allows: what it does not name is denied, while a deny statement would win over every
allow and take from users what is their own. Endpoints that are all open share a pattern.

**Size.** API Gateway takes a policy of at most :data:`MAX_POLICY_BYTES`. The patterns of the organisation
stay far below it; those of a single team are one for a member and three for a lead, about 175 bytes each,
most of them ids that cannot be left out: some 40 memberships fit, or the lead of a dozen teams. Beyond
that the endpoints that at least one team opens are opened for every team of the user's organisation, and
which team it is, is decided by the services, the second lock.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

from bbws_access.access.actor import Actor
from bbws_access.access.grants import covers
from bbws_access.catalogue import ENDPOINTS, Function, Guard

MAX_POLICY_BYTES: Final = 8192
"""API Gateway's limit for the policy that an authorizer returns."""

ANY_TEAM: Final = "?" * 36
"""A team's id is a UUID: exactly this many characters, so that nothing below the team matches."""

_ANY_ID: Final = "?" * 36
_ANY_ORGANISATION: Final = f"org-{_ANY_ID}"
"""An organisation's id, for the few patterns in which ``*`` would run into another endpoint."""

_PARAMETER: Final = re.compile(r"\{[^}]+\}")

_GUARDED: Final = tuple(f for f in ENDPOINTS if f.guard is not Guard.PUBLIC)
"""The public endpoints have no authorizer in front."""


def policy(actor: Actor, method_arn: str) -> dict[str, Any]:
    """The policy document; ``method_arn`` only tells which API and stage this is."""
    api = _api_arn(method_arn)
    exact = _document(api, actor, by_team=True)
    if len(json.dumps(exact)) <= MAX_POLICY_BYTES:
        return exact
    return _document(api, actor, by_team=False)


def allows(document: Mapping[str, Any], method_arn: str) -> bool:
    """Whether a policy of this module opens one request, as API Gateway will judge it."""
    return any(
        statement["Effect"] == "Allow" and any(fnmatchcase(method_arn, pattern) for pattern in statement["Resource"])
        for statement in document["Statement"]
    )


def denial(method_arn: str) -> dict[str, Any]:
    """Denies everything in this API and stage."""
    return _statement("Deny", [f"{_api_arn(method_arn)}/*"])


def _document(api: str, actor: Actor, *, by_team: bool) -> dict[str, Any]:
    anywhere = open_with(actor.platform_permissions) if actor.platform_permissions else frozenset()
    allowed = set(_templates(anywhere, anywhere, "*", ANY_TEAM))
    org = actor.organisation_id
    if org:
        own = open_with(actor.held_in(org))
        templates = {*_templates(own - anywhere, own, "{orgId}", ANY_TEAM), *_own_user_templates(own)}
        allowed |= _filled(templates, {"orgId": org, "userId": actor.id})
        opened = {team: opened_in_team(actor, can, own) for team, can in actor.team_capabilities.items()}
        if by_team:
            for team, names in opened.items():
                allowed |= _filled(
                    _templates(names, own | names, "{orgId}", "{teamId}"), {"orgId": org, "teamId": team}
                )
        else:
            names = frozenset().union(*opened.values())
            allowed |= _filled(_templates(names, own | names, "{orgId}", ANY_TEAM), {"orgId": org})
    if not allowed:
        return _statement("Deny", [f"{api}/*"])
    return _statement("Allow", sorted(f"{api}/{pattern}" for pattern in allowed))


def open_with(held: frozenset[str]) -> frozenset[str]:
    """The endpoints that are open wherever ``held`` is held, by name."""
    return frozenset(f.name for f in _GUARDED if f.guard is Guard.ANY or (f.permission and covers(held, f.permission)))


def opened_in_team(actor: Actor, can: frozenset[str], own: frozenset[str]) -> frozenset[str]:
    """What a team with these capabilities opens beyond ``own``: by role, or by capability."""
    return frozenset(
        f.name
        for f in _GUARDED
        if f.name not in own
        and f.permission is not None
        and ("{teamId}" in (f.path or "") or f.capability is not None)
        and (f.capability in can or covers(actor.team_permissions, f.permission))
    )


def _own_user_templates(own: frozenset[str]) -> list[str]:
    return [
        _pattern(f, "{orgId}", ANY_TEAM, "{userId}")
        for f in _GUARDED
        if f.guard is Guard.PERMISSION_OR_SELF and f.name not in own
    ]


@lru_cache(maxsize=512)
def _templates(wanted: frozenset[str], opened: frozenset[str], org: str, team: str) -> tuple[str, ...]:
    """Patterns for the endpoints ``wanted``, none of which covers an endpoint that is not ``opened``.

    They hold for every user of whom the same is open; ids are filled in later.
    """
    closed = [_sample(f, org, team) for f in _GUARDED if f.name not in opened]
    plain = [_pattern(f, org, team, "*") for f in _GUARDED if f.name in wanted]
    found = []
    for pattern in plain:
        choices = [pattern, pattern.replace("/organisations/*", f"/organisations/{_ANY_ORGANISATION}")]
        if any(fnmatchcase(p, f"{pattern}*") and not fnmatchcase(p, pattern) for p in plain):
            choices.insert(0, f"{pattern}*")
        found += [choice for choice in choices if not any(fnmatchcase(path, choice) for path in closed)][:1]
    return tuple(p for p in found if not any(p != other and fnmatchcase(p, other) for other in found))


def _pattern(function: Function, org: str, team: str, user: str) -> str:
    path = function.path or ""
    named = {"{orgId}": org, "{teamId}": team, "{userId}": user}
    return f"{function.method}{_PARAMETER.sub(lambda found: named.get(found[0], '*'), path)}"


def _sample(function: Function, org: str, team: str) -> str:
    """A path of the endpoint, with ids of the right length."""
    named = {"{orgId}": _ANY_ORGANISATION if org == "*" else org, "{teamId}": team}
    return f"{function.method}{_PARAMETER.sub(lambda found: named.get(found[0], _ANY_ID), function.path or '')}"


def _filled(templates: Iterable[str], ids: Mapping[str, str]) -> set[str]:
    """Ids are quoted, so that one with a ``*``, a ``?`` or a slash in it can never open more than itself."""
    filled = set(templates)
    for name, value in ids.items():
        filled = {template.replace(f"{{{name}}}", quote(value, safe="")) for template in filled}
    return filled


def _statement(effect: str, resources: list[str]) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resources}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _api_arn(method_arn: str) -> str:
    """``arn:aws:execute-api:{region}:{account}:{apiId}/{stage}``."""
    return "/".join(method_arn.split("/")[:2])
