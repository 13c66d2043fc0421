"""A platform whose survival can be checked."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from jose import jwt

from bbws_access.emulator.mailbox import messages
from bbws_access.emulator.process import RunningEmulator
from tests.emulator import stack
from tests.emulator.conftest import client_for

BUCKET = "archive"


class Platform:
    """All that has to survive."""

    def __init__(self, running: RunningEmulator) -> None:
        self.db = client_for(running, "dynamodb")
        stack.create_table(self.db)
        self.fill_table()
        self.pool, self.client = stack.create_users(running)
        self.tokens = stack.sign_in(running, self.client)
        self.keys = stack.keys(running, self.pool)
        self.fill_bucket(client_for(running, "s3"))
        self.send_email(client_for(running, "ses"))
        self.api = stack.deploy_api(running)
        assert stack.call(running, self.api, "Bearer good") == 200

    def fill_table(self) -> None:
        arn = self.db.describe_table(TableName=stack.TABLE)["Table"]["TableArn"]
        self.db.tag_resource(ResourceArn=arn, Tags=[{"Key": "Project", "Value": "BBWS"}])
        ttl = {"Enabled": True, "AttributeName": "ttl"}
        self.db.update_time_to_live(TableName=stack.TABLE, TimeToLiveSpecification=ttl)
        recovery = {"PointInTimeRecoveryEnabled": True}
        self.db.update_continuous_backups(TableName=stack.TABLE, PointInTimeRecoverySpecification=recovery)
        for number in range(30):
            item = {
                "PK": {"S": "ORG#1"},
                "SK": {"S": f"ROLE#{number:02}"},
                "GSI1PK": {"S": "ORG#1#ACTIVE#true"},
                "GSI1SK": {"S": f"ROLE#{29 - number:02}"},
                "grants": {"SS": ["site:read", "team:read"]},
                "__bytes__": {"M": {"é\x00": {"L": [{"NULL": True}, {"B": b"\x00\xff"}]}}},
            }
            self.db.put_item(TableName=stack.TABLE, Item=item)
        self.db.create_backup(TableName=stack.TABLE, BackupName="before")
        self.db.delete_item(TableName=stack.TABLE, Key={"PK": {"S": "ORG#1"}, "SK": {"S": "ROLE#29"}})

    def fill_bucket(self, s3: Any) -> None:
        s3.create_bucket(
            Bucket=BUCKET,
            CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
            ObjectLockEnabledForBucket=True,
        )
        retention = {"Mode": "GOVERNANCE", "Days": 7}
        s3.put_object_lock_configuration(
            Bucket=BUCKET,
            ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}},
        )
        for body in (b"first", b"second"):
            s3.put_object(Bucket=BUCKET, Key="2026/01/events.json", Body=body, Metadata={"sha": "1"})

    def send_email(self, ses: Any) -> None:
        ses.verify_email_identity(EmailAddress="noreply@bbws.example")
        ses.send_email(
            Source="noreply@bbws.example",
            Destination={"ToAddresses": [stack.USER]},
            Message={"Subject": {"Data": "Welcome"}, "Body": {"Text": {"Data": "Hello"}}},
        )

    def check(self, running: RunningEmulator) -> None:
        self.check_table()
        self.check_users(running)
        self.check_bucket(client_for(running, "s3"))
        assert client_for(running, "ses").list_identities()["Identities"] == ["noreply@bbws.example"]
        assert [message.subject for message in messages(running.endpoint)] == ["Welcome"]
        self.check_api(running)

    def check_table(self) -> None:
        table = self.db.describe_table(TableName=stack.TABLE)["Table"]
        assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["GSI1"]
        tags = self.db.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
        assert tags == [{"Key": "Project", "Value": "BBWS"}]
        ttl = self.db.describe_time_to_live(TableName=stack.TABLE)["TimeToLiveDescription"]
        assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
        backups = self.db.describe_continuous_backups(TableName=stack.TABLE)["ContinuousBackupsDescription"]
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
        found = self.db.query(
            TableName=stack.TABLE,
            IndexName="GSI1",
            KeyConditionExpression="GSI1PK = :org",
            ExpressionAttributeValues={":org": {"S": "ORG#1#ACTIVE#true"}},
        )["Items"]
        assert [item["SK"]["S"] for item in found] == [f"ROLE#{number:02}" for number in reversed(range(29))]
        assert set(found[0]["grants"]["SS"]) == {"site:read", "team:read"}
        assert found[0]["__bytes__"] == {"M": {"é\x00": {"L": [{"NULL": True}, {"B": b"\x00\xff"}]}}}
        (backup,) = self.db.list_backups(TableName=stack.TABLE)["BackupSummaries"]
        copy = f"copy-{len(self.db.list_tables()['TableNames'])}"
        self.db.restore_table_from_backup(TargetTableName=copy, BackupArn=backup["BackupArn"])
        assert self.db.scan(TableName=copy, Select="COUNT")["Count"] == 30

    def check_users(self, running: RunningEmulator) -> None:
        assert stack.keys(running, self.pool) == self.keys
        by_id = {key["kid"]: key for key in self.keys["keys"]}
        key = by_id[jwt.get_unverified_header(self.tokens["IdToken"])["kid"]]
        claims = jwt.decode(
            self.tokens["IdToken"], key, algorithms=["RS256"], audience=self.client, options={"verify_at_hash": False}
        )
        assert claims["custom:organisation_id"] == "org-1"
        assert claims["iss"] == f"https://cognito-idp.eu-west-1.amazonaws.com/{self.pool}"
        assert stack.sign_in(running, self.client)["AccessToken"]
        cognito = client_for(running, "cognito-idp")
        assert cognito.get_user(AccessToken=self.tokens["AccessToken"])["Username"] == stack.USER
        assert cognito.initiate_auth(
            ClientId=self.client,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": self.tokens["RefreshToken"]},
        )["AuthenticationResult"]["AccessToken"]

    def check_bucket(self, s3: Any) -> None:
        found = s3.get_object(Bucket=BUCKET, Key="2026/01/events.json")
        assert found["Body"].read() == b"second"
        assert found["Metadata"] == {"sha": "1"}
        versions = s3.list_object_versions(Bucket=BUCKET)["Versions"]
        assert len(versions) == 2
        for version in versions:
            retention = s3.get_object_retention(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])
            assert retention["Retention"]["Mode"] == "GOVERNANCE"
            with pytest.raises(ClientError):
                s3.delete_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])

    def check_api(self, running: RunningEmulator) -> None:
        functions = client_for(running, "lambda")
        for name in ("handler-0", "authorize-1"):
            assert functions.get_function_configuration(FunctionName=name)["State"] == "Active"
            assert functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "1"
        answers = [stack.call(running, self.api, token) for token in ("Bearer good", "Bearer bad", "Bearer no", None)]
        assert answers == [200, 403, 401, 401]
        # What an authorizer raises beside "Unauthorized" is a 500, and the next try asks it again.
        assert [stack.call(running, self.api, "Bearer good after a fault") for _ in range(2)] == [500, 200]
