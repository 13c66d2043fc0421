"""What is said when Terraform fails: one line with the cause, the rest as details."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bbws_access.errors import AccessError, ProvisioningFailed, Refused
from bbws_access.provisioning import locks
from bbws_access.provisioning.events import Diagnostic

_LINES_KEPT: Final = 50
_REASONS: Final = ("Error:", "panic:", "fatal error:")
"""How the line begins that says why, among those that do not come as JSON: usage errors and crashes."""

_LOCKED: Final = "Error acquiring the state lock"
_STALE: Final = "Saved plan is stale"

_NO_BUCKET: Final = re.compile(r'S3 bucket "[^"]*" does not exist|NoSuchBucket')
_NO_REGISTRY: Final = ("could not connect to registry", "failed to query available provider packages")


def not_runnable(program: str, error: OSError) -> ProvisioningFailed:
    """The program is not there any more, or is none for this machine."""
    return ProvisioningFailed(
        f"{program} cannot be run: {error.strerror or error}",
        code="TERRAFORM_MISSING",
        hint="install Terraform 1.10 or newer, or: pip install 'bbws-access[terraform]'",
    )


def failed(command: str, errors: Sequence[Diagnostic], said: Sequence[str], code: int) -> AccessError:
    """``errors`` are its diagnostics, ``said`` its lines that were no JSON, ``code`` how it ended."""
    for error in errors:
        lock = locks.from_text(error.detail) if error.summary == _LOCKED else None
        if lock is not None:
            return locks.locked(lock)
        if error.summary == _STALE:
            return Refused("the state has moved since the plan was made", code="PLAN_STALE", hint="make a new plan")
    if not errors:
        silent = f"signal {-code} ended it" if code < 0 else f"it ended with code {code} and gave no reason"
        reason = next((line for line in said if line.startswith(_REASONS)), said[-1] if said else silent)
        return ProvisioningFailed(f"terraform {command} failed: {reason}", details={"output": list(said[:_LINES_KEPT])})
    first = errors[0]
    where = f" ({first.where})" if first.where else ""
    more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
    detail = f": {first_line(first.detail)}" if first.detail else ""
    return ProvisioningFailed(
        f"terraform {command} failed{where}: {first.summary}{detail}{more}",
        details={"errors": [{"summary": e.summary, "detail": e.detail, "where": e.where} for e in errors]},
    )


def init_failed(text: str) -> ProvisioningFailed:
    """``text`` is all that ``init`` said."""
    if any(sign in text.lower() for sign in _NO_REGISTRY):
        return ProvisioningFailed(
            "Terraform cannot get its AWS provider: its registry is out of reach and no mirror was found",
            code="PROVIDER_MISSING",
            hint="put a mirror of hashicorp/aws 5.100 into ~/.terraform.d/plugins (terraform providers mirror)",
        )
    if _NO_BUCKET.search(text):
        return ProvisioningFailed(
            "the bucket of Terraform's state does not exist",
            code="STATE_BUCKET_MISSING",
            hint="bbws-access env bootstrap",
        )
    return ProvisioningFailed(f"terraform init failed: {reason(text)}")


def reason(text: str) -> str:
    """What stands behind ``Error:``, or the first line where nothing does."""
    return first_line(text.partition("Error:")[2] or text)


def first_line(text: str) -> str:
    """The first line with something on it, without the frame that Terraform draws around errors."""
    return next((line.strip(" │╷╵") for line in text.splitlines() if line.strip(" │╷╵")), "no output")
