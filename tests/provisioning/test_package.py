"""The same sources give the same bytes."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from bbws_access.errors import ProvisioningFailed
from bbws_access.provisioning.package import build_code_package, source_root


def sources(root: Path) -> Path:
    for name in ("bbws_access/a.py", "bbws_access/mail/templates/x.html", "lambdas/b.py"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


def test_times_and_modes_do_not_matter_and_contents_do(tmp_path: Path) -> None:
    first = build_code_package(sources(tmp_path / "one"), tmp_path / "1.zip")
    other = sources(tmp_path / "two")
    os.utime(other / "lambdas/b.py", (1, 1))
    (other / "bbws_access/a.py").chmod(0o777)
    (other / "bbws_access/__pycache__").mkdir()
    (other / "bbws_access/__pycache__/a.pyc").write_text("x")
    (other / "tests").mkdir()
    (other / "tests/test.py").write_text("x")
    second = build_code_package(other, tmp_path / "2.zip")
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.sha256 == second.sha256
    (other / "lambdas/b.py").write_text("changed")
    assert build_code_package(other, tmp_path / "2.zip").sha256 != first.sha256


def test_what_no_function_imports_stays_at_home(tmp_path: Path) -> None:
    package = build_code_package(source_root(), tmp_path / "code.zip")
    names = zipfile.ZipFile(package.path).namelist()
    assert "lambdas/authorizer.py" in names
    assert "bbws_access/mail/templates/invitation.html" in names
    assert not [n for n in names if "emulator" in n or "provisioning" in n or n.startswith(("cli", "tests"))]
    assert package.files == len(names)


def test_nothing_to_package(tmp_path: Path) -> None:
    with pytest.raises(ProvisioningFailed):
        build_code_package(tmp_path, tmp_path / "code.zip")
