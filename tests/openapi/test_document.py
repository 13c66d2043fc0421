"""The document: complete, valid, and within what API Gateway imports."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from bbws_access.catalogue import BY_NAME, ENDPOINTS, FUNCTIONS, Guard
from bbws_access.openapi.attributes import ATTRIBUTES, PARTIAL, SAMPLES
from bbws_access.openapi.contracts import CONTRACTS, problems_of
from bbws_access.openapi.document import document
from bbws_access.openapi.gateway import as_terraform_template, invoke_arn
from bbws_access.openapi.problems import PROBLEMS, STATUSES
from bbws_access.provisioning.binary import find_terraform
from bbws_access.provisioning.stack import DEPLOYED
from tests.openapi.conformance import operation, schema_of, validator, whole

NAMES = sorted(f.name for f in ENDPOINTS)


@pytest.fixture(scope="module")
def aws() -> dict[str, Any]:
    return document(FUNCTIONS, aws=True)


def parts(document: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document."""
    if isinstance(document, dict):
        yield document
    for part in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        yield from parts(part)


def test_every_endpoint_has_its_contract_and_no_contract_lacks_an_endpoint() -> None:
    assert sorted(CONTRACTS) == NAMES
    operations = [o["operationId"] for item in whole()["paths"].values() for o in item.values()]
    assert sorted(o for o in operations if not o.startswith("page-")) == NAMES


@pytest.mark.parametrize("deployed", [FUNCTIONS, DEPLOYED, ()])
@pytest.mark.parametrize("for_aws", [False, True])
def test_it_is_valid_openapi_3_0(deployed: Any, for_aws: bool) -> None:
    found = document(deployed, aws=for_aws)
    assert found["openapi"].startswith("3.0.")
    validate(found)
    references = {p["$ref"].rsplit("/", 1)[-1] for p in parts(found) if isinstance(p.get("$ref"), str)}
    assert references <= found["components"]["schemas"].keys()


def test_every_path_parameter_and_guard_is_described() -> None:
    for function in ENDPOINTS:
        found = operation(function.name)
        named = [p["name"] for p in found["parameters"] if p["in"] == "path"]
        assert named == re.findall(r"\{(\w+)\}", str(function.path))
        assert (found["security"] == []) == (function.guard is Guard.PUBLIC)
        assert found["summary"]


def test_lists_have_pages_and_creations_answer_201() -> None:
    for name, contract in CONTRACTS.items():
        found = operation(name)
        query = {p["name"] for p in found["parameters"] if p["in"] == "query"}
        assert ({"pageSize", "startAt"} <= query) == contract.listed
        successes = [s for s in found["responses"] if s.startswith("2")]
        assert successes == ["201" if re.search(r"-(create|add|export)-", name) else "200"]


def test_every_problem_is_somebodys_and_every_status_is_explained() -> None:
    used = {code for name in CONTRACTS for codes in problems_of(name).values() for code in codes}
    assert used == set(PROBLEMS)
    assert {status for status, _ in PROBLEMS.values()} == set(STATUSES)


def test_links_of_invitations_are_gone_or_asked_for_too_often() -> None:
    for name in NAMES:
        by_token = {"410", "429"} <= operation(name)["responses"].keys()
        if "{token}" in str(next(f.path for f in ENDPOINTS if f.name == name)):
            assert by_token
            assert not {"401", "403"} & operation(name)["responses"].keys()


@pytest.mark.parametrize("name", NAMES)
def test_examples_fit_their_schemas(name: str) -> None:
    found = operation(name)
    contents = [response["content"] for response in found["responses"].values()]
    contents += [found["requestBody"]["content"]] if "requestBody" in found else []
    for content in contents:
        validator(schema_of(content)).validate(content["application/json"]["example"])


@pytest.mark.parametrize("name", sorted(n for n, c in CONTRACTS.items() if c.relation))
def test_an_examples_link_leads_to_a_path_that_can_be_read(name: str) -> None:
    contract, found = CONTRACTS[name], operation(name)
    example = found["responses"][str(contract.status)]["content"]["application/json"]["example"]
    shown = example["items"][0] if contract.listed else example
    href = shown["_links"][contract.relation]["href"]
    readable = [re.sub(r"\{\w+\}", "[^/]+", path) for path, item in whole()["paths"].items() if "get" in item]
    assert any(re.fullmatch(path, href) for path in readable), href
    if contract.relation == "self" and not contract.link:
        assert href.startswith("/v1/platform/") == str(BY_NAME[name].path).startswith("/v1/platform/")
        assert href.rsplit("/", 1)[-1] in [*shown.values(), "3f" * 32, "summary"]


@pytest.mark.parametrize("name", sorted(n for n, c in CONTRACTS.items() if c.request))
def test_an_example_is_taken_by_the_model_itself(name: str) -> None:
    request = CONTRACTS[name].request
    assert request is not None
    example = operation(name)["requestBody"]["content"]["application/json"]["example"]
    request.model_validate_json(json.dumps(example), by_alias=True, by_name=False)


def test_every_attribute_is_described_once_and_none_in_vain() -> None:
    schemas = whole()["components"]["schemas"]
    shared = {"Error", "Links"}
    used = {a for name, s in schemas.items() if name not in shared for a in s["properties"] if not a.startswith("_")}
    assert set(ATTRIBUTES) <= used
    assert set(SAMPLES) <= schemas.keys()
    assert schemas.keys() >= PARTIAL


def test_what_the_models_refuse_the_schemas_refuse() -> None:
    refused = [
        ("NewTeam", {"name": "W"}),
        ("NewTeam", {"name": "Web", "other": 1}),
        ("NewTeam", {"name": "Web", "divisionId": "a#b"}),
        ("NewRole", {"name": "lower", "displayName": "Lower", "permissions": ["site:read"]}),
        ("NewRole", {"name": "UPPER", "displayName": "Upper", "permissions": []}),
        ("NewRole", {"name": "UPPER", "displayName": "Upper", "permissions": ["site"]}),
        ("RoleChanges", {"displayName": None}),
        ("TeamChanges", {}),
        ("MemberChanges", {"active": True}),
        ("Revocation", {"status": "PENDING"}),
        ("NewInvitation", {"email": "a@b.co"}),
    ]
    for schema, body in refused:
        assert not validator(schema).is_valid(body), (schema, body)
    assert validator("TeamChanges").is_valid({"divisionId": None})


def test_nothing_of_the_inside_is_documented() -> None:
    inside = {"tokenHash", "claim", "claimExpiresAt", "ttl", "PK", "SK", "deactivatedWith", "emailError"}
    for schema in whole()["components"]["schemas"].values():
        assert not inside & schema["properties"].keys()


# --- what API Gateway imports ----------------------------------------------------------------------


def test_api_gateway_can_import_it(aws: dict[str, Any]) -> None:
    """By its developer guide: names of letters and digits, at most 60 models, no ranges of statuses, draft 4."""
    schemas = aws["components"]["schemas"]
    assert len(schemas) <= 60
    assert all(name.isalnum() and name.isascii() for name in schemas)
    for item in aws["paths"].values():
        for found in item.values():
            assert all(re.fullmatch(r"[1-5]\d\d", status) for status in found["responses"])
            assert "x-amazon-apigateway-integration" in found
    unknown = {"additionalProperties", "anyOf", "oneOf", "discriminator", "example", "readOnly", "nullable", "const"}
    for schema in schemas.values():
        for part in parts(schema):
            keywords = {k for k, v in part.items() if not isinstance(v, dict)}
            assert not unknown & keywords
            assert not isinstance(part.get("type"), list)
            assert not isinstance(part.get("exclusiveMinimum"), int | float)


def test_the_plain_document_says_nothing_of_aws() -> None:
    assert "x-amazon" not in json.dumps(whole())


def render(template: str) -> Any:
    """What Terraform makes of a template, as far as ours use it."""
    text = re.sub(r'(?<!\$)\$\{invoke_arns\["([^"]+)"\]\}', r"arn:\1", template)
    assert not re.search(r"(?<!\$)\$\{|(?<!%)%\{", text)
    return json.loads(text.replace("$${", "${").replace("%%{", "%{"))


def test_nothing_in_it_is_terraforms_but_the_places(aws: dict[str, Any]) -> None:
    hostile = 'a ${b} %{ if c } \\ \\" $${d} %%{e} ["f"] \u00e9 \u2028'
    marked = {**aws, "info": {**aws["info"], "description": hostile}, "x-pattern": r"^\d[\\]\${2,}$"}
    found = render(as_terraform_template(marked))
    assert found["info"]["description"] == hostile
    assert found["x-pattern"] == marked["x-pattern"]
    assert found["components"]["schemas"] == aws["components"]["schemas"]
    get = found["paths"]["/v1/platform/permissions"]["get"]
    assert get["x-amazon-apigateway-integration"]["uri"] == "arn:permission-list-permissions"


@pytest.mark.terraform
def test_terraform_itself_gives_the_document_back(tmp_path: Path) -> None:
    text = 'a ${b} %{ if c } \\ \\" $${d} %%{e} $$${f} $ % ["f"] \u00e9 \u2028 \\u0000x\\u0001'
    given = {"text": text, "uri": invoke_arn("team-get-team")}
    (tmp_path / "document.tftpl").write_text(as_terraform_template(given), encoding="utf-8")
    call = 'templatefile("${path.module}/document.tftpl", { invoke_arns = { team-get-team = "arn:1" } })'
    (tmp_path / "main.tf").write_text(f'output "document" {{ value = {call} }}', encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if k != "TF_CLI_CONFIG_FILE"}
    terraform = find_terraform(tmp_path)
    for words in (["init"], ["apply", "-auto-approve"], ["output", "-raw", "document"]):
        done = subprocess.run([terraform, *words], cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert json.loads(done.stdout) == {"text": text, "uri": "arn:1"}
