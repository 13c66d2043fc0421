"""What an item is, told by its keys: every function of the keys module makes keys of a kind that is known."""

from __future__ import annotations

from typing import Any

import pytest

from bbws_access import keys
from bbws_access.errors import AccessError, Busy, InvalidInput
from bbws_access.keeper import kinds
from bbws_access.keeper.kinds import Kind, kind_of, organisation_of
from bbws_access.keeper.stats import item_size, take_stats
from bbws_access.keeper.tables import ensure, valid_name, wait_until_active
from tests.conftest import Platform

MADE: list[tuple[keys.Keys, Kind, str]] = [
    (keys.organisation("o", "n"), kinds.ORGANISATION, "o"),
    (keys.organisation_name_key("n"), kinds.ORGANISATION_GUARD, "PLATFORM"),
    (keys.permission("site:read", "SITE"), kinds.PERMISSION, "PLATFORM"),
    (keys.permission_set("o", "s", True, "d"), kinds.PERMISSION_SET, "o"),
    (keys.permission_set("PLATFORM", "s", True, "d"), kinds.PERMISSION_SET, "PLATFORM"),
    (keys.role("o", "r", True, "n"), kinds.ROLE, "o"),
    (keys.role("PLATFORM", "r", True, "n"), kinds.ROLE, "PLATFORM"),
    (keys.assignment("o", "u", "r"), kinds.ASSIGNMENT, "o"),
    (keys.assignment("PLATFORM", "u", "r"), kinds.ASSIGNMENT, "PLATFORM"),
    (keys.team("o", "t", True, "n", None), kinds.TEAM, "o"),
    (keys.team_role("o", "t", True, "n"), kinds.TEAM_ROLE, "o"),
    (keys.member("o", "t", "u", "r"), kinds.MEMBER, "o"),
    (keys.user("o", "u", "e"), kinds.USER, "o"),
    (keys.user_email_key("o", "e"), kinds.EMAIL_GUARD, "o"),
    (keys.invitation("o", "i", "PENDING", "x", "e", "d"), kinds.INVITATION, "o"),
    (keys.invitation_token_key("h"), kinds.TOKEN, "PLATFORM"),
    (keys.pending_invitation_key("o", "e"), kinds.PENDING_GUARD, "o"),
    (keys.account_claim_key("e"), kinds.ACCOUNT_CLAIM, "PLATFORM"),
    (keys.unique_name_key("o", "TEAM", "n"), kinds.NAME_GUARD, "o"),
    (keys.unique_name_key("PLATFORM", "ROLE", "n"), kinds.NAME_GUARD, "PLATFORM"),
    (keys.rate_key("INVITE#o", "2026"), kinds.RATE_COUNTER, "PLATFORM"),
    (keys.audit_head_key("o"), kinds.HEAD, "o"),
    (keys.archive_head_key("o"), kinds.ARCHIVE_HEAD, "o"),
    (keys.archived_part("o", "2026-03-01", 0), kinds.ARCHIVED_PART, "o"),
    (keys.event("o", "u", "T", "2026-01-01T00:00:00.000Z", "e"), kinds.EVENT, "o"),
    ({"PK": "MIGRATIONS", "SK": "LEASE"}, kinds.MIGRATION, "PLATFORM"),
]


@pytest.mark.parametrize(("key", "kind", "org_id"), MADE)
def test_kinds(key: keys.Keys, kind: Kind, org_id: str) -> None:
    assert kind_of(key["PK"], key["SK"]) is kind
    assert organisation_of(key["PK"]) == org_id


@pytest.mark.parametrize(
    ("pk", "sk"),
    [
        ("", ""),
        ("ORG#", "METADATA"),
        ("ORG", "METADATA"),
        ("ORG#o", "OTHER#1"),
        ("ORG#o", "UNIQUE#SITE#x"),
        ("ORG#o#TEAM#t", "OTHER#u"),
        ("ORG#o#SITE#t", "MEMBER#u"),
        ("ORG#o#DATE#2026-01-01", "X"),
        ("PERM#", "METADATA"),
        ("PERM#x", "OTHER"),
        ("USER#u#ORG#o", "ROLE#r"),
        ("LEGACY", "X"),
        ("RATE#x", "X"),
    ],
)
def test_what_nobody_knows(pk: str, sk: str) -> None:
    assert kind_of(pk, sk) is None


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"ab": {"S": "xyz"}}, 5),
        ({"é": {"S": "é"}}, 4),
        ({"n": {"N": "12345"}}, 1 + 4),
        ({"n": {"N": "-100"}}, 1 + 3),
        ({"b": {"B": "AAE="}}, 1 + 2),
        ({"x": {"BOOL": True}}, 2),
        ({"x": {"NULL": True}}, 2),
        ({"l": {"L": [{"S": "a"}, {"S": "b"}]}}, 1 + 3 + 4),
        ({"m": {"M": {"k": {"S": "v"}}}}, 1 + 3 + 3),
        ({"s": {"SS": ["ab", "c"]}}, 1 + 3),
    ],
)
def test_sizes(item: dict[str, Any], size: int) -> None:
    assert item_size(item) == size


def test_stats_over_pages_and_partitions() -> None:
    def item(pk: str, sk: str, text: str = "") -> dict[str, Any]:
        return {"PK": {"S": pk}, "SK": {"S": sk}, "t": {"S": text}}

    pages = [[item("A", "1"), item("B", "1")], [item("A", "2"), item("C", "1", "x" * 90)]]
    found = take_stats(iter(pages), 2, lambda _: None)
    assert [(pk, items) for pk, items, _ in found.hottest] == [("C", 1), ("A", 2)]
    assert [(pk, sk) for _, pk, sk, _ in found.largest] == [("C", "1"), ("B", "1")]
    assert found.total.items == 4
    assert found.total.bytes == sum(amount.bytes for amount in found.entities.values())


class Slow:
    """Tables that take their time."""

    def __init__(self, *states: str | None) -> None:
        self._states = list(states)
        self.exceptions = self
        self.ResourceNotFoundException = KeyError

    def describe_table(self, TableName: str) -> Any:
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        if state is None:
            raise KeyError(TableName)
        return {"Table": {"TableStatus": "ACTIVE", "GlobalSecondaryIndexes": [{"IndexStatus": state}]}}


class Hours:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def wait(client: Slow, hours: Hours, seen: list[float]) -> None:
    wait_until_active(client, "t", seen.append, longest=600, sleep=hours.sleep, monotonic=lambda: hours.now)  # type: ignore[arg-type]


def test_waiting_for_a_table() -> None:
    hours, seen = Hours(), list[float]()
    wait(Slow(None, None, "CREATING", "CREATING", "ACTIVE"), hours, seen)
    assert len(seen) == 4
    with pytest.raises(Busy, match="still being made"):
        wait(Slow("CREATING"), hours, seen)
    with pytest.raises(AccessError, match="is not there"):
        wait(Slow(None), hours, seen)


def test_tables_are_made_once(platform: Platform) -> None:
    assert ensure(platform.client, "made")
    assert not ensure(platform.client, "made")
    indexes = platform.client.describe_table(TableName="made")["Table"]["GlobalSecondaryIndexes"]
    assert len(indexes) == 5


@pytest.mark.parametrize("name", ["", "ab", "a/b", "../x", "a b", "é" * 5, "x" * 256, "abc\n"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(InvalidInput):
        valid_name(name)
