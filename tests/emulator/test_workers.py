from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
from ministack.core import lambda_runtime

from bbws_access.emulator import workers


def worker(idle: float, *, in_use: bool = False) -> Any:
    return SimpleNamespace(in_use=in_use, last_used=time.time() - idle, config={})


def test_only_workers_that_were_idle_for_long_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh, busy, old, older = worker(0), worker(5000, in_use=True), worker(5000), worker(9000)
    pools = {"fresh": [fresh], "busy": [busy], "old": [old], "several": [older, fresh]}
    ended: list[Any] = []
    monkeypatch.setattr(lambda_runtime, "_workers", pools)
    monkeypatch.setattr(lambda_runtime, "kill_workers", ended.extend)
    assert workers.retire(600) == 2
    assert ended == [old, older]
    assert pools == {"fresh": [fresh], "busy": [busy], "several": [fresh]}
