"""Finding a provider mirror by looking, on disks of every kind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bbws_access.provisioning.mirror import PROVIDER, cli_configuration, conventional_roots, find_mirror

MACHINE = "linux_amd64"


def mirror(folder: Path, version: str = "5.100.0", machine: str = MACHINE) -> Path:
    (folder / PROVIDER / version / machine).mkdir(parents=True)
    return folder


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_a_mirror_is_found_some_levels_down(tmp_path: Path, depth: int) -> None:
    folder = tmp_path.joinpath(*"abc"[:depth])
    assert find_mirror([tmp_path / "nothing", mirror(folder)], MACHINE) == folder
    assert find_mirror([tmp_path], MACHINE) == folder


def test_not_too_far_down(tmp_path: Path) -> None:
    mirror(tmp_path / "a" / "b" / "c" / "d")
    assert find_mirror([tmp_path], MACHINE) is None


@pytest.mark.parametrize(
    ("version", "machine"),
    [("5.99.0", MACHINE), ("6.0.0", MACHINE), ("4.67.0", MACHINE), ("x", MACHINE), ("5.100.0", "darwin_arm64")],
)
def test_a_mirror_that_does_not_fit_is_passed_over(tmp_path: Path, version: str, machine: str) -> None:
    mirror(tmp_path / "a", version, machine)
    fitting = mirror(tmp_path / "b")
    assert find_mirror([tmp_path], MACHINE) == fitting


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("terraform-provider-aws_5.100.0_linux_amd64.zip", True),
        ("terraform-provider-aws_5.101.2_linux_amd64.zip", True),
        ("terraform-provider-aws_5.99.0_linux_amd64.zip", False),
        ("terraform-provider-aws_6.0.0_linux_amd64.zip", False),
        ("terraform-provider-aws_5.100.0_linux_arm64.zip", False),
        ("terraform-provider-aws_5.100.0_linux_amd64.zip.part", False),
        ("terraform-provider-aws_5.100.0-beta1_linux_amd64.zip", False),
        ("5.100.0.json", False),
    ],
)
def test_a_packed_mirror(tmp_path: Path, name: str, fits: bool) -> None:
    (tmp_path / PROVIDER).mkdir(parents=True)
    (tmp_path / PROVIDER / name).write_text("")
    assert find_mirror([tmp_path], MACHINE) == (tmp_path if fits else None)


def test_links_are_taken_where_terraform_takes_them(tmp_path: Path) -> None:
    whole = mirror(tmp_path / "elsewhere" / "whole")
    for name, link, target in [
        ("namespace", PROVIDER.parent, whole / PROVIDER.parent),
        ("version", PROVIDER / "5.100.0", whole / PROVIDER / "5.100.0"),
        ("circle", PROVIDER, tmp_path / "circle" / PROVIDER),
    ]:
        (tmp_path / name / link).parent.mkdir(parents=True)
        (tmp_path / name / link).symlink_to(target)
        assert find_mirror([tmp_path / name], MACHINE) is None, name
    (tmp_path / "leaf" / PROVIDER / "5.100.0").mkdir(parents=True)
    (tmp_path / "leaf" / PROVIDER / "5.100.0" / MACHINE).symlink_to(whole / PROVIDER / "5.100.0" / MACHINE)
    assert find_mirror([tmp_path / "leaf"], MACHINE) == tmp_path / "leaf"
    (tmp_path / "root").symlink_to(whole)
    assert find_mirror([tmp_path / "root"], MACHINE) == tmp_path / "root"


def test_links_in_circles_and_closed_folders(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    (tmp_path / "file").write_text("")
    found = mirror(tmp_path / "z")
    assert find_mirror([tmp_path / "file", tmp_path], MACHINE) == found
    closed.chmod(0o700)


@pytest.mark.slow
def test_a_large_disk_does_not_hold_it_up(tmp_path: Path) -> None:
    for n in range(80):
        for m in range(80):
            os.makedirs(tmp_path / f"{n:02d}" / f"{m:02d}")  # noqa: PTH103
    mirror(tmp_path / "99" / "99" / "zz")
    assert find_mirror([tmp_path], MACHINE) is None  # given up, not hung


def test_terraforms_own_folders_come_first(tmp_path: Path) -> None:
    environment = {"TF_PLUGIN_CACHE_DIR": "/cache", "XDG_DATA_HOME": "/data", "XDG_DATA_DIRS": "/one:/two"}
    roots = [str(root) for root in conventional_roots(tmp_path, environment)]
    assert roots[:5] == [
        "/cache",
        str(tmp_path / ".terraform.d/plugins"),
        "/data/terraform/plugins",
        "/one/terraform/plugins",
        "/two/terraform/plugins",
    ]


def test_the_configuration_quotes_the_path() -> None:
    text = cli_configuration(Path('/odd "folder"/${x}'))
    assert r'path    = "/odd \"folder\"/$${x}"' in text
