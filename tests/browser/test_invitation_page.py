"""The page behind an invitation's link, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bbws_access.access.actor import Origin
from bbws_access.models.invitation import Acceptance
from bbws_access.models.kinds import InvitationStatus
from bbws_access.services.pages import PageRequest
from tests.conftest import Platform

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PASSWORD = "Correct-horse-7"
NEW_USER = Acceptance(first_name="Thandi", last_name="Nkosi", password=PASSWORD)


class Screen:
    """What somebody at the page sees and does."""

    def __init__(self, chrome: Any, api: str) -> None:
        self._chrome = chrome
        self._api = api

    def open(self, token: str) -> None:
        self._chrome.get(f"{self._api}/invite/{token}")

    def element(self, selector: str) -> Any:
        return self._chrome.find_element("css selector", selector)

    @property
    def heading(self) -> str:
        """The one that is to be seen; asked in one go, because the page may change meanwhile."""
        script = "return [...document.querySelectorAll('h1')].filter(h => h.checkVisibility()).map(h => h.innerText)"
        (shown,) = self._chrome.execute_script(script)
        return str(shown)

    @property
    def text(self) -> str:
        return str(self.element("body").text)

    @property
    def focused(self) -> Any:
        return self._chrome.switch_to.active_element

    def fill(self, **values: str) -> None:
        for field, value in values.items():
            self.element(f"#{field}").clear()
            self.element(f"#{field}").send_keys(value)

    def press(self, selector: str) -> None:
        self.element(selector).click()

    def until_heading(self, wanted: str) -> None:
        self._wait(lambda _: self.heading == wanted)

    def until_told(self, selector: str) -> str:
        return str(self._wait(lambda _: self.element(selector).text))

    def _wait(self, condition: Callable[[Any], Any]) -> Any:
        """The limit is there to end a broken run; what goes away while it is looked at is looked for again."""
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.support.wait import WebDriverWait

        gone = [StaleElementReferenceException]
        return WebDriverWait(self._chrome, 60, ignored_exceptions=gone).until(condition)

    def complaints(self) -> list[str]:
        """Of the browser: scripts that fail, and what the page's own policy forbids."""
        logged = [entry["message"] for entry in self._chrome.get_log("browser")]
        return [line for line in logged if "the server responded with a status of" not in line]


@pytest.fixture
def screen(browser: Any, api: str) -> Iterator[Screen]:
    browser.get_log("browser")
    screen = Screen(browser, api)
    yield screen
    assert screen.complaints() == []


def statuses(platform: Platform, org_id: str) -> list[InvitationStatus]:
    return [i.status for i in platform.services.invitations.page(platform.operator, org_id, PageRequest()).items]


def test_a_new_user_accepts_with_the_keyboard_alone(platform: Platform, screen: Screen) -> None:
    from selenium.webdriver.common.keys import Keys

    org = platform.organisation("Acme & <Sons>")
    _, token = platform.invite(org, message="Welcome <b>all</b>")
    screen.open(token)
    assert screen.heading == "Join Acme & <Sons>"
    assert "Welcome <b>all</b>" in screen.text
    assert "thandi@example.com" in str(screen.element("#email").get_attribute("value"))

    screen.element("#firstName").send_keys("Thandi" + Keys.TAB)
    screen.focused.send_keys("Nkosi" + Keys.TAB)
    screen.focused.send_keys(PASSWORD + Keys.ENTER)

    screen.until_heading("Welcome to Acme & <Sons>")
    assert screen.focused.text == "Welcome to Acme & <Sons>"
    assert statuses(platform, org.organisation_id) == [InvitationStatus.ACCEPTED]
    assert platform.directory.passwords == {"thandi@example.com": PASSWORD}
    assert PASSWORD not in screen._chrome.page_source


def test_what_is_wrong_is_said_at_its_field(platform: Platform, screen: Screen) -> None:
    org = platform.organisation()
    _, token = platform.invite(org)
    screen.open(token)
    screen.fill(firstName="Thandi", lastName="Nkosi", password="too-weak")
    screen.press("#accept-button")

    told = screen.until_told("#password-error")
    assert told == "The password needs an upper-case letter, a digit."
    password = screen.element("#password")
    assert screen.focused == password
    assert password.get_attribute("aria-invalid") == "true"
    assert "password-error" in password.get_attribute("aria-describedby").split()
    assert password.get_attribute("value") == "too-weak"
    assert screen.element("#firstName").get_attribute("aria-invalid") is None
    assert statuses(platform, org.organisation_id) == [InvitationStatus.PENDING]

    screen.fill(firstName=" ", password=PASSWORD)
    screen.press("#accept-button")
    assert screen.until_told("#firstName-error") == "Give 1 to 50 characters."
    assert screen.element("#password-error").text == ""
    assert screen.focused == screen.element("#firstName")

    screen.fill(firstName="Thandi")
    screen.press("#accept-button")
    screen.until_heading("Welcome to Acme")


def test_who_has_an_account_only_accepts(platform: Platform, screen: Screen) -> None:
    first, second = platform.organisation("First"), platform.organisation("Second")
    _, token = platform.invite(first)
    platform.services.accept_invitation.accept(token, NEW_USER, Origin())
    _, token = platform.invite(second, role="SITE_VIEWER")
    screen.open(token)
    assert screen._chrome.find_elements("css selector", "input") == []
    screen.press("#accept-button")
    screen.until_heading("Welcome to Second")
    assert statuses(platform, second.organisation_id) == [InvitationStatus.ACCEPTED]


def test_declining_asks_first(platform: Platform, screen: Screen) -> None:
    org = platform.organisation()
    _, token = platform.invite(org)
    screen.open(token)
    screen.press("#decline-button")
    assert "Decline this invitation?" in screen.text
    screen.press("#decline-not")
    assert screen.focused == screen.element("#decline-button")
    screen.press("#decline-button")
    screen.press("#decline-surely")
    screen.until_heading("You have declined")
    assert statuses(platform, org.organisation_id) == [InvitationStatus.DECLINED]
    screen.open(token)
    assert screen.heading == "This invitation has been answered"


def test_links_that_do_not_work_any_more(platform: Platform, screen: Screen) -> None:
    _, token = platform.invite(platform.organisation())
    screen.open("0" * 64)
    assert screen.heading == "This link does not work"
    platform.clock.advance(days=7)
    screen.open(token)
    assert screen.heading == "This invitation has expired"
    assert screen._chrome.find_elements("css selector", "form, script") == []


def test_one_that_ends_while_it_is_looked_at(platform: Platform, screen: Screen) -> None:
    invitation, token = platform.invite(platform.organisation())
    screen.open(token)
    platform.services.invitations.revoke(platform.operator, invitation.organisation_id, invitation.invitation_id)
    screen.fill(firstName="Thandi", lastName="Nkosi", password=PASSWORD)
    screen.press("#accept-button")
    screen.until_heading("This invitation was withdrawn")


def test_trying_too_often(platform: Platform, screen: Screen) -> None:
    _, token = platform.invite(platform.organisation())
    screen.open(token)
    for _ in range(4):
        platform.services.invitations.by_token(token, Origin(ip_address="192.0.2.1"))
    screen.fill(firstName="Thandi", lastName="Nkosi", password=PASSWORD)
    screen.press("#accept-button")
    assert "Wait a minute" in screen.until_told("#notice")
    assert screen.element("#password").get_attribute("value") == PASSWORD
    screen.open(token)
    assert screen.heading == "That was too often"
