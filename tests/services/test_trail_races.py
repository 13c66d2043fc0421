"""Sixty-four at once in one organisation, against the emulator, which serves each request atomically."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from bbws_access.backoff import Backoff
from bbws_access.errors import AccessError, Busy
from bbws_access.models.kinds import EventType
from bbws_access.models.role import NewRole
from bbws_access.models.team import NewTeam
from bbws_access.services.chain import GENESIS
from bbws_access.services.trail import Change, Trail
from tests.services.test_invitation_races import OPERATOR, Race, race  # noqa: F401 - a fixture

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("emulator")]

WRITERS = 64


def at_once(work: Callable[[int], str]) -> Counter[str]:
    """What each of the writers says of its work; all begin together."""
    start = threading.Barrier(WRITERS)

    def one(n: int) -> str:
        start.wait()
        return work(n)

    with ThreadPoolExecutor(WRITERS) as pool:
        return Counter(pool.map(one, range(WRITERS)))


def chain_of(race: Race) -> list[dict[str, object]]:  # noqa: F811
    """The events by sequence; each follows the one before, and nothing is wrong with any."""
    events = sorted((i for i in race.items() if i["SK"].startswith("EVENT#")), key=lambda i: int(i["sequence"]))
    assert [i["sequence"] for i in events] == list(range(1, len(events) + 1))
    assert events[0]["previousHash"] == GENESIS
    for earlier, later in pairwise(events):
        assert later["previousHash"] == earlier["eventHash"]
        assert later["timestamp"] >= earlier["timestamp"]
    found = race.services.audit_verify.verify(OPERATOR, race.org_id)
    assert (found.findings, found.chained, found.last_sequence) == ([], len(events), len(events))
    return events


def test_every_one_of_sixty_four_succeeds_and_follows_another(race: Race) -> None:  # noqa: F811
    def write(n: int) -> str:
        try:
            if n % 2:
                request = NewRole(name=f"ROLE_{n}", display_name=f"Role {n}", permissions=frozenset({"site:read"}))
                race.services.roles.create(OPERATOR, race.org_id, request)
            else:
                race.services.teams.create(OPERATOR, race.org_id, NewTeam(name=f"Team {n}"))
        except Busy:
            return f"busy {n}"
        return "done"

    said = at_once(write)
    # On a machine with much else to do somebody may lose sixty times in a row: what they are told to do then works.
    again = [write(int(word.split()[1])) for word in said if word != "done"]
    assert set(again) <= {"done"}
    assert said["done"] + len(again) == WRITERS
    assert said["done"] > WRITERS // 2
    actions = Counter(str(event["action"]) for event in chain_of(race))
    assert (actions["role.create"], actions["team.create"]) == (WRITERS // 2, WRITERS // 2)
    named = [i for i in race.items() if str(i.get("name", "")).startswith(("ROLE_", "Team "))]
    assert len({i["name"] for i in named if i["SK"].startswith(("ROLE#", "TEAM#"))}) == WRITERS


def test_who_gives_up_has_written_nothing(race: Race) -> None:  # noqa: F811
    """With three tries each, some cannot get through: they say so, and what they wanted to write is not there."""
    trail = Trail(race.services.table, race.services.trail._clock, race.ids, Backoff(attempts=3, first=0.001))

    def write(n: int) -> str:
        change = Change(EventType.CONFIGURATION, "test.write", "thing", f"thing-{n}")
        try:
            trail.commit(OPERATOR, race.org_id, [change])
        except Busy:
            return f"busy thing-{n}"
        except AccessError as error:
            return f"{error.code} thing-{n}"
        return f"done thing-{n}"

    said = at_once(write)
    written = {str(e["resourceId"]) for e in chain_of(race) if e["action"] == "test.write"}
    assert {word.split()[1] for word in said if word.startswith("done")} == written
    assert {word.split()[0] for word in said} <= {"done", "busy"}
    assert written
