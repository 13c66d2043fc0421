"""The deployed functions of an environment, in an AWS in memory."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

import boto3
import pytest
from moto import mock_aws

from bbws_access.catalogue import FUNCTIONS, Function
from bbws_access.names import Names
from bbws_access.provisioning.settings import load

ACCOUNT: Final = "123456789012"
"""Whose everything is in this AWS."""

_TRUST: Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}


@pytest.fixture
def aws_in_memory(_no_real_aws: None) -> Iterator[None]:
    with mock_aws():
        yield


def packed(content: bytes) -> bytes:
    """A package of one file; the same content is the same bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("code.py"), content)
    return file.getvalue()


def deploy(env: str, code: bytes, other: Mapping[str, bytes] | None = None) -> str:
    """Makes every function, or a new version of it, with its alias ``live``; ``other`` is the code of single ones.

    What then runs, as ``env diff`` tells it.
    """
    client, role = boto3.client("lambda", region_name=load(env).region), _role()
    packages = {f.name: packed((other or {}).get(f.name, code)) for f in FUNCTIONS}
    for function in FUNCTIONS:
        _deploy(client, Names(env).function(function), function, packages[function.name], role)
    counts = Counter(hashlib.sha256(package).hexdigest() for package in packages.values()).most_common()
    return counts[0][0] if len(counts) == 1 else ", ".join(f"{code[:12]} in {n}" for code, n in counts)


def _deploy(client: Any, name: str, function: Function, package: bytes, role: str) -> None:
    try:
        version = client.update_function_code(FunctionName=name, ZipFile=package, Publish=True)["Version"]
        client.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
    except client.exceptions.ResourceNotFoundException:
        made = client.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=role,
            Handler=function.handler,
            Code={"ZipFile": package},
            Publish=True,
        )
        client.create_alias(FunctionName=name, Name="live", FunctionVersion=made["Version"])


def _role() -> str:
    iam = boto3.client("iam", region_name="eu-west-1")
    try:
        return str(iam.get_role(RoleName="functions")["Role"]["Arn"])
    except iam.exceptions.NoSuchEntityException:
        made = iam.create_role(RoleName="functions", AssumeRolePolicyDocument=json.dumps(_TRUST))
        return str(made["Role"]["Arn"])
