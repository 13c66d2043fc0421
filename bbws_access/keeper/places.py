"""Where backups lie: a file of this machine, or an object of a bucket."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from bbws_access.aws_errors import error_code, translate, translated
from bbws_access.errors import InvalidInput, NotFound, Refused
from bbws_access.keeper.manifest import LARGEST_MANIFEST, Manifest, manifest_name

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ADDRESS: Final = re.compile(r"^s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.+)$")
_ABSENT: Final = frozenset({"404", "NoSuchKey", "NotFound"})


@dataclass(frozen=True, slots=True)
class Address:
    """Of an object."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def parse_place(text: str) -> Path | Address:
    """``s3://bucket/key``, or a path. Raises :class:`InvalidInput` for an address without a key."""
    if not text.startswith("s3://"):
        return Path(text)
    found = _ADDRESS.match(text)
    if found is None or found[2].endswith("/"):
        raise InvalidInput(f"{text!r} is no address of an object", hint="give s3://BUCKET/KEY")
    return Address(found[1], found[2])


@contextmanager
def outgoing(client: S3Client, address: Address) -> Iterator[Path]:
    """A file to back up to; it is uploaded at the end, its manifest last, so that an upload that died is no backup.

    Raises :class:`Refused` where there is an object already.
    """
    for key in (address.key, manifest_name(address.key)):
        if _size(client, Address(address.bucket, key)) is not None:
            raise Refused(f"{address} is there already, and backups are not overwritten", hint="choose another key")
    with tempfile.TemporaryDirectory(prefix="bbws-access-") as folder:
        path = Path(folder) / "backup"
        yield path
        with translated(f"bucket {address.bucket}"):
            client.upload_file(str(path), address.bucket, address.key)
            manifest = path.with_name(manifest_name(path.name))
            client.upload_file(str(manifest), address.bucket, manifest_name(address.key))


@contextmanager
def incoming(client: S3Client, address: Address) -> Iterator[Path]:
    """A copy of a backup in a bucket; larger than its manifest says it is not even fetched."""
    beside = Address(address.bucket, manifest_name(address.key))
    size = _size(client, beside)
    if size is None:
        raise NotFound(f"there is no backup {address}", hint="bbws-access table backup --help")
    if size > LARGEST_MANIFEST:
        raise Refused("the backup's manifest is too large to be one", code="BACKUP_DAMAGED")
    with tempfile.TemporaryDirectory(prefix="bbws-access-") as folder:
        path = Path(folder) / "backup"
        with translated(f"bucket {address.bucket}"):
            manifest = path.with_name(manifest_name(path.name))
            client.download_file(beside.bucket, beside.key, str(manifest))
            expected = Manifest.from_bytes(manifest.read_bytes()).size
            if _size(client, address) != expected:
                raise Refused(f"the backup is damaged: {address} has not the size that it had", code="BACKUP_DAMAGED")
            client.download_file(address.bucket, address.key, str(path))
        yield path


def _size(client: S3Client, address: Address) -> int | None:
    """Bytes; ``None`` where there is no such object."""
    try:
        return int(client.head_object(Bucket=address.bucket, Key=address.key)["ContentLength"])
    except ClientError as error:
        if error_code(error) in _ABSENT:
            return None
        raise translate(error, f"bucket {address.bucket}") from error
