"""The functions' third-party packages as one layer for Lambda, the same bytes from the same lock.

``layer.lock`` names each wheel by version and SHA-256, so what a commit builds does not depend on the day. The
wheels are for Lambda's machines, python3.12 on arm64, and are unpacked as they are: an installer would write
down where and when it did so. boto3 is among them although Lambda's runtime has one: that one is changed by AWS,
on a day of its choice, under code that was tested with another.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from bbws_access.errors import InvalidInput, ProvisioningFailed
from bbws_access.provisioning.zips import Package, write_zip

LOCK: Final = Path(__file__).with_name("layer.lock")
PYTHON: Final = "3.12"
PLATFORMS: Final = ("manylinux_2_34_aarch64", "manylinux_2_28_aarch64", "manylinux2014_aarch64")
"""What runs on Amazon Linux 2023, whose glibc is 2.34."""

FOLDER: Final = "python"
"""Where Lambda's Python looks inside a layer."""

MOST_UNPACKED: Final = 262_144_000
"""Bytes of a function's code and layers together, unpacked: Lambda's quota of 250 MB."""

OF_THE_TOOL: Final = frozenset({"pyyaml", "typer", "rich", "python-terraform", "platformdirs"})
"""Dependencies that only the command line has."""

_TEMPLATE: Final = 1
"""Changes with how a layer is made, so that one that was made otherwise is not taken for it."""

_UNPACKED_ELSEWHERE: Final = re.compile(r"^[^/]+\.data/(purelib|platlib)/(.+)$")
_LEFT_OUT: Final = re.compile(
    r"(^|/)__pycache__/|\.pyc$|^[^/]+\.data/|\.dist-info/(RECORD|INSTALLER|REQUESTED)$|^\.\.?/"
)
_PIN: Final = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+) --hash=sha256:([0-9a-f]{64})$")


def requirements() -> list[str]:
    """What the functions import, as ``pyproject.toml`` asks for it."""
    found = importlib.metadata.requires("bbws-access") or []
    wanted = [r for r in found if "extra ==" not in r]
    return sorted(r for r in wanted if normal_name(re.split(r"[\[<>=!~; ]", r, maxsplit=1)[0]) not in OF_THE_TOOL)


def normal_name(name: str) -> str:
    """A package's name in the one spelling that its registry compares (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock: str) -> dict[str, str]:
    """Versions by name; raises :class:`InvalidInput` for a lock that is none."""
    found = {}
    for line in lock.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        pin = _PIN.match(line.strip())
        if pin is None:
            raise InvalidInput(f"{LOCK.name}: {line.strip()[:80]!r} is no pin", hint="bbws-access release build --lock")
        found[pin[1]] = pin[2]
    if not found:
        raise InvalidInput(f"{LOCK.name} is empty", hint="bbws-access release build --lock")
    return found


def resolve() -> str:
    """A lock of the newest versions that fit together; needs the package registry. Raises ``ProvisioningFailed``."""
    with tempfile.TemporaryDirectory(prefix="bbws-access-layer-") as folder:
        report = Path(folder) / "report.json"
        _pip("install", "--dry-run", "--ignore-installed", "--report", str(report), "--target", folder, *requirements())
        try:
            found = [
                (normal_name(item["metadata"]["name"]), item["metadata"]["version"], _hash(item["download_info"]))
                for item in json.loads(report.read_bytes())["install"]
            ]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ProvisioningFailed(f"pip's report cannot be read: {type(error).__name__} {error}") from error
    head = "# Made by: bbws-access release build --lock. Wheels for python3.12 on arm64.\n"
    return head + "".join(f"{name}=={version} --hash=sha256:{digest}\n" for name, version, digest in sorted(found))


def _hash(download: dict[str, dict[str, dict[str, str]]]) -> str:
    return download["archive_info"]["hashes"]["sha256"]


def key_of(lock: str) -> str:
    """What a layer is kept under: it changes with the lock, and with how layers are made."""
    return hashlib.sha256(f"{_TEMPLATE}\n{lock}".encode()).hexdigest()


def build_layer(lock: str, target: Path) -> Package:
    """Fetches the wheels that ``lock`` names and makes the layer ``target``; needs the package registry.

    Raises ``ProvisioningFailed``, also where a wheel is not what the lock says.
    """
    pins(lock)
    with tempfile.TemporaryDirectory(prefix="bbws-access-layer-") as folder:
        wheels = Path(folder) / "wheels"
        listed = Path(folder) / "lock.txt"
        listed.write_text(lock, encoding="utf-8")
        _pip("download", "--no-deps", "--require-hashes", "--dest", str(wheels), "--requirement", str(listed))
        return write_zip(target, unpacked(sorted(wheels.glob("*.whl"))))


def kept_layer(lock: str, folder: Path) -> Package:
    """The layer of ``lock`` out of ``folder``, where it is built once and stays."""
    target = folder / f"{key_of(lock)[:16]}.zip"
    note = target.with_suffix(".json")
    try:
        known = json.loads(note.read_bytes())
        with target.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() == known["sha256"]:
                return Package(target, known["sha256"], int(known["files"]), int(known["unpacked"]))
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not built yet, or not to the end
    package = build_layer(lock, target)
    facts = {"sha256": package.sha256, "files": package.files, "unpacked": package.unpacked}
    note.write_text(json.dumps(facts), encoding="utf-8")
    return package


def unpacked(wheels: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    """What lies in the wheels, under the names it has in the layer. Raises ``ProvisioningFailed`` for a clash."""
    seen: dict[str, bytes] = {}
    for wheel in wheels:
        try:
            with zipfile.ZipFile(wheel) as archive:
                for info in archive.infolist():
                    name = _name(info.filename)
                    if info.is_dir() or name is None:
                        continue
                    content = archive.read(info)
                    if seen.setdefault(name, content) != content:
                        raise ProvisioningFailed(f"two packages hold another {name}")
        except (OSError, zipfile.BadZipFile) as error:
            raise ProvisioningFailed(f"{wheel.name} cannot be unpacked: {error}") from error
    yield from ((f"{FOLDER}/{name}", content) for name, content in seen.items())


def _name(name: str) -> str | None:
    elsewhere = _UNPACKED_ELSEWHERE.match(name)
    if elsewhere:
        name = elsewhere[2]
    path = PurePosixPath(name)
    if _LEFT_OUT.search(name) or path.is_absolute() or ".." in path.parts or "\\" in name:
        return None
    return name


def require_fit(*packages: Package) -> None:
    """Raises :class:`ProvisioningFailed` where Lambda would not unpack them together."""
    total = sum(package.unpacked for package in packages)
    if total > MOST_UNPACKED:
        raise ProvisioningFailed(
            f"code and layer are {total // 2**20} MB unpacked, and Lambda takes {MOST_UNPACKED // 2**20} MB",
            code="PACKAGE_TOO_LARGE",
            hint="leave a dependency out of the functions",
        )


def _pip(command: str, *arguments: str) -> None:
    machine = [word for platform in PLATFORMS for word in ("--platform", platform)]
    words = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", command, *machine]
    words += ["--implementation", "cp", "--python-version", PYTHON, "--only-binary=:all:", *arguments]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode != 0:
        said = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        missing = "No module named pip" in done.stderr
        reason = "pip is not installed" if missing else (said or [f"it ended with code {done.returncode}"])[-1]
        hint = f"{sys.executable} -m ensurepip" if missing else "see that the package registry can be reached"
        raise ProvisioningFailed(f"pip {command} failed: {reason}", code="LAYER_NOT_BUILT", hint=hint)
