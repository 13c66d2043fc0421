"""What is said when Terraform fails: one line with the cause, the rest as details."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bbws_access.errors import ProvisioningFailed
from bbws_access.provisioning.events import Diagnostic

_LINES_KEPT: Final = 50
_REASONS: Final = ("Error:", "panic:", "fatal error:")
"""How the line begins that says why, among those that do not come as JSON: usage errors and crashes."""

_NO_REGISTRY: Final = ("could not connect to registry", "failed to query available provider packages")


def not_runnable(program: str, error: OSError) -> ProvisioningFailed:
    """The program is not there any more, or is none for this machine."""
    return ProvisioningFailed(
        f"{program} cannot be run: {error.strerror or error}",
        code="TERRAFORM_MISSING",
        hint="install Terraform 1.10 or newer, or: pip install 'bbws-access[terraform]'",
    )


def failed(command: str, errors: Sequence[Diagnostic], said: Sequence[str], code: int) -> ProvisioningFailed:
    """``errors`` are its diagnostics, ``said`` its lines that were no JSON, ``code`` how it ended."""
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
    return ProvisioningFailed(f"terraform init failed: {first_line(_after_error(text))}")


def _after_error(text: str) -> str:
    return text.partition("Error:")[2] or text


def first_line(text: str) -> str:
    """The first line with something on it, without the frame that Terraform draws around errors."""
    return next((line.strip(" │╷╵") for line in text.splitlines() if line.strip(" │╷╵")), "no output")
