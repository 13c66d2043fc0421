"""What a newcomer does in the first ten minutes, on the real thing."""

from __future__ import annotations

import csv
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from bbws_access.store.schema import table_definition
from tests.e2e.conftest import Deployed

pytestmark = [pytest.mark.emulator, pytest.mark.terraform, pytest.mark.xdist_group("deployed")]


def get(url: str, token: str | None = None) -> tuple[int, Any]:
    request = urllib.request.Request(url, headers={"Authorization": token} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_the_tour_leaves_a_trail_of_all_that_it_did(deployed: Deployed, tmp_path: Path) -> None:
    shown = deployed.run("local", "tour", "--to", str(tmp_path)).stdout
    assert "$ bbws-access orgs create" in shown
    assert "What to try next" in shown
    with (tmp_path / "tour-audit.csv").open(newline="", encoding="utf-8") as file:
        actions = [row["action"] for row in csv.DictReader(file)]
    assert actions[:4] == ["organisation.create", "organisation.seed", "invitation.create", "invitation.accept"]


def test_a_second_up_changes_nothing(deployed: Deployed) -> None:
    assert deployed.json("env", "up", "local")["changed"] == 0


def test_the_api_asks_for_a_token_and_takes_one(deployed: Deployed) -> None:
    deployed.run("orgs", "create", "Api")
    deployed.member("Api", "api@example.com")
    url = f"{deployed.outputs()['api_url']}/v1/platform/permissions"
    status, body = get(url)
    assert (status, body["error"]["code"]) == (401, "UNAUTHORIZED")
    assert get(url, "Bearer rubbish")[0] == 401
    status, body = get(url, deployed.token("api@example.com"))
    assert status == 200
    assert "site:read" in {item["permissionId"] for item in body["items"]}


def test_pages_of_the_api_follow_each_other(deployed: Deployed) -> None:
    deployed.run("orgs", "create", "Pages")
    deployed.member("Pages", "pages@example.com")
    token, base = deployed.token("pages@example.com"), deployed.outputs()["api_url"]
    seen, query = [], "?pageSize=20"
    while True:
        status, body = get(f"{base}/v1/platform/permissions{query}", token)
        assert status == 200
        seen += [item["permissionId"] for item in body["items"]]
        if not body["moreAvailable"]:
            break
        query = "?" + body["_links"]["next"]["href"].partition("?")[2]
    assert len(seen) == len(set(seen)) == 42


def test_status_tells_of_health(deployed: Deployed) -> None:
    status = deployed.json("env", "status", "local")
    assert status["healthy"] is True
    checks = {check["name"]: check for check in status["checks"]}
    assert checks["API"] == {"group": "Traffic", "name": "API", "ok": True, "says": "asks for a token"}
    assert checks["indexes"]["says"] == "5 of 5 active"


def test_json_is_json_and_a_wrong_organisation_is_one_line(deployed: Deployed) -> None:
    deployed.run("orgs", "create", "Lines")
    done = deployed.run("--output", "json", "users", "list", "--org", "Lines")
    assert json.loads(done.stdout) == {"items": [], "count": 0, "moreAvailable": False}
    done = deployed.run("--output", "json", "users", "list", "--org", "Nobody", check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "error: there is no organisation 'Nobody'; try: bbws-access orgs list\n"


def test_a_change_that_failed_is_in_the_trail(deployed: Deployed) -> None:
    deployed.run("orgs", "create", "Twice")
    deployed.run("teams", "create", "Web", "--org", "Twice")
    done = deployed.run("teams", "create", "Web", "--org", "Twice", check=False)
    assert (done.returncode, "there is a team called 'Web' already" in done.stderr) == (1, True)
    event = deployed.json("audit", "query", "--org", "Twice", "--outcome", "FAILURE")["items"][0]
    assert (event["resourceId"], event["details"]) == ("bbws-access teams create", {"code": "TEAM_EXISTS"})


def test_an_export_to_the_bucket_can_be_fetched_by_its_link(deployed: Deployed) -> None:
    deployed.run("orgs", "create", "Bucket")
    done = deployed.json("audit", "export", "--org", "Bucket", "--format", "jsonl", "--to", "s3")
    assert done["count"] == 2
    with urllib.request.urlopen(done["url"], timeout=30) as answer:
        lines = [json.loads(line) for line in answer.read().decode().splitlines()]
    assert [line["action"] for line in lines] == ["organisation.create", "organisation.seed"]
    assert deployed.json("audit", "query", "--org", "Bucket")["items"][0]["action"] == "audit.export"


def test_no_token_and_no_password_is_in_the_table(deployed: Deployed) -> None:
    deployed.run("orgs", "create", "Secrets")
    deployed.member("Secrets", "secrets@example.com", password="Very-secret-pw-1")
    link = deployed.json("local", "mail", "--to", "secrets@example.com")["items"][-1]["links"][0]
    pages = (
        deployed.client("dynamodb").get_paginator("scan").paginate(TableName=deployed.outputs()["dynamodb_table_name"])
    )
    everything = json.dumps([item for page in pages for item in page["Items"]], default=str)
    assert "secrets@example.com" in everything
    assert link.rsplit("/", 1)[-1] not in everything
    assert "Very-secret-pw-1" not in everything


def normalised(table: dict[str, Any]) -> dict[str, Any]:
    """A table's description as the arguments that would make it, in one order."""
    return {
        "TableName": table["TableName"],
        "BillingMode": table.get("BillingMode") or table["BillingModeSummary"]["BillingMode"],
        "AttributeDefinitions": sorted(table["AttributeDefinitions"], key=lambda a: a["AttributeName"]),
        "KeySchema": table["KeySchema"],
        "GlobalSecondaryIndexes": sorted(
            (
                {"IndexName": i["IndexName"], "KeySchema": i["KeySchema"], "Projection": i["Projection"]}
                for i in table["GlobalSecondaryIndexes"]
            ),
            key=lambda i: i["IndexName"],
        ),
        "StreamSpecification": table["StreamSpecification"],
        "SSESpecification": {"Enabled": table.get("SSESpecification", table.get("SSEDescription")) is not None},
    }


def test_terraforms_table_is_the_tests_table(deployed: Deployed) -> None:
    name = deployed.outputs()["dynamodb_table_name"]
    client = deployed.client("dynamodb")
    made = client.describe_table(TableName=name)["Table"]
    assert normalised(made) == normalised(table_definition(name))
    assert client.describe_time_to_live(TableName=name)["TimeToLiveDescription"] == {
        "TimeToLiveStatus": "ENABLED",
        "AttributeName": "ttl",
    }
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
