"""The functions' code as one zip file, the same bytes from the same sources."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bbws_access.errors import ProvisioningFailed

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can hold; sources carry no other."""

_LEFT_OUT: Final = ("bbws_access/emulator/", "bbws_access/provisioning/", "bbws_access/_terraform/")
"""What no function imports."""


@dataclass(frozen=True, slots=True)
class Package:
    """A built package; ``sha256`` is of its bytes, in hex."""

    path: Path
    sha256: str
    files: int


def source_root() -> Path:
    """The folder that holds the packages ``bbws_access`` and ``lambdas``."""
    return Path(__file__).resolve().parent.parent.parent


def build_code_package(root: Path, target: Path) -> Package:
    """Zips the functions' sources below ``root`` into ``target``, which is replaced at once.

    Raises :class:`ProvisioningFailed` where there is nothing to package.
    """
    sources = sorted(_sources(root), key=lambda path: path.relative_to(root).as_posix())
    if not sources:
        raise ProvisioningFailed("the functions' sources are not there", hint="install bbws-access again")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sources:
            entry = zipfile.ZipInfo(path.relative_to(root).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # as on Unix, wherever it was built
            archive.writestr(entry, path.read_bytes())
    digest = hashlib.sha256(part.read_bytes()).hexdigest()
    part.replace(target)
    return Package(target, digest, len(sources))


def _sources(root: Path) -> Iterator[Path]:
    for package in ("bbws_access", "lambdas"):
        for path in (root / package).rglob("*"):
            name = path.relative_to(root).as_posix()
            wanted = path.is_file() and "__pycache__" not in path.parts and path.suffix in {".py", ".html", ".txt"}
            if wanted and not name.startswith(_LEFT_OUT):
                yield path
