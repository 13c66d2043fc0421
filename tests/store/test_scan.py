"""Reading a whole table: everything once, in raw form, whatever the table answers in between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from bbws_access.backoff import Backoff
from bbws_access.errors import Busy, NotFound, Unreachable
from bbws_access.store.codec import decode, decode_raw, encode, to_request
from bbws_access.store.scan import MOST_SEGMENTS, SEGMENT_BYTES, Scan, segments_for
from tests.conftest import Platform

HASTE = Backoff(attempts=4, first=0.0, longest=0.0)


def put(platform: Platform, count: int, **more: Any) -> set[str]:
    for n in range(count):
        item = {"PK": {"S": f"P{n}"}, "SK": {"S": "S"}, **more}
        platform.client.put_item(TableName=platform.table.name, Item=item)
    return {f"P{n}" for n in range(count)}


class Paged:
    """moto's client with pages of three items."""

    def __init__(self, client: Any, *errors: Exception) -> None:
        self._client, self._errors = client, list(errors)
        self.meta = client.meta
        self.calls: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def scan(self, **request: Any) -> Any:
        self.calls.append(request)
        if self._errors:
            raise self._errors.pop()
        return self._client.scan(**request, Limit=3)


@pytest.mark.parametrize("segments", [1, 2, 5])
def test_every_item_once(platform: Platform, segments: int) -> None:
    wanted = put(platform, 40)
    paged = Paged(platform.client)
    found = [item["PK"]["S"] for item in Scan(paged, platform.table.name, segments=segments).items()]  # type: ignore[arg-type]
    assert sorted(found) == sorted(wanted)
    assert all(call["ConsistentRead"] for call in paged.calls)
    assert len(paged.calls) > 12


def test_items_are_as_they_are_on_the_wire_and_other_callers_are_left_alone(platform: Platform) -> None:
    put(platform, 1, blob={"B": b"\x00\xff"}, blobs={"BS": [b"a"]})
    (raw,) = Scan(platform.client, platform.table.name).items()
    assert (raw["blob"], raw["blobs"]) == ({"B": "AP8="}, {"BS": ["YQ=="]})
    (usual,) = platform.client.scan(TableName=platform.table.name)["Items"]
    assert usual["blob"] == {"B": b"\x00\xff"}
    assert to_request(raw) == usual


def test_who_stops_listening_stops_the_readers(platform: Platform) -> None:
    put(platform, 40)
    before = threading.active_count()
    pages: Iterator[Any] = Scan(Paged(platform.client), platform.table.name, segments=4).pages()  # type: ignore[arg-type]
    next(pages)
    pages.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Scan")


def test_throttling_is_waited_out_and_then_said(platform: Platform) -> None:
    put(platform, 4)
    slow = refused("ProvisionedThroughputExceededException")
    scan = Scan(Paged(platform.client, slow, slow), platform.table.name, backoff=HASTE, segments=1)  # type: ignore[arg-type]
    assert len(list(scan.items())) == 4
    endless = Paged(platform.client, *([slow] * 9))
    with pytest.raises(Busy, match="throttled"):
        list(Scan(endless, platform.table.name, backoff=HASTE, segments=1).items())  # type: ignore[arg-type]


def test_other_errors_reach_who_reads(platform: Platform) -> None:
    with pytest.raises(NotFound, match="table elsewhere does not exist"):
        list(Scan(platform.client, "elsewhere").items())
    with pytest.raises(NotFound):
        list(Scan(platform.client, "elsewhere", segments=3).items())
    gone = Paged(platform.client, EndpointConnectionError(endpoint_url="http://x"))
    with pytest.raises(Unreachable):
        list(Scan(gone, platform.table.name, segments=1).items())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("size", "segments"), [(0, 1), (SEGMENT_BYTES - 1, 1), (SEGMENT_BYTES, 2), (1 << 50, MOST_SEGMENTS)]
)
def test_segments_by_size(size: int, segments: int) -> None:
    class Sized:
        def describe_table(self, TableName: str) -> Any:
            return {"Table": {"TableSizeBytes": size}}

    assert segments_for(Sized(), "t") == segments  # type: ignore[arg-type]


plain = st.recursive(
    st.one_of(
        st.text(), st.integers(-(10**30), 10**30), st.booleans(), st.none(), st.frozensets(st.text(), min_size=1)
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(min_size=1), plain, max_size=6))
def test_both_ways_of_decoding_agree(item: dict[str, Any]) -> None:
    encoded = encode(item)
    assert decode_raw(encoded) == decode(encoded)


@pytest.mark.parametrize("number", ["0", "-7", "1.5", "-0.25", "1E+3", "12345678901234567890123456789012345678"])
def test_numbers_decode_alike(number: str) -> None:
    assert decode_raw({"n": {"N": number}}) == decode({"n": {"N": number}})
