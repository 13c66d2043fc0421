"""checkov over Terraform's sources: no failed check without a reason beside the resource.

checkov pins what this project needs in other versions, so it lives in an environment of its own:
``python -m venv build/checkov && build/checkov/bin/pip install checkov==3.3.30``.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bbws_access.provisioning.settings import terraform_root

ROOT = Path(__file__).parents[2]
OWN = ROOT / "build" / "checkov" / "bin" / "checkov"


@pytest.mark.terraform
@pytest.mark.slow
def test_no_check_fails_without_a_reason() -> None:
    program = str(OWN) if OWN.is_file() else shutil.which("checkov")
    if program is None:
        pytest.skip("checkov is not installed")
    words = [program, "-d", str(terraform_root()), "--framework", "terraform", "--output", "json", "--skip-download"]
    done = subprocess.run([*words, "--compact", "--quiet"], capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)
    failed = [(c["check_id"], c["resource"]) for c in found["results"]["failed_checks"]]
    assert failed == []
    assert found["summary"]["passed"] > 200


def test_every_suppression_says_why() -> None:
    for path in terraform_root().rglob("*.tf"):
        for line in path.read_text().splitlines():
            if "checkov:skip" in line:
                assert re.search(r"#checkov:skip=CKV2?_AWS_\d+: .{10,}", line), (path, line)
