"""checkov, from an environment of its own: it pins what this project needs in other versions."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
_OWN = ROOT / "build" / "checkov" / "bin" / "checkov"

PROGRAM = str(_OWN) if _OWN.is_file() else shutil.which("checkov")
"""``None`` where it is not installed; `make build/checkov/bin/checkov` does so."""


def check(*words: str) -> tuple[list[tuple[str, str]], int]:
    """The checks that failed without a reason given, each with its resource, and how many passed."""
    assert PROGRAM is not None
    line = [PROGRAM, *words, "--output", "json", "--skip-download", "--compact", "--quiet"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)
    failed = [(c["check_id"], c["resource"]) for c in found["results"]["failed_checks"]]
    return failed, found["summary"]["passed"]
