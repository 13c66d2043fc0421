"""The folder in which Terraform works for one environment, outside the checkout.

It holds a copy of the sources, brought up to date before every run, the environment's variables as
files, and, for the environment on this machine, the state.
"""

from __future__ import annotations

import filecmp
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

VARIABLES_FILE: Final = "run.auto.tfvars.json"
BACKEND_FILE: Final = "backend_override.tf.json"
STATE_FILE: Final = "terraform.tfstate"
STATE_KEY: Final = "access-management/terraform.tfstate"

_TERRAFORMS: Final = (".terraform", ".terraform.lock.hcl", STATE_FILE, ".terraform.tfstate", "errored.tfstate")


class Workspace:
    """``place`` is made when it is first prepared; ``root`` names the root module in it, where it is not on top."""

    def __init__(self, place: Path, root: str = "") -> None:
        self._place = place
        self.folder = place / root

    @property
    def state_file(self) -> Path:
        """Where local state lies."""
        return self.folder / STATE_FILE

    def prepare(self, sources: Path, variables: Mapping[str, Any], backend: Mapping[str, Any]) -> None:
        """Makes the folder say what the sources say now, with these variables and this backend."""
        self.folder.mkdir(parents=True, exist_ok=True)
        wanted = {p.relative_to(sources) for p in sources.rglob("*") if p.is_file() and _is_source(p, sources)}
        for name in wanted:
            _copy(sources / name, self._place / name)
        for name in self._copied():
            if name not in wanted:
                (self._place / name).unlink()
        _write(self.folder / VARIABLES_FILE, variables)
        _write(self.folder / BACKEND_FILE, {"terraform": {"backend": backend}})

    def sources(self) -> dict[str, bytes]:
        """Terraform's sources as they lie here, by name."""
        return {name.as_posix(): (self._place / name).read_bytes() for name in self._copied()}

    def _copied(self) -> list[Path]:
        names = (path.relative_to(self._place) for path in self._place.rglob("*.tf"))
        return sorted(name for name in names if not set(name.parts) & set(_TERRAFORMS))

    def write(self, name: str, text: str) -> None:
        """A file beside the sources, touched only when it changes."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def local_backend() -> dict[str, Any]:
    """State in the workspace itself."""
    return {"local": {"path": STATE_FILE}}


def state_bucket(env: str) -> str:
    """Name of the bucket of an environment's state."""
    return f"bbws-terraform-state-{env}"


def s3_backend(env: str, region: str, *, emulated: bool, key: str = STATE_KEY) -> dict[str, Any]:
    """State in the environment's bucket: encrypted, and locked by S3 itself."""
    backend: dict[str, Any] = {
        "bucket": state_bucket(env),
        "key": key,
        "region": region,
        "encrypt": True,
        "use_lockfile": True,
    }
    if emulated:
        backend |= {"use_path_style": True, "skip_credentials_validation": True, "skip_requesting_account_id": True}
    return {"s3": backend}


def _is_source(path: Path, sources: Path) -> bool:
    parts = path.relative_to(sources).parts
    return path.suffix == ".tf" and not any(part.startswith(".") for part in parts) and "tests" not in parts


def _copy(source: Path, target: Path) -> None:
    if not target.is_file() or not filecmp.cmp(source, target, shallow=False):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _write(path: Path, data: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", encoding="utf-8")
