"""The API's page in a real browser, opened from a file: what it shows, and that its forms call the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bbws_access.access.actor import Actor, ActorKind
from bbws_access.catalogue import ENDPOINTS, FUNCTIONS
from bbws_access.cursors import Cursors
from bbws_access.openapi.document import document
from bbws_access.openapi.reference import page
from lambdas.wiring import wired
from tests.browser import local_gateway
from tests.conftest import Platform
from tests.lambdas.gateway import FakeSealer

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


class Reader:
    """Somebody at the page."""

    def __init__(self, chrome: Any) -> None:
        self.chrome = chrome

    def form(self, operation: str) -> Any:
        """The form of an endpoint, unfolded."""
        script = "const d = document.querySelector(arguments[0]); d.open = true; return d.querySelector('form')"
        return self.chrome.execute_script(script, f"#{operation} details.try")

    def fill(self, field: str, value: str) -> None:
        element = self.chrome.find_element("id", field)
        element.clear()
        element.send_keys(value)

    def send(self, form: Any) -> tuple[str, Any]:
        """The status line and the answer."""
        from selenium.webdriver.support.ui import WebDriverWait

        form.find_element("css selector", "button").click()
        WebDriverWait(self.chrome, 20).until(lambda _: " ms" in form.find_element("css selector", ".status").text)
        answer = form.find_element("css selector", ".answer")
        return form.find_element("css selector", ".status").text, json.loads(answer.get_property("textContent"))


@pytest.fixture
def org_id(platform: Platform) -> str:
    return platform.organisation().organisation_id


@pytest.fixture
def reader(platform: Platform, browser: Any, org_id: str, tmp_path: Path) -> Iterator[Reader]:
    actor = Actor("u-1", "ada@acme.test", ActorKind.USER, org_id, frozenset({"team:*", "role:read"}))
    with wired(platform.services, Cursors(FakeSealer())), local_gateway.serving(actor) as url:
        file = tmp_path / "api.html"
        file.write_text(page(document(FUNCTIONS), url, "local"), encoding="utf-8")
        browser.get_log("browser")
        browser.get(file.as_uri())
        yield Reader(browser)
        severe = [
            e for e in browser.get_log("browser") if "Content Security" in e["message"] or "Error:" in e["message"]
        ]
        assert severe == []


def test_every_endpoint_is_there_and_can_be_reached_from_the_list(reader: Reader) -> None:
    targets = [a.get_attribute("href").partition("#")[2] for a in reader.chrome.find_elements("css selector", "nav a")]
    assert sorted(targets) == sorted(f.name for f in ENDPOINTS)
    for target in targets:
        assert reader.chrome.find_element("id", target).find_element("css selector", "h3").text


def test_a_team_is_made_and_listed_from_the_page(reader: Reader, org_id: str) -> None:
    reader.fill("token", f"Bearer {local_gateway.TOKEN}")
    form = reader.form("team-create-team")
    reader.fill("team-create-team-orgId", org_id)
    reader.fill("team-create-team-body", '{"name": "<b>Web</b>"}')
    status, made = reader.send(form)
    assert status.startswith("201")
    assert made["name"] == "<b>Web</b>"
    assert form.find_elements("css selector", ".answer b") == []
    form = reader.form("team-list-teams")
    reader.fill("team-list-teams-orgId", org_id)
    reader.fill("team-list-teams-pageSize", "1")
    status, listed = reader.send(form)
    assert (status[:3], [team["teamId"] for team in listed["items"]]) == ("200", [made["teamId"]])


def test_an_error_of_the_api_is_shown_as_it_is(reader: Reader, org_id: str) -> None:
    form = reader.form("team-list-teams")
    reader.fill("team-list-teams-orgId", org_id)
    status, refused = reader.send(form)
    assert (status[:3], refused["error"]["code"]) == ("401", "TOKEN_MISSING")


def test_what_is_missing_is_said_at_its_field(reader: Reader, org_id: str) -> None:
    form = reader.form("team-create-team")
    form.find_element("css selector", "button").click()
    assert form.find_element("css selector", ".error").text == "orgId is needed."
    assert reader.chrome.switch_to.active_element.get_attribute("id") == "team-create-team-orgId"
    reader.fill("team-create-team-orgId", org_id)
    reader.fill("team-create-team-body", "{")
    form.find_element("css selector", "button").click()
    assert form.find_element("css selector", ".error").text.startswith("The body is not JSON")


def test_an_api_that_does_not_answer(reader: Reader) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    reader.fill("api-url", "http://127.0.0.1:9/nothing")
    form = reader.form("role-list-platform-roles")
    form.find_element("css selector", "button").click()
    error = form.find_element("css selector", ".error")
    WebDriverWait(reader.chrome, 20).until(lambda _: error.text.startswith("No answer came"))
    reader.chrome.get_log("browser")


def test_every_field_has_a_label_and_every_id_is_one_things(reader: Reader) -> None:
    script = """
      const unlabelled = [...document.querySelectorAll('input, select, textarea')].filter(f => !f.labels.length);
      const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
      return [unlabelled.length, ids.length - new Set(ids).size]"""
    assert reader.chrome.execute_script(script) == [0, 0]
