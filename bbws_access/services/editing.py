"""Editing a record that carries a version: what changes, the write that changes it, and what the trail says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic.alias_generators import to_camel

from bbws_access.access.actor import Actor
from bbws_access.clock import Clock, iso
from bbws_access.errors import AccessError, Conflict
from bbws_access.models.base import Audited, Record
from bbws_access.services.uniqueness import Named, claim_name, release_name
from bbws_access.store.conditions import Attr, Condition
from bbws_access.store.writes import Update, Write
from bbws_access.text import fold_name

R = TypeVar("R", bound=Audited)


def require_version(record: Audited, seen: int | None) -> None:
    """Raises :class:`Conflict` where the caller has seen another version than the one that was read."""
    if seen is not None and seen != record.version:
        raise Conflict(f"this is at version {record.version} by now", hint="look at it again and retry")


def differing(record: Audited, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Those of ``changes`` (by the model's names) that are not so already."""
    return {name: value for name, value in changes.items() if getattr(record, name) != value}


def edited(record: R, changes: Mapping[str, Any], actor: Actor, clock: Clock) -> R:
    """The record as it will be, at its next version."""
    stamps = {
        "version": record.version + 1,
        "date_last_updated": iso(clock.now()),
        "last_updated_by": actor.email,
    }
    return record.model_copy(update={**changes, **stamps})


def edit_of(
    key: Mapping[str, str],
    before: Audited,
    after: Audited,
    *,
    condition: Condition | None = None,
    otherwise: AccessError | None = None,
) -> Update:
    """The write from one to the other, index keys included; it fails where somebody else came first."""
    old, new = before.to_item(), after.to_item()
    unmoved: Condition = Attr("version").eq(before.version)
    return Update(
        dict(key),
        assign={name: value for name, value in new.items() if old.get(name) != value},
        remove=sorted(old.keys() - new.keys()),
        condition=unmoved if condition is None else unmoved & condition,
        otherwise=otherwise,
    )


def rename_writes(org_id: str, kind: Named, before: str, after: str, holder: str) -> list[Write]:
    """The guards of a new name; none where both names are the same to the guard."""
    if fold_name(before) == fold_name(after):
        return []
    return [claim_name(org_id, kind, after, holder), release_name(org_id, kind, before, holder)]


def shown_before(record: Record, changes: Mapping[str, Any]) -> dict[str, Any]:
    """For the trail: the values that ``changes`` replace, under their outside names."""
    return {to_camel(name): getattr(record, name) for name in changes}


def shown_after(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {to_camel(name): value for name, value in changes.items()}
