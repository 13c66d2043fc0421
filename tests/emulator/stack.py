"""A small platform on the local AWS: a table, users, files, emails, and an API with an authorizer."""

from __future__ import annotations

import io
import json
import sqlite3
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

from bbws_access.emulator.process import RunningEmulator
from tests.emulator import conftest

TABLE = "platform"
PASSWORD = "Correct-Horse-7"
USER = "thandi@example.com"
ACCOUNT = "000000000000"

_CODE = """
import json, os
import boto3

def handler(event, context):
    boto3.client("dynamodb").update_item(
        TableName="platform", Key={"PK": {"S": "CALLS"}, "SK": {"S": "METADATA"}},
        UpdateExpression="ADD calls :one", ExpressionAttributeValues={":one": {"N": "1"}})
    return {"statusCode": 200, "body": json.dumps(event["requestContext"]["authorizer"]["orgId"])}

def probe(event, context):
    return {"pid": os.getpid(), "environment": dict(os.environ)}

def raises(event, context):
    print("about to fail")
    raise Exception(f"failed in process {os.getpid()}")

def leaves(event, context):
    os._exit(1)

faults = []

def authorize(event, context):
    token = event["authorizationToken"]
    if token not in ("Bearer good", "Bearer bad", "Bearer good after a fault"):
        raise Exception("Unauthorized")
    if "fault" in token and not faults:
        faults.append(token)
        raise RuntimeError
    effect = "Allow" if "good" in token else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "thandi", "policyDocument": policy, "context": {"orgId": "org-1"}}
"""


def create_table(db: Any) -> None:
    conftest.create_table(db, TABLE)


def deploy_functions(running: RunningEmulator, *handlers: str) -> list[str]:
    """One function for each handler; two probes if none is named."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("code.py", "")
        package.writestr("functions.py", _CODE)
    client = conftest.client_for(running, "lambda")
    names = []
    for number, handler in enumerate(handlers or ("probe", "probe")):
        name = f"{handler}-{number}"
        client.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=f"arn:aws:iam::{ACCOUNT}:role/function",
            Handler=f"functions.{handler}",
            Code={"ZipFile": archive.getvalue()},
            Timeout=30,
            MemorySize=512,
            Publish=True,
        )
        client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
        names.append(name)
    return names


def invoke(running: RunningEmulator, name: str) -> Any:
    return json.load(conftest.client_for(running, "lambda").invoke(FunctionName=name, Payload=b"{}")["Payload"])


def deploy_api(running: RunningEmulator) -> str:
    """A REST API with ``GET /v1`` behind an authorizer, deployed as stage ``local``; returns its id."""
    handler, authorizer = deploy_functions(running, "handler", "authorize")
    api = conftest.client_for(running, "apigateway")
    api_id: str = api.create_rest_api(name="platform")["id"]
    root = api.get_resources(restApiId=api_id)["items"][0]["id"]
    authorizer_id = api.create_authorizer(
        restApiId=api_id,
        name="token",
        type="TOKEN",
        identitySource="method.request.header.Authorization",
        authorizerUri=_invocation(authorizer),
        authorizerResultTtlInSeconds=300,
    )["id"]
    place = {
        "restApiId": api_id,
        "resourceId": api.create_resource(restApiId=api_id, parentId=root, pathPart="v1")["id"],
        "httpMethod": "GET",
    }
    api.put_method(**place, authorizationType="CUSTOM", authorizerId=authorizer_id)
    api.put_integration(**place, type="AWS_PROXY", integrationHttpMethod="POST", uri=_invocation(f"{handler}:live"))
    api.create_deployment(restApiId=api_id, stageName="local")
    return api_id


def call(running: RunningEmulator, api_id: str, authorization: str | None) -> int:
    """The status with which the API answers ``GET /v1``."""
    url = f"{running.endpoint}/restapis/{api_id}/local/_user_request_/v1"
    request = urllib.request.Request(url, headers={"Authorization": authorization} if authorization else {})
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def create_users(running: RunningEmulator) -> tuple[str, str]:
    """A user pool with one user; returns its id and that of its client."""
    cognito = conftest.client_for(running, "cognito-idp")
    attribute = {"Name": "organisation_id", "AttributeDataType": "String", "Mutable": True}
    pool = cognito.create_user_pool(PoolName="users", Schema=[attribute])["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="cli", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    )["UserPoolClient"]["ClientId"]
    attributes = [{"Name": "email", "Value": USER}, {"Name": "custom:organisation_id", "Value": "org-1"}]
    cognito.admin_create_user(UserPoolId=pool, Username=USER, UserAttributes=attributes, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=USER, Password=PASSWORD, Permanent=True)
    return pool, client


def sign_in(running: RunningEmulator, client: str) -> Any:
    """The user's tokens."""
    return conftest.client_for(running, "cognito-idp").initiate_auth(
        ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": USER, "PASSWORD": PASSWORD}
    )["AuthenticationResult"]


def keys(running: RunningEmulator, pool: str) -> Any:
    """The keys that the pool's tokens are signed with."""
    with urllib.request.urlopen(f"{running.endpoint}/{pool}/.well-known/jwks.json", timeout=30) as response:
        return json.load(response)


def reset(running: RunningEmulator) -> None:
    """Empty the local AWS."""
    request = urllib.request.Request(f"{running.endpoint}/_ministack/reset", method="POST")
    with urllib.request.urlopen(request, timeout=30) as response:
        assert response.status == 200


def damage_document(state: Path, service: str) -> None:
    """Replace what was saved of a service by something else."""
    db = sqlite3.connect(state)
    db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (service, '{"tables": "none"}'))
    db.commit()
    db.close()


def _invocation(function: str) -> str:
    arn = f"arn:aws:lambda:{conftest.REGION}:{ACCOUNT}:function:{function}"
    return f"arn:aws:apigateway:{conftest.REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
