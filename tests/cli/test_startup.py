"""``--help`` is quick because it imports next to nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from cli.app import NOUNS

HEAVY = {
    "boto3",
    "botocore",
    "moto",
    "pydantic",
    "python_terraform",
    "ministack",
    "jose",
    "jinja2",
    "cryptography",
    "yaml",
    "jmespath",
}


def imported_by(*words: str) -> set[str]:
    code = (
        "import sys, json, io, contextlib\n"
        "from cli.main import run\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    run({list(words)!r})\n"
        "print(json.dumps(sorted(m.partition('.')[0] for m in sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_root_help_imports_nothing_heavy() -> None:
    assert not HEAVY & imported_by("--help")


@pytest.mark.parametrize("noun", sorted(NOUNS))
def test_a_nouns_help_imports_nothing_heavy(noun: str) -> None:
    # Typer itself builds the types of options with pydantic.
    assert not (HEAVY - {"pydantic"}) & imported_by(noun, "--help")
