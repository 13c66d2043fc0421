"""The functions, at work on the platform in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bbws_access.cursors import Cursors
from lambdas.wiring import wired
from tests.conftest import Platform
from tests.lambdas.gateway import FakeSealer


@pytest.fixture
def functions(platform: Platform) -> Iterator[None]:
    with wired(platform.services, Cursors(FakeSealer())):
        yield
