"""What a backup says of itself: how much is in it, and the digests that show whether it still is."""

from __future__ import annotations

import json
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, ValidationError, model_validator

from bbws_access.errors import Refused
from bbws_access.models.base import ApiModel

FORMAT: Final = "bbws-access-table-backup/1"

LARGEST_MANIFEST: Final = 1024 * 1024
"""Bytes; a real one has less than a thousand."""

_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Amount = Annotated[int, Field(ge=0)]


class Manifest(ApiModel):
    """``size`` and ``sha256`` are of the compressed file, ``content_size`` and ``content_sha256`` of its lines.

    Another zlib may compress the same lines to other bytes: two backups hold the same where the digests
    of their contents are the same.
    """

    model_config = ConfigDict(strict=True, extra="forbid")

    format: Literal["bbws-access-table-backup/1"] = FORMAT
    table: Annotated[str, Field(min_length=1, max_length=1024)]
    created_at: Annotated[str, Field(max_length=40)]
    items: _Amount
    entities: dict[str, _Amount]
    size: _Amount
    sha256: _Digest
    content_size: _Amount
    content_sha256: _Digest

    @model_validator(mode="after")
    def _adds_up(self) -> Manifest:
        if sum(self.entities.values()) != self.items:
            raise ValueError("the entities do not add up to the items")
        return self

    def to_bytes(self) -> bytes:
        return json.dumps(self.model_dump(by_alias=True), indent=2, sort_keys=True).encode() + b"\n"

    @classmethod
    def from_bytes(cls, content: bytes) -> Manifest:
        """Raises :class:`Refused` for what is no manifest."""
        if len(content) > LARGEST_MANIFEST:
            raise Refused("the backup's manifest is too large to be one", code="BACKUP_DAMAGED")
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            problem = error.errors(include_input=False)[0]
            where = ".".join(str(part) for part in problem["loc"])
            raise Refused(
                f"the backup's manifest is damaged: {where}: {problem['msg']}", code="BACKUP_DAMAGED"
            ) from None


def manifest_name(data: str) -> str:
    """Beside the data, whether a file or an object."""
    return f"{data}.manifest.json"
