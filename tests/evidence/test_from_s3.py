"""A bundle out of a bucket with Object Lock: what proves the retention is what S3 says."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from bbws_access.adapters.s3 import S3AuditStorage
from bbws_access.emulator.process import RunningEmulator
from bbws_access.evidence import check as checker
from bbws_access.models.kinds import LockMode
from bbws_access.services.archive import Archive
from bbws_access.services.audit_evidence import AuditEvidence
from bbws_access.services.trail import Trail
from tests.fakes import FakeIds
from tests.services.test_audit_verify import OPERATOR, ORG, world

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("emulator")]


@pytest.fixture
def storage(running: RunningEmulator) -> S3AuditStorage:
    client = boto3.client(
        "s3",
        endpoint_url=running.endpoint,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "path"}),
    )
    bucket = f"evidence-{uuid.uuid4()}"
    client.create_bucket(
        Bucket=bucket,
        ObjectLockEnabledForBucket=True,
        CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
    )
    rule: Any = {"ID": "cold", "Status": "Enabled", "Filter": {"Prefix": "archive/"}}
    rule["Transitions"] = [{"Days": 90, "StorageClass": "GLACIER"}]
    client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    return S3AuditStorage(client, bucket, LockMode.GOVERNANCE)


def test_what_s3_says_is_in_it_and_holds(storage: S3AuditStorage, tmp_path: Path) -> None:
    w = world(60)
    # The world's own archive lies in memory; this one is written to S3, from the beginning.
    for partition in w.table.partitions.values():
        for key in [k for k in partition if k.startswith("ARCHIVE")]:
            del partition[key]
        for item in partition.values():
            item.pop("ttl", None)
    trail: Any = Trail(w.table, w.clock, FakeIds())  # type: ignore[arg-type]
    report = Archive(w.table, trail, w.clock, storage).run(OPERATOR, [ORG])  # type: ignore[arg-type]
    assert (len(report.parts), report.failures) == (9, [])

    for key in storage.keys_below("archive/"):  # S3's own word on the bytes, by which Glacier's are compared
        with storage.read(key) as stream:
            digest = hashlib.sha256(stream.read()).hexdigest()
        described = storage.describe(key)
        assert described is not None
        assert described.sha256 == digest

    target = tmp_path / "evidence.zip"
    with target.open("wb") as out:
        found = AuditEvidence(w.table, trail, w.clock, storage).write(  # type: ignore[arg-type]
            OPERATOR, ORG, "Acme", out
        )
    assert (found.events, found.last_sequence, found.manifests) == (66, 60, 9)
    assert checker.check(str(target)) == []
    with zipfile.ZipFile(io.BytesIO(target.read_bytes())) as bundle:
        retention = json.loads(bundle.read("retention.json"))
    assert retention["bucket"] == storage.bucket
    assert retention["protection"]["versioning"]["Status"] == "Enabled"
    assert retention["protection"]["objectLock"]["ObjectLockConfiguration"]["ObjectLockEnabled"] == "Enabled"
    assert retention["protection"]["lifecycle"]["Rules"][0]["Transitions"][0]["StorageClass"] == "GLACIER"
    assert retention["protection"]["replication"] is None
    assert {(one["lockMode"], one["versions"]) for one in retention["objects"]} == {("GOVERNANCE", 1)}
    assert {one["lockedUntil"][:4] for one in retention["objects"]} == {"2033"}
