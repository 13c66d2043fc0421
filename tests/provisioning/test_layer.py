"""The dependency layer: what the lock says, and always the same bytes of it."""

from __future__ import annotations

import ast
import hashlib
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from bbws_access.errors import InvalidInput, ProvisioningFailed
from bbws_access.provisioning import layer
from bbws_access.provisioning.layer import FOLDER, LOCK, MOST_UNPACKED, normal_name, pins, require_fit, unpacked
from bbws_access.provisioning.package import build_code_package, source_root
from bbws_access.provisioning.zips import Package, write_zip

PINNED = LOCK.read_text(encoding="utf-8")


def wheel(folder: Path, name: str, files: dict[str, str]) -> Path:
    path = folder / f"{name}-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
    return path


def test_the_lock_holds_what_the_project_asks_for() -> None:
    versions = pins(PINNED)
    asked = {normal_name(Requirement(r).name): Requirement(r).specifier for r in layer.requirements()}
    assert {"boto3", "pydantic", "python-jose", "jinja2", "python-ulid", "aws-lambda-powertools"} <= asked.keys()
    assert not layer.OF_THE_TOOL & versions.keys()
    for name, specifier in asked.items():
        assert specifier.contains(versions[name]), name
    assert {"cryptography", "email-validator", "botocore"} <= versions.keys()


def test_every_line_of_the_lock_has_a_hash() -> None:
    lines = [line for line in PINNED.splitlines() if not line.startswith("#")]
    assert len(pins(PINNED)) == len(lines) > 15


@pytest.mark.parametrize(
    "lock",
    [
        "",
        "# nothing\n",
        "boto3",
        "boto3==1.0",
        "boto3>=1 --hash=sha256:" + "0" * 64,
        "-r /etc/passwd",
        "\x00",
        "x" * 9999,
    ],
)
def test_a_lock_that_is_none(lock: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"layer\.lock"):
        layer.build_layer(lock, tmp_path / "layer.zip")
    assert not list(tmp_path.iterdir())


def test_wheels_are_unpacked_without_what_an_installer_leaves(tmp_path: Path) -> None:
    one = wheel(
        tmp_path,
        "one",
        {
            "one/__init__.py": "1",
            "one/__pycache__/x.cpython-312.pyc": "x",
            "one/y.pyc": "x",
            "one-1.dist-info/RECORD": "x",
            "one-1.dist-info/METADATA": "m",
            "one-1.data/scripts/run": "x",
            "one-1.data/purelib/more.py": "2",
            "../escape.py": "x",
            "/absolute.py": "x",
            "one/../../up.py": "x",
        },
    )
    found = {name.removeprefix(f"{FOLDER}/") for name, _ in unpacked([one])}
    assert found == {"one/__init__.py", "one-1.dist-info/METADATA", "more.py"}


def test_two_packages_may_not_hold_another_file_of_one_name(tmp_path: Path) -> None:
    first, second = wheel(tmp_path, "a", {"same": "1"}), wheel(tmp_path, "b", {"same": "2"})
    with pytest.raises(ProvisioningFailed, match="same"):
        list(unpacked([first, second]))
    assert len(list(unpacked([first, wheel(tmp_path, "c", {"same": "1"})]))) == 1


def test_a_wheel_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.whl").write_bytes(b"rubbish")
    with pytest.raises(ProvisioningFailed, match="cannot be unpacked"):
        list(unpacked([tmp_path / "x.whl"]))


def test_order_does_not_matter(tmp_path: Path) -> None:
    one = write_zip(tmp_path / "1.zip", [("b", b"2"), ("a", b"1")])
    two = write_zip(tmp_path / "2.zip", iter([("a", b"1"), ("b", b"2")]))
    assert one.path.read_bytes() == two.path.read_bytes()
    assert (one.files, one.unpacked) == (2, 2)
    assert one.sha256 == hashlib.sha256(one.path.read_bytes()).hexdigest()


def test_lambdas_quota(tmp_path: Path) -> None:
    code = Package(tmp_path, "", 1, 1_000_000)
    require_fit(code, Package(tmp_path, "", 1, MOST_UNPACKED - 1_000_000))
    with pytest.raises(ProvisioningFailed, match="250 MB"):
        require_fit(code, Package(tmp_path, "", 1, MOST_UNPACKED - 999_999))


def test_a_kept_layer_is_built_once_and_a_damaged_one_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = []

    def build(lock: str, target: Path) -> Package:
        built.append(lock)
        return write_zip(target, [("a", lock.encode())])

    monkeypatch.setattr(layer, "build_layer", build)
    first = layer.kept_layer("lock", tmp_path)
    assert layer.kept_layer("lock", tmp_path) == first
    assert built == ["lock"]
    first.path.write_bytes(b"half")
    assert layer.kept_layer("lock", tmp_path) == first
    layer.kept_layer("another", tmp_path)
    assert built == ["lock", "lock", "another"]


def test_pip_that_fails_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(ProvisioningFailed) as failed:
        layer.build_layer("boto3==1.0.0 --hash=sha256:" + "0" * 64, tmp_path / "layer.zip")
    assert failed.value.code == "LAYER_NOT_BUILT"
    assert "\n" not in failed.value.message
    assert not list(tmp_path.iterdir())


def imported(archive: zipfile.ZipFile) -> set[str]:
    """Top-level names that the packaged modules import at their top."""
    found = set()
    for name in archive.namelist():
        if name.endswith(".py"):
            for node in ast.parse(archive.read(name)).body:
                if isinstance(node, ast.Import):
                    found |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found.add(node.module.split(".")[0])
    return found


@pytest.mark.slow
def test_two_builds_are_the_same_bytes_and_hold_what_the_functions_import(tmp_path: Path) -> None:
    one = layer.build_layer(PINNED, tmp_path / "one" / "layer.zip")
    two = layer.build_layer(PINNED, tmp_path / "two" / "layer.zip")
    assert one.path.read_bytes() == two.path.read_bytes()
    code = build_code_package(source_root(), tmp_path / "code.zip")
    require_fit(code, one)
    with zipfile.ZipFile(one.path) as archive:
        names = archive.namelist()
    assert all(name.startswith(f"{FOLDER}/") for name in names)
    assert not [name for name in names if name.endswith((".pyc", "/RECORD", "x86_64-linux-gnu.so"))]
    assert [name for name in names if name.endswith("aarch64-linux-gnu.so")]
    there = {name.split("/")[1].split(".")[0] for name in names}
    with zipfile.ZipFile(code.path) as archive:
        needed = imported(archive) - set(sys.stdlib_module_names) - {"bbws_access", "lambdas"}
    assert needed <= there
