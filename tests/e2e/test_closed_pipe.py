"""A reader that goes early, as ``head`` does, is no failure of the command."""

from __future__ import annotations

import subprocess
import sys

from tests.e2e.conftest import ROOT


def test_a_list_whose_reader_has_gone_ends_quietly_and_well() -> None:
    words = [sys.executable, "-m", "cli.main", "api", "routes"]
    command = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert command.stdout is not None
    command.stdout.close()
    assert command.stderr is not None
    assert command.stderr.read() == ""
    assert command.wait() == 0
