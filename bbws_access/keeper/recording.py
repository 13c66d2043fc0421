"""What the platform's trail says of copies of its table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bbws_access.access.actor import Actor
from bbws_access.keeper.manifest import Manifest
from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import EventType
from bbws_access.services.trail import Change, Trail


def record_backup(trail: Trail, actor: Actor, target: str, manifest: Manifest) -> None:
    """Somebody took a copy of everything; ``target`` is a path or an ``s3://`` address."""
    _record(trail, actor, "table.backup", manifest.table, {"target": target, **_identity(manifest)})


def record_restore(
    trail: Trail, actor: Actor, source: str, manifest: Manifest, table: str, counts: Mapping[Any, int], *, merge: bool
) -> None:
    """In the trail of the environment's own table, whichever table the backup went into."""
    what = {str(fate): count for fate, count in counts.items() if count}
    more = {"source": source, "merge": merge, "outcome": what, **_identity(manifest)}
    _record(trail, actor, "table.restore", table, more)


def record_pitr(trail: Trail, actor: Actor, table: str, target: str, moment: str) -> None:
    """Started; how it ends is AWS's to say."""
    _record(trail, actor, "table.pitr", table, {"target": target, "moment": moment})


def _identity(manifest: Manifest) -> dict[str, Any]:
    return {"items": manifest.items, "sha256": manifest.sha256, "madeAt": manifest.created_at}


def _record(trail: Trail, actor: Actor, action: str, table: str, more: Mapping[str, Any]) -> None:
    trail.commit(actor, PLATFORM, [Change(EventType.CONFIGURATION, action, "table", table, more=more)])
