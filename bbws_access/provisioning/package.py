"""The functions' code as one zip file, the same bytes from the same sources."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bbws_access.errors import ProvisioningFailed
from bbws_access.provisioning.zips import Package, write_zip

_LEFT_OUT: Final = (
    "bbws_access/emulator/",
    "bbws_access/provisioning/",
    "bbws_access/_terraform/",
    "bbws_access/services/access_expectations.py",
    "bbws_access/services/declared/",
    "bbws_access/yaml_source.py",
)
"""What no function imports."""


def source_root() -> Path:
    """The folder that holds the packages ``bbws_access`` and ``lambdas``."""
    return Path(__file__).resolve().parent.parent.parent


def build_code_package(root: Path, target: Path) -> Package:
    """Zips the functions' sources below ``root`` into ``target``, which is replaced at once.

    Raises :class:`ProvisioningFailed` where there is nothing to package.
    """
    package = write_zip(target, ((path.relative_to(root).as_posix(), path.read_bytes()) for path in _sources(root)))
    if not package.files:
        target.unlink()
        raise ProvisioningFailed("the functions' sources are not there", hint="install bbws-access again")
    return package


def _sources(root: Path) -> Iterator[Path]:
    for package in ("bbws_access", "lambdas"):
        for path in (root / package).rglob("*"):
            name = path.relative_to(root).as_posix()
            wanted = path.is_file() and "__pycache__" not in path.parts and path.suffix in {".py", ".html", ".txt"}
            if wanted and not name.startswith(_LEFT_OUT):
                yield path
