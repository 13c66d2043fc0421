"""Each of the functions is there, and none is without tests."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from bbws_access.catalogue import ENDPOINTS, FUNCTIONS, Function, Trigger
from bbws_access.provisioning.stack import DEPLOYED
from tests.lambdas import test_matrix
from tests.lambdas.gateway import handler_of

TESTS = Path(__file__).parent


@pytest.mark.parametrize("function", DEPLOYED, ids=lambda f: f.name)
def test_its_entry_point_takes_an_event_and_a_context(function: Function) -> None:
    handler = handler_of(function.name)
    assert len(inspect.signature(handler).parameters) == 2


def test_the_matrix_asks_every_endpoint_that_is_deployed() -> None:
    """It makes its own list of them; what is served and not asked would be a hole that nobody sees."""
    (mark,) = [m for m in test_matrix.test_who_may_call_what.pytestmark if m.name == "parametrize"]  # type: ignore[attr-defined]
    asked = {function.name for function in mark.args[1]}
    assert asked == {f.name for f in DEPLOYED if f.trigger is Trigger.HTTP}
    assert asked <= {f.name for f in ENDPOINTS}


@pytest.mark.parametrize("function", [f for f in DEPLOYED if f.trigger is not Trigger.HTTP], ids=lambda f: f.name)
def test_what_no_request_calls_is_called_by_a_test(function: Function) -> None:
    name = function.handler.rpartition(".")[2]
    called = [p.name for p in TESTS.glob("test_*.py") if f"{name}(" in p.read_text(encoding="utf-8")]
    assert called


def test_there_are_43() -> None:
    assert len(FUNCTIONS) == 43
    assert len({f.handler for f in FUNCTIONS}) == 43
