"""Plans in Terraform's JSON output format, as small as a test needs them."""

from __future__ import annotations

from typing import Any

TABLE = "module.table.aws_dynamodb_table.this"
GROUP = 'module.functions.aws_cloudwatch_log_group.this["team"]'


def resource(address: str, *actions: str, **more: Any) -> dict[str, Any]:
    """One entry of ``resource_changes`` or ``resource_drift``; ``more`` goes into its ``change``."""
    parts = [part for part in address.split("[")[0].split(".") if part not in {"module", "data"}]
    return {
        "address": address,
        "mode": "data" if ".data." in f".{address}" else "managed",
        "type": parts[-2],
        "name": parts[-1],
        "change": {"actions": list(actions), "before": None, "after": None, "after_unknown": {}} | more,
    }


def plan(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"format_version": "1.2", "resource_changes": list(resources)} | more
