"""The audit report in a real browser: every chart has marks, nothing overflows, nothing is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bbws_access.report.collect import Collector
from bbws_access.report.data import Finding, ReportData
from bbws_access.report.page import report_page
from bbws_access.services.archive import RETAINED
from tests.report.history import HOSTILE_NAMES, LEADS, hostile, month, parts, report, subject, verification

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

A4_WIDTH = 688
"""Pixels (96 to an inch) between the margins of a printed page: 182 mm."""

VIEWS = [(360, "screen"), (800, "screen"), (1400, "screen"), (A4_WIDTH, "print")]

OVERFLOWING = """
const seen = el => el.checkVisibility() && !el.closest('svg, thead, .skip');
const name = el => el.tagName + '.' + el.className + ': ' + [...el.textContent.trim()].slice(0, 40).join('');
const wide = document.documentElement.clientWidth;
return [...document.querySelectorAll('body, body *')].filter(seen).filter(el =>
  (el.clientWidth && el.scrollWidth > el.clientWidth + 1) || el.getBoundingClientRect().right > wide + 1
).map(name).concat(document.documentElement.scrollWidth > wide ? ['the page'] : []);
"""

CHARTS = """
return [...document.querySelectorAll('svg.chart')].filter(svg => svg.checkVisibility()).map(svg => {
  const frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
  const outside = texts.filter(([_, r]) =>
    r.left < frame.left - 1 || r.right > frame.right + 1 || r.top < frame.top - 1 || r.bottom > frame.bottom + 1);
  const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 4 && b.top < a.bottom - 4;
  const meeting = texts.filter(([_, a], n) => texts.slice(n + 1).some(([_, b]) => over(a, b)));
  const marks = [...svg.querySelectorAll('.mark')].filter(m => m.getBBox().width > 0 && m.getBBox().height > 0);
  const painted = marks.every(m => document.querySelector(m.getAttribute('fill').slice(4, -1)) !== null);
  const size = Math.min(...texts.map(([_, r]) => r.height));
  return {id: svg.id, marks: marks.length, painted, texts: texts.length, size,
          outside: outside.map(([t]) => t), meeting: meeting.map(([t]) => t)};
});
"""

FAINT = """
const parse = c => {
  const v = c.match(/[\\d.]+/g).map(Number);
  return v.length > 3 && v[3] === 0 ? null : v.slice(0, 3);
};
const linear = v => v <= .04045 * 255 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4;
const light = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
const ground = el => {
  for (; el; el = el.parentElement) {
    const colour = parse(getComputedStyle(el).backgroundColor);
    if (colour) return colour;
  }
  return [255, 255, 255];
};
const own = el => [...el.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
return [...document.querySelectorAll('body *')].filter(el => el.checkVisibility() && own(el)).filter(el => {
  const style = getComputedStyle(el);
  const ink = parse(el.closest('svg') ? style.fill : style.color), back = ground(el);
  const [a, b] = [light(ink), light(back)].sort((x, y) => y - x);
  return (a + .05) / (b + .05) < 4.5;
}).map(el => el.tagName + ': ' + el.textContent.trim().slice(0, 40));
"""


def hostile_report() -> ReportData:
    findings = [Finding(name, name, name) for name in HOSTILE_NAMES]
    collector = Collector(subject("".join(HOSTILE_NAMES)), LEADS).add_all(hostile())
    return collector.report(parts(1, 2), RETAINED, verification(*findings))


REPORTS = {
    "a month": lambda: report(month(), parts(*range(1, 29)), verification()),
    "five thousand": lambda: report(month(5_000)),
    "one event": lambda: report(month(1)),
    "nothing": lambda: report([]),
    "hostile": hostile_report,
}


class Viewer:
    """A browser of some width, or a printer, in front of a file."""

    def __init__(self, chrome: Any, folder: Path) -> None:
        self._chrome = chrome
        self._folder = folder

    def open(self, data: ReportData) -> None:
        self.show(report_page(data))

    def show(self, html: str) -> None:
        page = self._folder / "report.html"
        page.write_text(html, encoding="utf-8")
        self._chrome.get(page.as_uri())

    def resize(self, width: int, media: str, scheme: str = "light") -> None:
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self._chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})

    def ask(self, script: str) -> Any:
        return self._chrome.execute_script(script)

    def printed(self) -> int:
        """Length of the PDF in bytes."""
        return len(self._chrome.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"])

    def reset(self) -> list[str]:
        """What the browser complained of."""
        self._chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self._chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
        return [entry["message"] for entry in self._chrome.get_log("browser")]


@pytest.fixture
def viewer(browser: Any, tmp_path: Path) -> Any:
    browser.get_log("browser")
    found = Viewer(browser, tmp_path)
    yield found
    assert found.reset() == []


@pytest.mark.parametrize("name", REPORTS)
def test_every_chart_has_marks_and_no_text_overflows(viewer: Viewer, name: str) -> None:
    viewer.open(REPORTS[name]())
    wanted = {"nothing": 0, "one event": 2}.get(name, 4)
    for width, media in VIEWS:
        viewer.resize(width, media)
        assert viewer.ask(OVERFLOWING) == [], f"{width} px, {media}"
        charts = viewer.ask(CHARTS)
        assert len(charts) == wanted
        for chart in charts:
            assert chart["marks"] > 0, chart
            assert chart["painted"], chart
            assert (chart["outside"], chart["meeting"]) == ([], []), f"{width} px: {chart}"
            assert chart["texts"] > 1
            assert chart["size"] >= 10, chart
    assert viewer.ask("return performance.getEntriesByType('resource').map(e => e.name)") == []


def test_it_is_legible_in_the_dark_and_in_the_light(viewer: Viewer) -> None:
    viewer.open(REPORTS["a month"]())
    for scheme in ("light", "dark"):
        viewer.resize(800, "screen", scheme)
        assert viewer.ask(FAINT) == [], scheme
    # Paper is white, whatever the screen was.
    viewer.resize(A4_WIDTH, "print", "dark")
    assert viewer.ask(FAINT) == []
    assert viewer.ask("return getComputedStyle(document.body).color") == "rgb(23, 32, 43)"
    assert viewer.printed() > 10_000


def test_outcomes_differ_by_more_than_colour(viewer: Viewer) -> None:
    viewer.open(REPORTS["a month"]())
    viewer.resize(800, "screen")
    tiles = "[...document.querySelectorAll('#activity-wide pattern')]"
    shapes = viewer.ask(f"return {tiles}.map(tile => tile.children[1]?.getAttribute('d') ?? '')")
    assert len(set(shapes)) == len(shapes) == 4
    legend = viewer.ask("return [...document.querySelectorAll('ul.legend li')].map(li => li.textContent.trim())")
    assert legend == ["Success", "Failure", "Denied"]


def test_the_keyboard_reaches_the_report(viewer: Viewer) -> None:
    from selenium.webdriver.common.keys import Keys

    viewer.open(REPORTS["one event"]())
    viewer.resize(800, "screen")
    viewer._chrome.find_element("css selector", "body").send_keys(Keys.TAB)
    link = viewer._chrome.switch_to.active_element
    assert link.text == "Skip to the report"
    link.send_keys(Keys.ENTER)
    assert viewer._chrome.switch_to.active_element.get_attribute("id") == "content"
