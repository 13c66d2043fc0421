"""Exports in the audit bucket, with a link that works for a day."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bbws_access.aws_errors import translated
from bbws_access.clock import Clock
from bbws_access.export import ExportFormat
from bbws_access.export.files import write_file
from bbws_access.export.formats import CONTENT_TYPES
from bbws_access.ids import Ids
from bbws_access.models.audit import AuditEvent

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LINK_LASTS: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A finished export in the bucket; ``url`` is presigned and a secret for as long as it works."""

    bucket: str
    key: str
    count: int
    size: int
    sha256: str
    url: str
    expires_in: timedelta


class AuditBucket:
    """``exports/{orgId}/{date}/{exportId}.{format}`` of one bucket."""

    def __init__(self, client: S3Client, bucket: str, clock: Clock, ids: Ids) -> None:
        self._client = client
        self._bucket = bucket
        self._clock = clock
        self._ids = ids

    def export(self, events: Iterable[AuditEvent], org_id: str, export_format: ExportFormat) -> Uploaded:
        """Spools to a temporary file, then uploads it in parts; the object appears complete or not at all."""
        day = self._clock.now().date().isoformat()
        key = f"exports/{org_id}/{day}/{self._ids.event()}.{export_format}"
        with tempfile.TemporaryDirectory(prefix="bbws-access-") as folder:
            written = write_file(events, Path(folder) / "export", export_format)
            with translated(f"bucket {self._bucket}"):
                self._client.upload_file(
                    str(written.path),
                    self._bucket,
                    key,
                    ExtraArgs={
                        "ContentType": CONTENT_TYPES[export_format],
                        "Metadata": {"sha256": written.sha256, "count": str(written.count)},
                    },
                )
                url = self._client.generate_presigned_url(
                    "get_object",
                    Params={"Bucket": self._bucket, "Key": key},
                    ExpiresIn=int(LINK_LASTS.total_seconds()),
                )
        return Uploaded(self._bucket, key, written.count, written.size, written.sha256, url, LINK_LASTS)
