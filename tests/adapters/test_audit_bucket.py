"""Exports in a bucket as S3 keeps them: in parts, whole or not at all, behind a link that ends."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import boto3
import pytest
from botocore.exceptions import ClientError

from bbws_access.adapters.clients import s3_config
from bbws_access.adapters.s3 import S3AuditStorage
from bbws_access.emulator.process import RunningEmulator
from bbws_access.errors import AccessError
from bbws_access.models.kinds import LockMode
from bbws_access.services.audit import LINK_LASTS
from lambdas import clients

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("emulator")]

KEY = "exports/org-acme/2026-03-01/x.jsonl"


@pytest.fixture
def client(running: RunningEmulator) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=running.endpoint,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=s3_config(running.endpoint),
    )


@pytest.fixture
def storage(client: Any) -> S3AuditStorage:
    bucket = f"exports-{uuid.uuid4()}"
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return S3AuditStorage(client, bucket, LockMode.GOVERNANCE)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """More than two parts."""
    path = tmp_path / "export"
    path.write_bytes(b"0123456789abcdef" * (20 << 16))
    return path


def test_a_large_export_goes_in_parts_and_its_link_lasts_a_day(
    storage: S3AuditStorage, client: Any, large: Path
) -> None:
    storage.put_export(KEY, large, "application/x-ndjson", "5e" * 32)
    found = client.head_object(Bucket=storage.bucket, Key=KEY)
    assert found["ETag"].strip('"').endswith("-3")
    assert (found["ContentLength"], found["Metadata"]["sha256"]) == (large.stat().st_size, "5e" * 32)
    link = storage.link(KEY, LINK_LASTS)
    query = parse_qs(urlsplit(link).query)
    assert timedelta(seconds=int(query["X-Amz-Expires"][0])) == timedelta(hours=24)
    with urlopen(link) as answer:
        assert answer.read() == large.read_bytes()


def test_an_upload_that_breaks_leaves_neither_an_object_nor_parts(
    storage: S3AuditStorage, client: Any, large: Path
) -> None:
    def broken(params: dict[str, Any], **_: Any) -> None:
        if params["PartNumber"] == 3:
            error: Any = {"Error": {"Code": "AccessDenied", "Message": "no"}}
            raise ClientError(error, "UploadPart")

    client.meta.events.register("provide-client-params.s3.UploadPart", broken)
    with pytest.raises(AccessError):
        storage.put_export(KEY, large, "application/x-ndjson", "5e" * 32)
    assert storage.keys_below("") == []
    assert "Uploads" not in client.list_multipart_uploads(Bucket=storage.bucket)


@pytest.mark.parametrize("region", ["eu-west-1", "af-south-1"])
def test_a_link_is_one_that_s3_takes(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of Signature Version 4, without which nothing is given out that KMS encrypts, and at the region's own host."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": region}.items():
        monkeypatch.setenv(name, value)
    storage = S3AuditStorage(clients.client.__wrapped__("s3"), "audit", LockMode.GOVERNANCE)
    link = urlsplit(storage.link(KEY, LINK_LASTS))
    assert link.hostname == f"audit.s3.{region}.amazonaws.com"
    assert parse_qs(link.query)["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]


def test_a_checksum_is_what_s3_worked_out_and_nobody_elses_word(storage: S3AuditStorage, client: Any) -> None:
    """Metadata are written by whoever stores the object: what lies in Glacier is compared by this alone."""
    body, said = b"[]", hashlib.sha256(b"[]").hexdigest()
    client.put_object(Bucket=storage.bucket, Key=KEY, Body=body, Metadata={"sha256": said})
    told = storage.describe(KEY)
    client.put_object(Bucket=storage.bucket, Key=KEY, Body=body, ChecksumAlgorithm="SHA256")
    worked_out = storage.describe(KEY)
    assert told is not None
    assert worked_out is not None
    assert (told.sha256, worked_out.sha256) == ("", said)
