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


def test_a_listing_waits_for_nothing_that_it_does_not_use() -> None:
    """Over a table that is answered for; its client is real."""
    code = """
import sys
from bbws_access.models.organisation import Organisation
from bbws_access.store.table import Page, Table
from cli.aws_access import EMULATED_ACCOUNT, AwsAccess
from cli.main import run

stamps = {"date_created": "", "created_by": "", "date_last_updated": "", "last_updated_by": ""}
AwsAccess.endpoint, AwsAccess.caller = "http://127.0.0.1:1", (EMULATED_ACCOUNT, "arn:aws:iam::0:user/x")
Table.get = lambda self, key: Organisation(organisation_id="org-1", name="Acme", **stamps).to_item()
Table.query = lambda self, query: Page([], None)
assert run(["users", "list", "--org", "org-1", "-o", "json"]) == 0
heavy = {"boto3", "s3transfer", "email_validator", "bbws_access.adapters.s3", "bbws_access.services.default_roles"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
