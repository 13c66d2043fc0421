"""The audit bucket in S3."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from botocore.exceptions import BotoCoreError, ClientError

from bbws_access.audit_storage import ObjectVersion, StoredObject, Tier
from bbws_access.aws_errors import error_code, translate, translated
from bbws_access.errors import Conflict, NotFound
from bbws_access.models.kinds import LockMode

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound"})
_COLD: Final = "InvalidObjectState"
_THAWING: Final = frozenset({"RestoreAlreadyInProgress"})
_UNSET: Final = frozenset(
    {
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "ObjectLockConfigurationNotFoundError",
        "ReplicationConfigurationNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
_TAKEN: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


class S3AuditStorage:
    """Exports are ordinary objects; the archive's are written once, locked, with S3 checking their SHA-256."""

    def __init__(self, client: S3Client, bucket: str, lock_mode: LockMode) -> None:
        self._client = client
        self._bucket = bucket
        self._lock_mode = lock_mode

    @property
    def bucket(self) -> str:
        return self._bucket

    @property
    def lock_mode(self) -> LockMode:
        return self._lock_mode

    def put_export(self, key: str, source: Path, content_type: str, sha256: str) -> None:
        from boto3.exceptions import S3UploadFailedError  # all of boto3 comes with it

        more = {"ContentType": content_type, "Metadata": {"sha256": sha256}}
        with translated(f"bucket {self._bucket}"):
            try:
                self._client.upload_file(str(source), self._bucket, key, ExtraArgs=more)
            except S3UploadFailedError as error:  # which wraps what S3 said
                raise error.__context__ or error from None

    def link(self, key: str, lasts: timedelta) -> str:
        with translated(f"bucket {self._bucket}"):
            return self._client.generate_presigned_url(
                "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=int(lasts.total_seconds())
            )

    def put_once(self, key: str, source: Path, content_type: str, sha256: str, retain_until: datetime) -> bool:
        try:
            with source.open("rb") as body, _answering(_TAKEN, f"bucket {self._bucket}"):
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=body,
                    ContentType=content_type,
                    Metadata={"sha256": sha256},
                    IfNoneMatch="*",
                    ChecksumAlgorithm="SHA256",
                    ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode(),
                    ObjectLockMode=self._lock_mode.value,
                    ObjectLockRetainUntilDate=retain_until,
                )
        except ClientError:
            return False
        return True

    def describe(self, key: str) -> StoredObject | None:
        try:
            with _answering(_MISSING, f"bucket {self._bucket}"):
                found = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        except ClientError:
            return None
        return StoredObject(
            key=key,
            size=found["ContentLength"],
            sha256=_checksum(found.get("ChecksumSHA256")),
            locked_until=found.get("ObjectLockRetainUntilDate"),
            lock_mode=found.get("ObjectLockMode"),
            version_id=found.get("VersionId"),
            tier=_tier(found.get("StorageClass"), found.get("Restore")),
            replication=found.get("ReplicationStatus"),
        )

    def read(self, key: str) -> BinaryIO:
        try:
            with _answering(_MISSING | {_COLD}, f"bucket {self._bucket}"):
                return cast("BinaryIO", self._client.get_object(Bucket=self._bucket, Key=key)["Body"])
        except ClientError as error:
            if error_code(error) == _COLD:
                raise Conflict(
                    f"{key} is in Glacier", code="ARCHIVE_COLD", hint="bbws-access audit restore --day YYYY-MM-DD"
                ) from None
            raise NotFound(f"there is no object {key} in bucket {self._bucket}", code="NO_SUCH_OBJECT") from None

    def keys_below(self, prefix: str) -> list[str]:
        with translated(f"bucket {self._bucket}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            return sorted(entry["Key"] for page in pages for entry in page.get("Contents", []))

    def versions_below(self, prefix: str) -> list[ObjectVersion]:
        found: list[ObjectVersion] = []
        with translated(f"bucket {self._bucket}"):
            for page in self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=prefix):
                found += [ObjectVersion(v["Key"], v["VersionId"], v["IsLatest"]) for v in page.get("Versions", [])]
                found += [
                    ObjectVersion(m["Key"], m["VersionId"], m["IsLatest"], deletion=True)
                    for m in page.get("DeleteMarkers", [])
                ]
        return sorted(found, key=lambda version: (version.key, not version.latest))

    def thaw(self, key: str, days: int) -> None:
        with suppress(ClientError), _answering(_THAWING, f"bucket {self._bucket}"):
            self._client.restore_object(
                Bucket=self._bucket,
                Key=key,
                RestoreRequest={"Days": days, "GlacierJobParameters": {"Tier": "Standard"}},
            )

    def protection(self) -> dict[str, Any]:
        asked: dict[str, Callable[..., Any]] = {
            "objectLock": self._client.get_object_lock_configuration,
            "versioning": self._client.get_bucket_versioning,
            "lifecycle": self._client.get_bucket_lifecycle_configuration,
            "replication": self._client.get_bucket_replication,
            "encryption": self._client.get_bucket_encryption,
            "publicAccess": self._client.get_public_access_block,
        }
        return {name: self._described(ask) for name, ask in asked.items()}

    def _described(self, ask: Callable[..., Any]) -> Any:
        """``None`` where the bucket has no such configuration."""
        try:
            with _answering(_UNSET, f"bucket {self._bucket}"):
                answer = ask(Bucket=self._bucket)
        except ClientError:
            return None
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def _checksum(text: str | None) -> str:
    """In hex; empty for none, and for one of parts, which is not that of the whole."""
    return "" if text is None or "-" in text else base64.b64decode(text).hex()


def _tier(storage_class: str | None, restore: str | None) -> Tier:
    """``restore`` is S3's header: ``ongoing-request="true"``, or false with an expiry."""
    if storage_class not in {"GLACIER", "DEEP_ARCHIVE"}:
        return Tier.WARM
    if restore is None:
        return Tier.COLD
    return Tier.THAWING if 'ongoing-request="true"' in restore else Tier.THAWED


@contextmanager
def _answering(codes: frozenset[str], what: str) -> Iterator[None]:
    """As :func:`translated`, but AWS errors with one of ``codes`` pass as they are: they are an answer."""
    try:
        yield
    except ClientError as error:
        if error_code(error) in codes:
            raise
        raise translate(error, what) from error
    except BotoCoreError as error:
        raise translate(error, what) from error
