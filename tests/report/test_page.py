"""The page says everything that the report holds, and nothing of what people wrote becomes a part of it."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from datetime import datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from bbws_access.errors import AccessError
from bbws_access.report.collect import Collector
from bbws_access.report.data import Finding, ReportData
from bbws_access.report.page import SECTIONS, report_page
from bbws_access.services.archive import RETAINED
from tests.report.history import HOSTILE_NAMES, LEADS, SINCE, hostile, month, parts, report, row, subject, verification

pytestmark = pytest.mark.slow

VOID = {"meta", "link"}


class Outline(HTMLParser):
    """What a browser would make of the page: its elements, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.ids: list[str] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def cells(page: str) -> list[str]:
    """The text of every cell of every table."""
    found = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", "", cell).split()) for cell in found]


def assert_every_number_is_shown(data: ReportData, page: str) -> None:
    shown = cells(page)
    for counts in [c for c in [*data.activity, *data.types] if c.total]:
        numbers = [f"{n:,}" for n in (counts.success, counts.failure, counts.denied)]
        name = counts.name.replace("_", " ").capitalize() if counts.name.isupper() else counts.name
        place = next(n for n, cell in enumerate(shown) if cell == name)
        assert shown[place + 1 : place + 4] == numbers
    for name, count in [*data.denied_users.rows, *data.denied_endpoints.rows]:
        assert shown[shown.index(name) + 1] == f"{count:,}"
    for entry in data.exports.entries:
        assert entry.sha256 in shown
    for part in data.retention.parts:
        assert part.sha256 in shown


@pytest.mark.parametrize("count", [1, 40, 5_000])
def test_every_number_is_on_the_page(count: int) -> None:
    data = report(month(count), parts(*range(1, 31)), verification())
    page = report_page(data)
    assert_every_number_is_shown(data, page)
    text = Outline(page).text
    assert f"{count:,}" in text
    for listing in (data.roles, data.assignments, data.users, data.memberships):
        if listing.more:
            assert f"the latest 250 of {listing.total:,} changes, and {listing.more:,} more" in text


def test_an_empty_range_says_so_and_draws_nothing() -> None:
    page = report_page(report([]))
    outline = Outline(page)
    assert "svg" not in page.split("</style>")[1].replace('class="legend"', "")
    for sentence in ("Nothing happened in this range.", "No attempt was denied", "Nobody took a copy", "not verified"):
        assert sentence in outline.text


def test_it_can_be_read_without_a_picture() -> None:
    outline = Outline(report_page(report(month(100), parts(1), verification())))
    assert ("lang", "en") in outline.attributes
    assert outline.tags.count("h1") == 1
    assert outline.tags.count("main") == 1
    assert ("href", "#content") in outline.attributes
    headings = [tag for tag in outline.tags if re.fullmatch(r"h\d", tag)]
    assert all(int(b[1]) <= int(a[1]) + 1 for a, b in pairwise(headings))
    assert outline.tags.count("caption") == outline.tags.count("table")
    assert outline.tags.count("figcaption") == outline.tags.count("figure")
    assert len(outline.ids) == len(set(outline.ids))
    for anchor, _ in SECTIONS:
        assert anchor in outline.ids
    # Four charts, each for wide and for narrow screens.
    assert outline.attributes.count(("role", "img")) == 8


def test_nothing_comes_from_elsewhere_and_nothing_runs() -> None:
    page = report_page(report(month(200), parts(1), verification()))
    outline = Outline(page)
    assert not {"script", "iframe", "img", "object", "form"} & set(outline.tags)
    assert outline.tags.count("style") == 1
    assert not [name for name, _ in outline.attributes if name == "style" or name.startswith("on")]
    addresses = {value for name, value in outline.attributes if name in {"href", "src", "xlink:href"}}
    assert all(str(a).startswith(("#", "data:,")) for a in addresses)
    assert "@import" not in page
    paints = set(re.findall(r"url\(#([^)]*)\)", page))
    assert page.count("url(") == page.count("url(#")
    assert paints <= set(outline.ids)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    assert f"sha256-{digest}" in policy.replace("&#43;", "+")
    assert policy.startswith("default-src &#39;none&#39;;")


def test_hostile_names_stay_text() -> None:
    findings = [Finding(name, name, name) for name in HOSTILE_NAMES]
    for name in HOSTILE_NAMES:
        data = Collector(subject(name), LEADS).add_all(hostile()).report(parts(1), RETAINED, verification(*findings))
        outline = Outline(report_page(data))
        assert not {"script", "img", "b>"} & set(outline.tags)
        assert not [n for n, _ in outline.attributes if n.startswith("on")]
        assert "<script>alert(1)</script>" in outline.text
        assert "{{ 7 * 7 }}" in outline.text
        assert not re.search(r"[\u202a-\u202e\u2066-\u2069\x00\x1b]", outline.text)


def test_what_verification_found_is_told() -> None:
    found = report_page(report([], checked=verification(Finding("2026-03-04, sequence 17", "altered", "does not fit"))))
    text = Outline(found).text
    assert "1 wrong" in text
    assert "1 thing was found to be wrong" in text
    assert "2026-03-04, sequence 17" in text
    assert "does not fit" in text
    assert "Intact" in Outline(report_page(report([], checked=verification()))).text


def test_a_page_that_is_kept_can_be_compared_later() -> None:
    assert f"900:{'5e' * 32}" in cells_and_code(report_page(report([], checked=verification())))
    assert "--anchor" not in Outline(report_page(report([]))).text


def cells_and_code(page: str) -> list[str]:
    return re.findall(r"<code>([^<]*)</code>", page)


def test_a_change_is_told_with_before_and_after() -> None:
    sides = {"before": {"active": True, "list": ["a", "b"]}, "after": {"active": False, "list": ["b", "c"]}}
    one = row(SINCE + timedelta(hours=1), eventType="USER_MANAGEMENT", action="user.deactivate", details=sides)
    text = Outline(report_page(report([one]))).text
    assert "active: was yes, now no" in text
    assert "list: added c; removed a; 1 unchanged" in text
    assert "2026-03-01 01:00:00" in text


def test_without_the_charts_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygal", None)
    with pytest.raises(AccessError, match="the report needs pygal") as raised:
        report_page(report(month(3)))
    assert raised.value.hint == "pip install 'bbws-access[report]'"


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        (SINCE, SINCE + timedelta(days=31), "2026-03-01 to 2026-03-31;"),
        (SINCE, SINCE + timedelta(days=1), "2026-03-01;"),
        (SINCE, SINCE + timedelta(hours=12), "2026-03-01 00:00:00 to 2026-03-01 12:00:00;"),
    ],
)
def test_the_range_is_told_as_a_reader_would(since: datetime, until: datetime, told: str) -> None:
    data = Collector(subject(since=since, until=until)).report([], RETAINED)
    assert f"Range{told}" in Outline(report_page(data)).text
