"""The adapter around the real Terraform, on resources that need no AWS."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from bbws_access.errors import ProvisioningFailed
from bbws_access.provisioning.binary import find_terraform
from bbws_access.provisioning.events import Event, Finished, Planned
from bbws_access.provisioning.runner import TerraformRunner

pytestmark = pytest.mark.terraform


def environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k != "TF_CLI_CONFIG_FILE"}


def runner(folder: Path, source: str, **more: str) -> TerraformRunner:
    folder.mkdir(exist_ok=True)
    (folder / "main.tf").write_text(source)
    return TerraformRunner(find_terraform(folder / "bin"), folder, environment() | more)


TWO = """
variable "text" { default = "one" }
resource "terraform_data" "a" { input = var.text }
resource "terraform_data" "b" { input = terraform_data.a.output }
output "text" { value = terraform_data.b.output }
"""


def ignore(_event: Event) -> None: ...


def test_plan_apply_outputs_and_destroy(tmp_path: Path) -> None:
    work = runner(tmp_path / "w", TWO)
    work.init()
    seen: list[Event] = []
    plan = tmp_path / "plan"
    assert work.plan(seen.append, plan).changes_planned
    assert len([e for e in seen if isinstance(e, Planned)]) == 2
    seen.clear()
    outcome = work.apply(seen.append, plan)
    assert outcome.summary is not None
    assert (outcome.summary.operation, outcome.summary.add) == ("apply", 2)
    assert len([e for e in seen if isinstance(e, Finished)]) == 2
    assert work.outputs() == {"text": "one"}
    assert not work.plan(ignore, plan).changes_planned
    assert sorted(work.resources()) == ["terraform_data.a", "terraform_data.b"]
    work.plan(ignore, plan, destroy=True)
    work.apply(ignore, plan)
    assert work.resources() == []


def test_a_plan_that_takes_no_lock_is_not_held_up_and_leaves_the_state_alone(tmp_path: Path) -> None:
    work = runner(tmp_path / "w", TWO)
    work.init()
    work.apply(ignore)
    file = tmp_path / "w" / "terraform.tfstate"
    before = file.read_bytes()
    with file.open("r+b") as state:
        fcntl.lockf(state, fcntl.LOCK_EX)
        with pytest.raises(ProvisioningFailed, match="state lock"):
            work.plan(ignore, tmp_path / "plan")
        assert not work.plan(ignore, tmp_path / "plan", lock=False).changes_planned
    assert file.read_bytes() == before


def test_init_is_not_repeated_for_nothing(tmp_path: Path) -> None:
    work = runner(tmp_path / "w", TWO)
    work.init()
    (tmp_path / "w" / "main.tf").write_text(TWO)
    broken = TerraformRunner("/nonexistent/terraform", tmp_path / "w", environment())
    with pytest.raises(ProvisioningFailed, match="cannot be run"):
        broken.init()  # another program: asked again
    work.init()


def test_a_failure_names_the_resource_and_the_cause(tmp_path: Path) -> None:
    work = runner(
        tmp_path / "w",
        'variable "full" { default = false }\nresource "terraform_data" "a" {\n  lifecycle {\n    precondition {\n'
        '      condition     = var.full\n      error_message = "The moon is not full."\n    }\n  }\n}',
    )
    work.init()
    with pytest.raises(ProvisioningFailed) as failed:
        work.apply(ignore)
    assert "main.tf:5" in failed.value.message
    assert "The moon is not full." in failed.value.message
    assert "\n" not in failed.value.message


def test_sources_that_do_not_parse(tmp_path: Path) -> None:
    work = runner(tmp_path / "w", "resource {")
    with pytest.raises(ProvisioningFailed, match="init failed"):
        work.init()


def test_a_provider_that_cannot_be_had_says_where_to_put_one(tmp_path: Path) -> None:
    configuration = tmp_path / "rc"
    empty = tmp_path / "empty"
    empty.mkdir()
    configuration.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{empty}"\n  }}\n}}\n')
    source = 'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}'
    work = runner(tmp_path / "w", source, TF_CLI_CONFIG_FILE=str(configuration))
    with pytest.raises(ProvisioningFailed) as failed:
        work.init()
    assert failed.value.code == "PROVIDER_MISSING"
    assert "terraform.d/plugins" in str(failed.value.hint)


SLOW = """
resource "terraform_data" "slow" {
  provisioner "local-exec" { command = "touch started; sleep 60" }
}
"""

CHILD = """
    import os, sys
    from pathlib import Path
    from bbws_access.provisioning.binary import find_terraform
    from bbws_access.provisioning.runner import TerraformRunner
    folder = Path(sys.argv[1])
    work = TerraformRunner(find_terraform(folder / "bin"), folder, dict(os.environ))
    try:
        work.apply(lambda event: None)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


def test_an_interrupt_waits_for_state_and_lock(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    runner(folder, SLOW).init()
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(folder)],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    while not (folder / "started").exists():
        assert child.poll() is None
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=60)
    assert out == "interrupted\n"
    assert [r["name"] for r in json.loads((folder / "terraform.tfstate").read_text())["resources"]] == ["slow"]
    assert not (folder / ".terraform.tfstate.lock.info").exists()
