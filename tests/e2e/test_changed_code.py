"""Changed code at the deployed API: brought there by the watching deployment, and answering."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, Deployed

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.terraform,
    pytest.mark.heavy,  # two more applies of the whole stack
    pytest.mark.xdist_group("deployed"),
]

BEFORE, AFTER = "This link does not work", "This link leads nowhere"
_addresses = count(1)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of the product that may be changed."""
    left_out = shutil.ignore_patterns("__pycache__", ".terraform*")
    for name in ("bbws_access", "cli", "lambdas", "terraform"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=left_out)
    return tmp_path


def heading(deployed: Deployed) -> str:
    """Of the page behind a link that is none; its look-ups are limited by address, so each is from another."""
    url = f"{deployed.outputs()['api_url']}/invite/{'0' * 64}"
    request = urllib.request.Request(url, headers={"X-Forwarded-For": f"203.0.113.{next(_addresses) % 250}"})
    with pytest.raises(urllib.error.HTTPError) as found:
        urllib.request.urlopen(request, timeout=60)
    (title,) = re.findall(r"<h1>(.*?)</h1>", found.value.read().decode())
    return str(title)


def told(process: subprocess.Popen[str]) -> str:
    """The next deployment's last line."""
    assert process.stderr is not None
    for line in process.stderr:
        if "local runs code" in line:
            return line
    raise AssertionError("the deployment ended")


def test_a_change_answers_once_it_is_deployed(deployed: Deployed, sources: Path) -> None:
    assert heading(deployed) == BEFORE
    page = sources / "lambdas" / "invitation_page.py"
    original = page.read_text(encoding="utf-8")
    page.write_text(original.replace(BEFORE, AFTER), encoding="utf-8")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BBWS_", "TF_"))}
    watching = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "release", "deploy", "local", "--watch"],
        cwd=sources,
        env=kept | {"BBWS_ACCESS_STATE_DIR": str(deployed.state_dir)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        told(watching)
        assert heading(deployed) == AFTER
        page.write_text(original, encoding="utf-8")
        told(watching)
        assert heading(deployed) == BEFORE
    finally:
        watching.send_signal(signal.SIGINT)
        watching.wait(timeout=60)
    assert watching.returncode == 130
