"""Throttling and conflicts at one call of ten: the run waits, goes on, and leaves what an undisturbed one leaves."""

from __future__ import annotations

import random
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bbws_access.emulator.process import RunningEmulator
from bbws_access.migrations.wire import digest
from tests.emulator.conftest import client_for
from tests.migrations.conftest import Scene
from tests.migrations.legacy import LegacyTable

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("emulator")]


class Faults:
    """Answers some calls itself, before they are sent, as an overloaded table does."""

    def __init__(self, share: float, seed: int) -> None:
        self._share = share
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self.given: Counter[str] = Counter()
        self.refused: set[str] = set()
        self.calls = 0

    def __call__(self, model: Any, **_: Any) -> Any:
        with self._lock:
            self.calls += 1
            if self._chance.random() >= self._share:
                return None
            code, conflicts = "ProvisionedThroughputExceededException", "TransactionCanceledException"
            conflict = model.name == "TransactWriteItems" and self.given[conflicts] <= self.given[code]
            code = conflicts if conflict else code
            self.given[code] += 1
            self.refused.add(model.name)

        class Response:
            status_code = 400

        answer: dict[str, Any] = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {}}
        if conflict:
            answer["CancellationReasons"] = [{"Code": "TransactionConflict"}]
        return Response(), answer


def contents(scene: Scene) -> dict[Any, str]:
    return {
        key: digest(item)
        for key, item in scene.target().items()
        if key[0] not in ("MIGRATIONS", "ORG#PLATFORM") and not key[0].startswith("ORG#PLATFORM#")
    }


def test_one_call_of_ten_fails(real: Scene, running: RunningEmulator, legacy: LegacyTable, tmp_path: Path) -> None:
    """Three times, so that small calls, such as those for the lease, the checkpoints and the trail, meet it too."""
    items = [*legacy.crowd(1200), legacy.member("org-0000", "t1", "gone", "lead")]
    real.fill(*items)
    expected = real.migrate().tally
    left = contents(real)
    given: Counter[str] = Counter()
    refused: set[str] = set()
    for seed in (1, 2, 5):
        faults, disturbed = Faults(0.1, seed), Scene(real.client, tmp_path)
        disturbed.source_name = real.source_name
        client = client_for(running, "dynamodb")
        client.meta.events.register("before-call.dynamodb", faults)
        assert disturbed.migrate(client).tally.rows() == expected.rows()
        assert contents(disturbed) == left
        assert disturbed.quarantined() == real.quarantined() != []
        assert faults.given.total() > faults.calls // 30
        given += faults.given
        refused |= faults.refused
    assert given.keys() == {"ProvisionedThroughputExceededException", "TransactionCanceledException"}
    assert refused >= {"Scan", "TransactWriteItems", "BatchGetItem"}
