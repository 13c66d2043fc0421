"""``access test`` as a CI job runs it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from tests.cli.conftest import Run


def test_at_the_command_line(office: Run, tmp_path: Path) -> None:
    file, out = tmp_path / "a.yaml", tmp_path / "results.xml"
    file.write_text("expectations:\n- {user: ada@example.com, may: 'role:create', expect: allowed}\n")
    done = office("access", "test", str(file), "--junit", str(out))
    assert (done.code, done.err) == (3, "1 of 1 expectation failed.\n")
    assert "FAIL" in done.out
    assert ElementTree.fromstring(out.read_bytes()).get("failures") == "1"
    (item,) = office("access", "test", str(file), "-o", "json").json["items"]
    assert (item["passed"], item["found"], item["expected"]) == (False, "denied", "allowed")
    nowhere = office("access", "test", str(file), "--junit", str(tmp_path / "no" / "x.xml"))
    assert (nowhere.code, "choose another place with --junit" in nowhere.err) == (1, True)
    missing = office("access", "test", str(tmp_path / "none.yaml"))
    assert (missing.code, missing.err.count("\n")) == (2, 1)
