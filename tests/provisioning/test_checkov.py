"""checkov over Terraform's sources; over the plan of a whole environment, see tests/e2e/test_environments.py."""

from __future__ import annotations

import re

import pytest

from bbws_access.provisioning.settings import terraform_root
from tests.provisioning import checkov


@pytest.mark.terraform
@pytest.mark.heavy
@pytest.mark.skipif(checkov.PROGRAM is None, reason="checkov is not installed")
def test_no_check_fails_without_a_reason() -> None:
    failed, passed = checkov.check("-d", str(terraform_root()), "--framework", "terraform")
    assert failed == []
    assert passed > 200


def test_every_suppression_says_why() -> None:
    for path in terraform_root().rglob("*.tf"):
        for line in path.read_text().splitlines():
            if "checkov:skip" in line:
                assert re.search(r"#checkov:skip=CKV2?_AWS_\d+: .{10,}", line), (path, line)
