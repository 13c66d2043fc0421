"""A plan that is kept to be applied later, exactly, and what it was made from.

Between the plan and its apply the code, the variables, the target or the state may move. Then the plan
that somebody has read is no longer the one that would be applied, and it is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from bbws_access import __version__
from bbws_access.errors import ProvisioningFailed, Refused

PLAN_FILE: Final = "tfplan"
RECORD_FILE: Final = "plan.json"
FORMAT: Final = 1

_STATE_IN_PLAN: Final = "tfstate"
_MOST_BYTES: Final = 256 * 1024 * 1024
"""A state is some hundred kilobytes; what claims to be larger than this is not one."""


@dataclass(frozen=True, slots=True)
class StateMark:
    """Which state, and how often it has been written. Both empty where there is none yet."""

    lineage: str = ""
    serial: int = 0


@dataclass(frozen=True, slots=True)
class Basis:
    """What a plan is made from. ``sources`` and ``variables`` are SHA-256, ``target`` says where AWS is."""

    commit: str
    sources: str
    variables: str
    target: str


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """A plan in the folder ``folder``; ``destroys`` is whether it ends the environment."""

    folder: Path
    basis: Basis
    state: StateMark
    summary: Mapping[str, Any]

    @property
    def file(self) -> Path:
        return self.folder / PLAN_FILE

    @property
    def digest(self) -> str:
        return plan_digest(self.basis, self.summary)


def keep(folder: Path, basis: Basis, summary: Mapping[str, Any]) -> KeptPlan:
    """Records what the plan that lies in ``folder`` was made from."""
    kept = KeptPlan(folder, basis, state_in_plan(folder / PLAN_FILE), summary)
    record = {"format": FORMAT, "basis": asdict(basis), "state": asdict(kept.state), "summary": summary}
    part = folder / f"{RECORD_FILE}.part"
    part.write_text(json.dumps(record, indent=2, sort_keys=True, default=str), encoding="utf-8")
    part.replace(folder / RECORD_FILE)
    return kept


def find(folder: Path) -> KeptPlan | None:
    """The plan that is kept in ``folder``; one that is not whole counts as none."""
    try:
        record = json.loads((folder / RECORD_FILE).read_bytes())
        if record["format"] != FORMAT or not (folder / PLAN_FILE).is_file():
            return None
        return KeptPlan(folder, Basis(**record["basis"]), StateMark(**record["state"]), record["summary"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def drop(folder: Path) -> bool:
    """Forgets the kept plan; whether there was one."""
    there = (folder / RECORD_FILE).is_file()
    for name in (RECORD_FILE, PLAN_FILE):  # the record first: without it there is no plan
        (folder / name).unlink(missing_ok=True)
    return there


def require_unmoved(kept: KeptPlan, basis: Basis, state: StateMark, env: str) -> None:
    """Raises :class:`Refused` (``PLAN_STALE``) with the first reason why it is no longer what it was."""
    moved = _what_moved(kept, basis, state)
    if moved is not None:
        raise Refused(
            f"the kept plan of {env} is out of date: {moved}",
            code="PLAN_STALE",
            hint=f"bbws-access env plan {env}",
            details={"reason": moved},
        )


def plan_digest(basis: Basis, summary: Mapping[str, Any]) -> str:
    """SHA-256 in hex over what a plan would do and what it is made from: two machines that would do the same agree.

    ``summary`` is a plan's as data. Outputs are left out: not every way to read a plan tells them.
    """
    changes = sorted(summary["changes"], key=lambda change: str(change["address"]))
    told = json.dumps({"basis": asdict(basis), "changes": changes}, sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()


def require_approved(digest: str, approved: str | None, env: str) -> None:
    """Raises :class:`Refused` (``PLAN_DIFFERS``) where somebody has ``approved`` another plan than this one."""
    if approved is not None and approved != digest:
        raise Refused(
            f"the plan of {env} is not the one that was approved: this is {digest[:12]}, and that was {approved[:12]}",
            code="PLAN_DIFFERS",
            hint=f"look at it, and have it approved anew: bbws-access env plan {env}",
            details={"plan": digest, "approved": approved},
        )


def _what_moved(kept: KeptPlan, basis: Basis, state: StateMark) -> str | None:
    was = kept.basis
    if was.target != basis.target:
        return f"it was made for {was.target}, and this is {basis.target}"
    if was.commit != basis.commit:
        return f"it was made from commit {was.commit[:12]}, and this is {basis.commit[:12]}"
    if was.sources != basis.sources:
        return "the Terraform sources have changed since"
    if was.variables != basis.variables:
        return "the variables (settings or code) have changed since"
    if kept.state.lineage != state.lineage:
        return "it was made from another state" if state.lineage else "the state is gone that it was made from"
    if kept.state.serial != state.serial:
        return f"the state has moved since, from serial {kept.state.serial} to {state.serial}"
    return None


def state_in_plan(plan: Path) -> StateMark:
    """The state that a plan was made from: a plan file is a zip that holds it. Raises ``ProvisioningFailed``."""
    try:
        with zipfile.ZipFile(plan) as archive:
            if archive.getinfo(_STATE_IN_PLAN).file_size > _MOST_BYTES:
                raise ProvisioningFailed("the plan holds a state of more than 256 MB")
            return mark_of(archive.read(_STATE_IN_PLAN))
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise ProvisioningFailed(f"the plan cannot be read: {error}") from error


def mark_of(state: bytes) -> StateMark:
    """Of a state's text; none of an empty one. Raises ``ProvisioningFailed`` for what is no state."""
    if not state.strip():
        return StateMark()
    try:
        found = json.loads(state)
        return StateMark(str(found["lineage"]), int(found["serial"]))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ProvisioningFailed("the state cannot be read: it is not in Terraform's format") from error


def commit_of(root: Path) -> str:
    """The commit of the checkout ``root``; of an installed package its version."""
    if (root / ".git").exists():
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        try:
            words = ["git", "-C", str(root), "rev-parse", "HEAD"]
            done = subprocess.run(words, env=kept, capture_output=True, text=True, check=False)
        except OSError:
            return f"version {__version__}"
        if done.returncode == 0:
            return done.stdout.strip()
    return f"version {__version__}"


def digest_of(files: Mapping[str, bytes]) -> str:
    """SHA-256 over names and contents, in the order of names."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
