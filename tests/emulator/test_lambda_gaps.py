"""Functions whose handlers raise, as an authorizer does that refuses a token."""

from __future__ import annotations

import base64

import pytest
from ministack.core import lambda_runtime

from bbws_access.emulator import lambda_gaps
from bbws_access.emulator.process import RunningEmulator
from tests.emulator import stack
from tests.emulator.conftest import client_for


@pytest.mark.emulator
@pytest.mark.xdist_group("emulator")
def test_a_handler_that_raises_keeps_its_process(running: RunningEmulator) -> None:
    raises, leaves = stack.deploy_functions(running, "raises", "leaves")
    answers = [stack.invoke(running, raises) for _ in range(3)]
    assert answers[0]["errorMessage"].startswith("failed in process ")
    assert answers[0] == answers[1] == answers[2]
    tail = client_for(running, "lambda").invoke(FunctionName=raises, Payload=b"{}", LogType="Tail")
    assert tail["FunctionError"] == "Unhandled"
    log = base64.b64decode(tail["LogResult"]).decode()
    assert "about to fail" in log
    assert "Traceback" in log
    assert stack.invoke(running, leaves)["errorMessage"] == stack.invoke(running, leaves)["errorMessage"]


def test_another_ministack_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lambda_runtime, "_PYTHON_WORKER_SCRIPT", "print()")
    monkeypatch.setattr(lambda_runtime.Worker, "invoke", lambda self: {})
    with pytest.raises(RuntimeError, match="another way"):
        lambda_gaps.install()
