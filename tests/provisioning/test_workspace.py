"""The folder that Terraform works in says what the sources say now."""

from __future__ import annotations

import json
from pathlib import Path

from bbws_access.provisioning.workspace import BACKEND_FILE, VARIABLES_FILE, Workspace, local_backend, s3_backend


def source(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def prepare(work: Workspace, sources: Path) -> None:
    work.prepare(sources, {"environment": "local"}, local_backend())


def test_sources_come_over_and_removed_ones_go(tmp_path: Path) -> None:
    sources = source(
        tmp_path / "tf", "main.tf", "old.tf", "modules/a/main.tf", "tests/x.tf", "environments/dev.tfvars.json"
    )
    work = Workspace(tmp_path / "work")
    prepare(work, sources)
    (sources / "old.tf").unlink()
    (sources / "main.tf").write_text("changed")
    prepare(work, sources)
    there = {p.relative_to(work.folder).as_posix() for p in work.folder.rglob("*") if p.is_file()}
    assert there == {"main.tf", "modules/a/main.tf", VARIABLES_FILE, BACKEND_FILE}
    assert (work.folder / "main.tf").read_text() == "changed"


def test_state_providers_and_locks_are_left_alone(tmp_path: Path) -> None:
    work = Workspace(tmp_path / "work")
    kept = source(work.folder, "terraform.tfstate", ".terraform/modules/m/main.tf", ".terraform.lock.hcl")
    prepare(work, source(tmp_path / "tf", "main.tf"))
    assert work.state_file.read_text() == "terraform.tfstate"
    assert (kept / ".terraform/modules/m/main.tf").is_file()


def test_an_unchanged_file_is_not_touched(tmp_path: Path) -> None:
    work = Workspace(tmp_path / "work")
    work.write("x.json", "{}")
    before = (work.folder / "x.json").stat().st_mtime_ns
    work.write("x.json", "{}")
    assert (work.folder / "x.json").stat().st_mtime_ns == before


def test_state_on_aws_is_encrypted_and_locked(tmp_path: Path) -> None:
    work = Workspace(tmp_path / "work")
    work.prepare(source(tmp_path / "tf", "main.tf"), {}, s3_backend("prod", "af-south-1", emulated=False))
    backend = json.loads((work.folder / BACKEND_FILE).read_text())["terraform"]["backend"]["s3"]
    assert backend == {
        "bucket": "bbws-terraform-state-prod",
        "key": "access-management/terraform.tfstate",
        "region": "af-south-1",
        "encrypt": True,
        "use_lockfile": True,
    }
