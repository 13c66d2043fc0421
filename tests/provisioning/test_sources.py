"""Terraform's sources: in its own format, valid, and fed with what the catalogue says."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from bbws_access.catalogue import FUNCTIONS, Service
from bbws_access.openapi.document import document
from bbws_access.openapi.gateway import as_terraform_template
from bbws_access.provisioning.binary import find_terraform
from bbws_access.provisioning.mirror import cli_configuration, conventional_roots, find_mirror
from bbws_access.provisioning.runner import TerraformRunner
from bbws_access.provisioning.settings import terraform_root
from bbws_access.provisioning.workspace import Workspace, local_backend

MODULES = sorted(p.name for p in (terraform_root() / "modules").iterdir())


@pytest.mark.terraform
def test_the_sources_are_formatted(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "TF_CLI_CONFIG_FILE"}
    words = [find_terraform(tmp_path), "fmt", "-check", "-recursive", str(terraform_root())]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.terraform
def test_the_sources_are_valid(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "TF_CLI_CONFIG_FILE"}
    mirror = find_mirror(conventional_roots(Path.home(), environment))
    if mirror is not None:
        (tmp_path / "rc").write_text(cli_configuration(mirror))
        environment["TF_CLI_CONFIG_FILE"] = str(tmp_path / "rc")
    work = Workspace(tmp_path / "work")
    work.prepare(terraform_root(), {}, local_backend())
    program = find_terraform(tmp_path / "bin")
    TerraformRunner(program, work.folder, environment).init()
    words = [program, "validate", "-no-color"]
    done = subprocess.run(words, cwd=work.folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stdout


@pytest.mark.parametrize("service", list(Service))
def test_the_outputs_have_the_names_that_others_read(service: Service) -> None:
    outputs = set(re.findall(r'^output "([^"]+)"', (terraform_root() / "outputs.tf").read_text(), re.MULTILINE))
    common = {"dynamodb_table_name", "dynamodb_table_arn", "api_gateway_id", "api_url", "authorizer_id"}
    assert common | {"user_pool_id", "audit_bucket_name"} <= outputs
    assert {f"{service}_service_role_arn", f"{service}_log_group_name"} <= outputs


@pytest.mark.parametrize("module", MODULES)
def test_every_variable_and_output_is_described(module: str) -> None:
    for name in ("variables.tf", "outputs.tf"):
        text = (terraform_root() / "modules" / module / name).read_text()
        for block in re.findall(r'^(?:variable|output) "[^"]+" \{\n(.*?)^\}', text, re.DOTALL | re.MULTILINE):
            assert "description" in block, (module, name, block)
        assert name != "variables.tf" or text.count('variable "') == text.count("  type "), module


def test_the_templates_places_are_filled_and_nothing_else_is() -> None:
    text = as_terraform_template(document(FUNCTIONS, aws=True))
    places = re.findall(r"(?<!\$)\$\{([^}]*)\}", text)
    assert len(places) > 40
    assert all(re.fullmatch(r'invoke_arns\["[a-z-]+"\]', place) for place in places)
    assert re.search(r"(?<!\\)\\u000[01]", text) is None  # what patterns have of it is escaped
