"""What has changed behind Terraform's back: a refresh-only plan, as data.

Ours is what Terraform last wrote, theirs what AWS says now. Some of what AWS says is no change: it spells
nothing out as an empty list, tells of a bucket or a role what another resource of ours has set there, which
is compared where it is set, and counts what the platform's own work moves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bbws_access.errors import ProvisioningFailed
from bbws_access.provisioning.plans import HIDDEN, is_secret

SET_ELSEWHERE: Final[Mapping[str, frozenset[str]]] = {
    "aws_s3_bucket": frozenset(
        {
            "acceleration_status",
            "cors_rule",
            "grant",
            "lifecycle_rule",
            "logging",
            "object_lock_configuration",
            "policy",
            "replication_configuration",
            "request_payer",
            "server_side_encryption_configuration",
            "versioning",
            "website",
        }
    ),
    "aws_iam_role": frozenset({"inline_policy", "managed_policy_arns"}),
    "aws_sqs_queue": frozenset({"policy", "redrive_policy", "redrive_allow_policy"}),
    "aws_sns_topic": frozenset({"policy"}),
    "aws_api_gateway_rest_api": frozenset({"policy"}),
}
"""Attributes that the provider reads from a resource although another kind of resource sets them; the
provider's documentation marks them so, kind by kind."""

MOVES_BY_ITSELF: Final[Mapping[str, frozenset[str]]] = {
    "aws_cognito_user_pool": frozenset({"estimated_number_of_users", "last_modified_date"}),
}
"""Attributes that AWS alone sets, and that change while nobody touches the resource: a user who accepts is no drift."""

GONE: Final = "(gone)"


@dataclass(frozen=True, slots=True)
class Difference:
    """One attribute of one resource. A resource that is gone has one difference, without an attribute."""

    address: str
    kind: str
    attribute: str | None
    ours: Any
    theirs: Any

    def as_data(self) -> dict[str, Any]:
        return {
            "address": self.address,
            "kind": self.kind,
            "attribute": self.attribute,
            "ours": self.ours,
            "theirs": self.theirs,
        }


def differences(plan: Any) -> tuple[Difference, ...]:
    """From what ``terraform show -json`` says of a refresh-only plan; raises ``ProvisioningFailed``."""
    try:
        return tuple(d for resource in plan.get("resource_drift") or [] for d in _of_resource(resource))
    except (AttributeError, KeyError, TypeError) as error:
        raise ProvisioningFailed(f"Terraform's comparison cannot be read: {type(error).__name__} {error}") from error


def _of_resource(resource: Mapping[str, Any]) -> Iterator[Difference]:
    address, kind, change = str(resource["address"]), str(resource["type"]), resource["change"]
    if resource.get("mode") == "data":
        return
    ours, theirs = change.get("before") or {}, change.get("after")
    if "delete" in change["actions"] or theirs is None:
        yield Difference(address, kind, None, "there", GONE)
        return
    passed_over = SET_ELSEWHERE.get(kind, frozenset()) | MOVES_BY_ITSELF.get(kind, frozenset())
    for name in sorted({*ours, *theirs} - passed_over):
        if meant(ours.get(name)) == meant(theirs.get(name)):
            continue
        secret = is_secret(change.get("before_sensitive"), name) or is_secret(change.get("after_sensitive"), name)
        if secret:
            yield Difference(address, kind, name, HIDDEN, HIDDEN)
        else:
            yield Difference(address, kind, name, ours.get(name), theirs.get(name))


def meant(value: Any) -> Any:
    """A value without what says nothing: empty is absent, at any depth, and JSON text is what it stands for."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return meant(json.loads(value))
        except (ValueError, RecursionError):
            return value
    if isinstance(value, Mapping):
        found = {key: meant(inner) for key, inner in value.items()}
        return {key: inner for key, inner in found.items() if inner is not None} or None
    if isinstance(value, list):
        return [meant(inner) for inner in value] or None
    return None if value in ("", False, 0) else value
