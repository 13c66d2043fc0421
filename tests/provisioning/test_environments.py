"""What each environment would be, from its own plan: the settings in which they differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bbws_access import monitoring
from bbws_access.catalogue import FUNCTIONS
from bbws_access.emulator.process import RunningEmulator
from bbws_access.openapi.document import document
from bbws_access.openapi.gateway import as_terraform_template
from bbws_access.provisioning.settings import load, terraform_root
from bbws_access.provisioning.stack import _function
from bbws_access.provisioning.workspace import Workspace, local_backend
from tests.provisioning import checkov
from tests.provisioning.designed import EXPECTED
from tests.provisioning.planned import environment, plan, resources
from tests.provisioning.service_policies import tagged

pytestmark = [pytest.mark.emulator, pytest.mark.terraform, pytest.mark.slow, pytest.mark.xdist_group("plans")]


def planned(env: str, running: RunningEmulator, folder: Path) -> dict[str, Any]:
    work = Workspace(folder / "work")
    (folder / "code.zip").write_bytes(b"")
    (folder / "layer.zip").write_bytes(b"")
    variables = load(env).model_dump(mode="json") | {
        "lambda_concurrency_limit": 50,
        "emulated": True,
        "emulator_endpoint": running.endpoint,
        "functions": {f.name: _function(f) for f in FUNCTIONS},
        "metric_filters": monitoring.as_terraform(),
        "code_package": {"path": str(folder / "code.zip"), "sha256": "0" * 64},
        "dependency_layer": {"path": str(folder / "layer.zip"), "sha256": "1" * 64},
        "openapi_template": str(work.folder / "openapi.json.tftpl"),
    }
    work.prepare(terraform_root(), variables, local_backend())
    work.write("openapi.json.tftpl", as_terraform_template(document(FUNCTIONS, aws=True)))
    surroundings = environment(folder) | {
        "AWS_ENDPOINT_URL": running.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    return plan(work.folder, surroundings)


@pytest.fixture(
    scope="module",
    params=[pytest.param(env, marks=() if env == "prod" else pytest.mark.heavy) for env in EXPECTED],
)
def shown(
    request: pytest.FixtureRequest, running: RunningEmulator, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, Any]]:
    """An environment and its plan."""
    env: str = request.param
    return env, planned(env, running, tmp_path_factory.mktemp(env))


@pytest.mark.heavy
@pytest.mark.skipif(checkov.PROGRAM is None, reason="checkov is not installed")
def test_checkov_finds_nothing_in_the_plan(shown: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    """With what only a plan knows: policies as rendered, what a count or a condition leaves out."""
    rendered = tmp_path / "plan.json"
    rendered.write_text(json.dumps(shown[1]))
    failed, passed = checkov.check(
        "-f", str(rendered), "--framework", "terraform_plan", "--repo-root-for-plan-enrichment", str(terraform_root())
    )
    assert failed == []
    assert passed > 500


def test_the_settings_of_an_environment(shown: tuple[str, dict[str, Any]]) -> None:
    env = shown[0]
    expected, values = EXPECTED[env], shown[1]["planned_values"]

    def of(kind: str) -> list[dict[str, Any]]:
        return [r["values"] for r in resources(values, kind)]

    assert load(env).region == expected["region"]
    (table,) = of("aws_dynamodb_table")
    assert table["deletion_protection_enabled"] is expected["protected"]
    assert table["point_in_time_recovery"][0]["enabled"] is True
    assert [r["region_name"] for r in table["replica"]] == expected["dr"]
    assert (of("aws_cognito_user_pool")[0]["deletion_protection"] == "ACTIVE") is expected["protected"]
    settings = of("aws_api_gateway_method_settings")[0]["settings"][0]
    assert (settings["throttling_rate_limit"], settings["throttling_burst_limit"]) == (
        expected["rate"],
        expected["burst"],
    )
    assert bool(of("aws_lambda_provisioned_concurrency_config")) is bool(expected["dr"])
    assert bool(of("aws_s3_bucket_replication_configuration")) is bool(expected["dr"])
    buckets = {b["bucket"] for b in of("aws_s3_bucket")}
    assert (f"bbws-access-{env}-s3-audit-archive-replica" in buckets) is bool(expected["dr"])
    kept = {g["name"]: g["retention_in_days"] for g in of("aws_cloudwatch_log_group")}
    assert kept.pop(f"/aws/lambda/bbws-access-{env}-audit") == 90
    assert set(kept.values()) == {30}
    assert len(kept) == 7
    assert len(of("aws_sqs_queue")) == 1
    assert len(of("aws_lambda_function_event_invoke_config")) == 2
    (layer,) = of("aws_lambda_layer_version")
    assert (layer["compatible_runtimes"], layer["compatible_architectures"]) == (["python3.12"], ["arm64"])
    assert layer["s3_key"] == f"layers/{'1' * 64}.zip"
    assert {o["key"] for o in of("aws_s3_object")} == {f"functions/{'0' * 64}.zip", layer["s3_key"]}
    functions = of("aws_lambda_function")
    assert len(functions) == 43
    assert {f["s3_key"] for f in functions} == {f"functions/{'0' * 64}.zip"}
    alarms = {a["alarm_name"]: a["threshold"] for a in of("aws_cloudwatch_metric_alarm")}
    assert set(alarms) == {f"bbws-access-{env}-alarm-{name}" for name in monitoring.ALARMS}
    assert alarms[f"bbws-access-{env}-alarm-lambda-concurrency"] == 40
    assert len(of("aws_cloudwatch_log_metric_filter")) == 24
    assert [r["schedule_expression"] for r in of("aws_cloudwatch_event_rule") if r["schedule_expression"]] == [
        "cron(0 2 * * ? *)"
    ]
    assert all(key["enable_key_rotation"] for key in of("aws_kms_key"))
    what_ci_knows_by_tags = of("aws_kms_key") + of("aws_cognito_user_pool")
    assert len(what_ci_knows_by_tags) == 4 + len(expected["dr"])
    for it in what_ci_knows_by_tags:
        assert {("aws:ResourceTag/" + name, value) for name, value in it["tags_all"].items()} >= set(tagged(env))
    (policy,) = [json.loads(key["policy"]) for key in of("aws_kms_key") if key.get("policy")]
    (by_ci,) = [s for s in policy["Statement"] if s["Sid"] == "Deployment"]  # IAM lets CI change no key's policy
    assert (by_ci["Action"], by_ci["Principal"]) == (
        "kms:PutKeyPolicy",
        {"AWS": f"arn:aws:iam::000000000000:role/bbws-access-{env}-role-deploy"},
    )
    assert load(env).audit_lock_mode == expected["lock"]
    assert f"bbws-access-{env}-dashboard" in json.dumps(of("aws_cloudwatch_dashboard"))
