"""An organisation with people, roles and teams in it: filled once, and copied for each test that changes it."""

from __future__ import annotations

import pytest

from tests.cli.memory import Memory, copied, filled
from tests.services.writing_cases import Stage


@pytest.fixture(scope="session")
def once() -> Memory:
    return filled()


@pytest.fixture
def stage(once: Memory) -> Stage:
    return Stage(copied(once))
