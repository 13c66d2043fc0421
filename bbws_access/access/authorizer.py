"""The authorizer's decision: from a token to a policy and the context that functions are given.

It fails closed: a token that is not good is the gateway's 401, everything else that goes wrong is a
policy that denies all. One for an error of our own never reaches the gateway, which would keep it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from bbws_access.access.actor import Actor, ActorKind, Origin
from bbws_access.access.policy import allows, denial, policy
from bbws_access.access.principal import Principal, PrincipalLoader
from bbws_access.access.tokens import TokenVerifier
from bbws_access.errors import Denied, Unauthenticated

_NOBODY: Final = "anonymous"

_ORGANISATION: Final = re.compile(r"/organisations/([^/]+)")

_DENIALS: Final = frozenset({"ORG_ACCESS_DENIED", "PERMISSION_DENIED", "USER_NOT_FOUND", "USER_INACTIVE"})
"""What a user may be denied for; any other error is ours."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the authorizer returns, and for the log why: ``code`` is ``ALLOWED`` or a denial's code.

    ``cause`` names the kind of an unexpected error, never its text, which may quote what must not be logged.
    ``principal`` is who it was, where the organisation knows them: whoever was deactivated holds nothing.
    """

    principal_id: str
    policy: dict[str, Any]
    context: dict[str, str]
    code: str
    cause: str | None = None
    principal: Principal | None = None

    def response(self) -> dict[str, Any]:
        return {"principalId": self.principal_id, "policyDocument": self.policy, "context": self.context}

    def verdict(self, method_arn: str) -> str:
        """For the log, what became of the request that was asked about: the policy itself never depends on it."""
        if self.code != "ALLOWED" or allows(self.policy, method_arn):
            return self.code
        org_id = _ORGANISATION.search(method_arn)
        foreign = org_id is not None and org_id[1] != quote(self.context["orgId"], safe="")
        return "ORG_ACCESS_DENIED" if foreign else "PERMISSION_DENIED"

    def basis(self) -> dict[str, list[str]]:
        """For the trail, what the policy was made from."""
        if self.principal is None:
            return {}
        actor = self.principal.actor
        found = {
            "roleIds": self.principal.role_ids,
            "teamIds": actor.team_capabilities,
            "permissions": actor.permissions,
            "teamPermissions": actor.team_permissions,
            "platformPermissions": actor.platform_permissions,
        }
        return {name: sorted(values) for name, values in found.items() if values}


class Authorizer:
    """Decides by the user alone; see the policy's module for why."""

    def __init__(self, verifier: TokenVerifier, principals: PrincipalLoader) -> None:
        self._verifier = verifier
        self._principals = principals

    def decide(self, authorization: str | None, method_arn: str) -> Decision:
        """Raises :class:`Unauthenticated`, which the gateway answers with 401; never anything else."""
        try:
            claims = self._verifier.verify(authorization)
        except Unauthenticated:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, nobody gets in because of it
            return _denied(_NOBODY, method_arn, error)
        # From here on the token is good: what AWS calls unauthenticated is us, not the user.
        return decide_for(self._principals, claims.subject, claims.organisation_id, method_arn, or_elsewhere=True)


def decide_for(
    principals: PrincipalLoader,
    subject: str,
    organisation_id: str | None,
    method_arn: str,
    *,
    or_elsewhere: bool = False,
) -> Decision:
    """The decision about whoever a good token is of; never raises. See ``PrincipalLoader.load``."""
    try:
        principal = principals.load(subject, organisation_id, or_elsewhere=or_elsewhere)
        document, context = policy(principal.actor, method_arn), context_of(principal)
        return Decision(subject, document, context, "ALLOWED", principal=principal)
    except Exception as error:  # noqa: BLE001 - whatever it was, nobody gets in because of it
        return _denied(subject, method_arn, error)


def _denied(subject: str, method_arn: str, error: Exception) -> Decision:
    if isinstance(error, Denied) and error.code in _DENIALS:
        context = {"denial": error.code}
        return Decision(subject, denial(method_arn), context, error.code, principal=_turned_away(subject, error))
    return Decision(
        subject, denial(method_arn), {"denial": "INTERNAL_ERROR"}, "INTERNAL_ERROR", cause=type(error).__name__
    )


def _turned_away(subject: str, error: Denied) -> Principal | None:
    org_id = error.details.get("organisationId")
    if org_id is None:
        return None
    email = str(error.details.get("email", ""))
    return Principal(Actor(subject, email, ActorKind.USER, organisation_id=str(org_id)), ())


def context_of(principal: Principal) -> dict[str, str]:
    """The actor as strings, which is all that API Gateway passes on; :func:`actor_of` is the reverse."""
    actor = principal.actor
    return {
        "userId": actor.id,
        "email": actor.email,
        "orgId": actor.organisation_id or "",
        "teamIds": ",".join(sorted(actor.team_capabilities)),
        "permissions": ",".join(sorted(actor.permissions)),
        "roleIds": ",".join(principal.role_ids),
        "platformPermissions": ",".join(sorted(actor.platform_permissions)),
        "teamPermissions": ",".join(sorted(actor.team_permissions)),
        "teamCapabilities": json.dumps(
            {team: sorted(can) for team, can in sorted(actor.team_capabilities.items())}, separators=(",", ":")
        ),
    }


def actor_of(context: dict[str, Any], origin: Origin) -> Actor:
    """The actor of a request that passed the authorizer; raises :class:`Unauthenticated` without one."""
    user_id = context.get("userId")
    if not user_id:
        raise Unauthenticated("a token is needed", code="TOKEN_MISSING")
    capabilities = json.loads(context.get("teamCapabilities") or "{}")
    return Actor(
        id=str(user_id),
        email=str(context.get("email", "")),
        kind=ActorKind.USER,
        organisation_id=str(context.get("orgId", "")) or None,
        permissions=_listed(context.get("permissions")),
        platform_permissions=_listed(context.get("platformPermissions")),
        team_permissions=_listed(context.get("teamPermissions")),
        team_capabilities={team: frozenset(can) for team, can in capabilities.items()},
        origin=origin,
    )


def _listed(text: Any) -> frozenset[str]:
    return frozenset(part for part in str(text or "").split(",") if part)
