"""Manifests that the bucket holds and the table does not know of: one being written, or one whose record was lost."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import ValidationError

from bbws_access.audit_storage import AuditStorage, ObjectVersion
from bbws_access.errors import AccessError
from bbws_access.models.archive import ArchivedPart, Manifest
from bbws_access.services import archive_objects as objects


@dataclass(frozen=True, slots=True)
class Kept:
    """A manifest as it lies in the bucket, with the SHA-256 of its bytes."""

    manifest: Manifest
    digest: str
    key: str


def unrecorded(
    storage: AuditStorage, org_id: str, versions: Iterable[ObjectVersion], recorded: Iterable[ArchivedPart]
) -> dict[int, Kept]:
    """By number. ``versions`` are all that lie in the organisation's folder."""
    known = {objects.manifest_key(org_id, part.date, part.part) for part in recorded}
    found: dict[int, Kept] = {}
    for key in sorted({version.key for version in versions if objects.is_manifest(version.key)} - known):
        try:
            with storage.read(key) as stream:
                text = stream.read()
            manifest = Manifest.model_validate_json(text)
        except (AccessError, ValidationError):
            continue  # nobody vouches for it: it is an object that no manifest knows of
        if (manifest.organisation_id, objects.manifest_key(org_id, manifest.date, manifest.part)) == (org_id, key):
            found.setdefault(manifest.number, Kept(manifest, hashlib.sha256(text).hexdigest(), key))
    return found
