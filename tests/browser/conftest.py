"""Chromium without a window, and the API that it talks to."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bbws_access.cursors import Cursors
from lambdas.wiring import wired
from tests.browser import local_gateway
from tests.conftest import Platform
from tests.lambdas.gateway import FakeSealer

_FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --window-size=900,1100"
)


@pytest.fixture
def api(platform: Platform) -> Iterator[str]:
    """The address of the API."""
    with wired(platform.services, Cursors(FakeSealer())), local_gateway.serving() as url:
        yield url


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """One browser for all tests; Debian calls its packages ``chromium`` and ``chromium-driver``."""
    selenium = pytest.importorskip("selenium", reason="selenium is not installed: pip install -e .[dev]")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("no chromium with its driver here: apt-get install chromium chromium-driver")
    assert selenium is not None
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = program
    profile: Path = tmp_path_factory.mktemp("chromium")
    for flag in (*_FLAGS.split(), f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options=options, service=Service(driver))
    yield chrome
    chrome.quit()
