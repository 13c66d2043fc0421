"""The services' policies, as Terraform renders them for given ARNs; without any AWS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bbws_access.catalogue import Service
from bbws_access.names import Names
from bbws_access.provisioning.settings import terraform_root
from tests.lambdas.iam_policy import Policy
from tests.provisioning.planned import OFFLINE_PROVIDER, environment, plan, resources


def tagged(env: str, key: str = "aws:ResourceTag") -> tuple[tuple[str, str], ...]:
    """What IAM knows of a key or a user pool of the stack, or, as ``aws:RequestTag``, of the request that makes it."""
    tags = {"Project": "BBWS", "Component": "access-management", "Environment": env}
    return tuple((f"{key}/{name}", value) for name, value in tags.items())


def service_policies(work: Path, names: Names, region: str, account: str, **arns: str) -> dict[str, Policy]:
    """By service. ``arns`` are those that AWS chooses, or that are not made of names alone."""
    logs = f"arn:aws:logs:{region}:{account}:log-group"
    variables: dict[str, Any] = {
        "source": str(terraform_root() / "modules" / "iam"),
        "prefix": names.prefix,
        "services": [service.value for service in Service],
        "table_arn": f"arn:aws:dynamodb:{region}:{account}:table/{names.table}",
        "audit_bucket_arn": f"arn:aws:s3:::{names.audit_bucket}",
        "log_group_arns": {s.value: f"{logs}:{names.log_group(s)}" for s in Service},
        "dead_letters_log_group_arn": f"{logs}:/aws/lambda/{names.prefix}-dlq",
        **arns,
    }
    (work / "main.tf.json").write_text(json.dumps({"module": {"iam": variables}}))
    (work / "provider.tf").write_text(OFFLINE_PROVIDER)
    planned = plan(work, environment(work))["planned_values"]
    return {r["index"]: Policy(json.loads(r["values"]["policy"])) for r in resources(planned, "aws_iam_role_policy")}
