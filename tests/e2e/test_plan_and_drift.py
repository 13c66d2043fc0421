"""Plans that are kept, guarded and refused; changes behind Terraform's back; on the running local environment."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from bbws_access.emulator.process import Emulator
from bbws_access.errors import Refused
from bbws_access.provisioning import settings, stack
from bbws_access.provisioning.events import Event
from tests.e2e.conftest import Deployed

pytestmark = [pytest.mark.emulator, pytest.mark.terraform, pytest.mark.xdist_group("deployed")]

GROUP = "/aws/lambda/bbws-access-local-team"
ROLE = "bbws-access-local-role-team-service"


def ignore(_event: Event | str) -> None: ...


def in_process(deployed: Deployed) -> stack.Stack:
    """The stack that the commands use, here."""
    endpoint = Emulator(deployed.state_dir / "emulator").require().endpoint
    surroundings = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "PATH": f"{Path(shutil.which('terraform') or '/usr/bin/x').parent}:/usr/bin:/bin",
        "HOME": str(Path.home()),
    }
    return stack.Stack(settings.load("local"), deployed.state_dir / "local", surroundings, endpoint)


@pytest.fixture
def other_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Terraform's sources as a developer's branch may have them."""
    copy = tmp_path / "terraform"
    shutil.copytree(settings.terraform_root(), copy)
    monkeypatch.setattr(stack, "terraform_root", lambda: copy)
    return copy


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_plan_that_replaces_the_table_is_refused_with_the_reason(deployed: Deployed, other_sources: Path) -> None:
    edit(other_sources / "modules" / "dynamodb" / "main.tf", '"PK"', '"Partition"')
    work = in_process(deployed)
    with pytest.raises(Refused) as refused:
        work.apply(ignore, ignore, agree=lambda _: pytest.fail("nobody is asked"))
    assert refused.value.code == "DATA_LOSS"
    assert refused.value.message.startswith("module.table.aws_dynamodb_table.this would be destroyed")
    assert "hash_key (PK to Partition) cannot be changed in place" in refused.value.message
    description = deployed.client("dynamodb").describe_table(TableName=deployed.outputs()["dynamodb_table_name"])
    assert {key["AttributeName"] for key in description["Table"]["KeySchema"]} == {"PK", "SK"}


@pytest.mark.heavy
def test_what_changed_behind_terraforms_back_is_named_planned_and_brought_back(
    deployed: Deployed, other_sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs, iam = deployed.client("logs"), deployed.client("iam")
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=7)
    policy = iam.get_role_policy(RoleName=ROLE, PolicyName="service")["PolicyDocument"]
    policy["Statement"].append({"Effect": "Allow", "Action": "*", "Resource": "*"})
    iam.put_role_policy(RoleName=ROLE, PolicyName="service", PolicyDocument=json.dumps(policy))
    gone = delete_something(deployed)

    done = deployed.run("-o", "json", "env", "drift", "local", check=False)
    assert done.returncode == 3, done.stderr
    found: dict[str, Any] = {item["address"]: item for item in json.loads(done.stdout)["items"]}
    group = found['module.functions.aws_cloudwatch_log_group.this["team"]']
    role = found['module.iam.aws_iam_role_policy.this["team"]']
    assert (group["attribute"], group["ours"], group["theirs"]) == ("retention_in_days", 30, 7)
    assert role["attribute"] == "policy"
    assert found[gone]["theirs"] == "(gone)"
    assert len(found) == 3

    digest = tmp_path / "plan.digest"
    words = ("--detailed-exitcode", "--digest-to", str(digest))
    pending = deployed.run("env", "plan", "local", *words, check=False)
    assert pending.returncode == 3, pending.stderr
    assert pending.stdout.startswith("local: 2 to change, 1 to add\n")
    assert "retention_in_days: 7 → 30" in pending.stdout
    assert '{"Action": "*", "Effect": "Allow", "Resource": "*"} → (none)' in pending.stdout

    edit(other_sources / "modules" / "cognito" / "main.tf", "resource", "# A comment.\nresource")
    work = in_process(deployed)
    with pytest.raises(Refused) as refused:
        work.apply(ignore, ignore, kept=work.kept_plan)
    assert "the Terraform sources have changed since" in refused.value.message
    monkeypatch.undo()

    other = deployed.run("env", "up", "local", "--approved", "0" * 64, check=False)
    assert (other.returncode, other.stdout) == (4, "")
    assert "is not the one that was approved" in other.stderr
    up = deployed.run("-o", "json", "env", "up", "local", "--approved", digest.read_text().strip())
    assert json.loads(up.stdout)["changed"] == 3
    assert "Checking the kept plan" in up.stderr
    assert in_process(deployed).kept_plan is None
    assert deployed.json("env", "drift", "local")["drifted"] is False


def delete_something(deployed: Deployed) -> str:
    """An alarm, where there are any yet; else what keeps a bucket from the public. Returns its address."""
    alarms = deployed.client("cloudwatch").describe_alarms()["MetricAlarms"]
    if alarms:
        deployed.client("cloudwatch").delete_alarms(AlarmNames=["bbws-access-local-alarm-dlq-messages"])
        return "module.monitoring.aws_cloudwatch_metric_alarm.dlq_messages"
    deployed.client("s3").delete_public_access_block(Bucket="bbws-access-local-s3-code")
    return "module.code.aws_s3_bucket_public_access_block.this"
