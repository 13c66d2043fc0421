"""The page at the link that the email holds, served by the deployed API, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key

from bbws_access import keys
from tests.browser.conftest import browser  # noqa: F401 - a fixture
from tests.browser.test_invitation_page import PASSWORD, Screen
from tests.e2e.conftest import Deployed

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.terraform,
    pytest.mark.browser,
    pytest.mark.xdist_group("deployed"),
]

ORG = "Browsers"


@dataclass(frozen=True)
class Visit:
    """An organisation that invites, and somebody at a browser."""

    deployed: Deployed
    url: str
    table: Any
    screen: Screen
    chrome: Any

    def invited(self, email: str) -> str:
        """The link in the email of a new invitation."""
        self.deployed.run("users", "invite", email, "--org", ORG, "--role", "SITE_VIEWER")
        (link,) = self.deployed.json("local", "mail", "--to", email)["items"][-1]["links"]
        assert link.startswith(self.url)
        return str(link)

    def invitation(self, email: str) -> dict[str, Any]:
        asked = Key("GSI2PK").eq(keys.by_email(email))
        invited = Attr("SK").begins_with(keys.INVITATION_PREFIX)
        (item,) = self.table.query(IndexName="GSI2", KeyConditionExpression=asked, FilterExpression=invited)["Items"]
        return dict(item)

    def forget_look_ups(self) -> None:
        """Other tests look invitations up from this address too, and a minute has only so many."""
        taken = Attr("PK").begins_with("RATE#LOOKUP#")
        for item in self.table.scan(FilterExpression=taken)["Items"]:
            self.table.delete_item(Key={"PK": item["PK"], "SK": item["SK"]})


@pytest.fixture(scope="module")
def _organisation(deployed: Deployed) -> None:
    deployed.run("orgs", "create", ORG)


@pytest.fixture
def visit(deployed: Deployed, _organisation: None, browser: Any) -> Iterator[Visit]:  # noqa: F811
    browser.get_log("browser")
    outputs = deployed.outputs()
    screen = Screen(browser, outputs["api_url"])
    endpoint = outputs["api_url"].split("/restapis/")[0]
    known = {"region_name": "eu-west-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
    table = boto3.resource("dynamodb", endpoint_url=endpoint, **known).Table(outputs["dynamodb_table_name"])
    visit = Visit(deployed, outputs["api_url"], table, screen, browser)
    visit.forget_look_ups()
    yield visit
    assert screen.complaints() == []


def test_a_new_user_is_told_what_is_wrong_with_the_password_and_then_accepts(visit: Visit) -> None:
    email = "thandi@browsers.example"
    visit.chrome.get(visit.invited(email))
    assert visit.screen.heading == f"Join {ORG}"
    visit.screen.fill(firstName="Thandi", lastName="Nkosi", password="too-weak")
    visit.screen.press("#accept-button")
    assert visit.screen.until_told("#password-error") == "The password needs an upper-case letter, a digit."
    assert visit.screen.focused == visit.screen.element("#password")
    assert visit.invitation(email)["status"] == "PENDING"

    visit.screen.fill(password=PASSWORD)
    visit.screen.press("#accept-button")
    visit.screen.until_heading(f"Welcome to {ORG}")
    assert visit.invitation(email)["status"] == "ACCEPTED"
    assert visit.deployed.token(email, PASSWORD)


def test_a_link_that_has_run_out(visit: Visit) -> None:
    email = "late@browsers.example"
    link, item = visit.invited(email), visit.invitation(email)
    visit.table.update_item(
        Key={"PK": item["PK"], "SK": item["SK"]},
        UpdateExpression="SET expiresAt = :then",
        ExpressionAttributeValues={":then": item["dateCreated"]},
    )
    visit.chrome.get(link)
    assert visit.screen.heading == "This invitation has expired"
    assert visit.chrome.find_elements("css selector", "form, script") == []
    assert visit.invitation(email)["status"] == "EXPIRED"
