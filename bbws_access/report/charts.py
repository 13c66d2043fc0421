"""Charts as inline SVG: drawn by pygal here, without scripts, styles or anything from elsewhere.

A chart is drawn twice, for wide and for narrow screens, so that its text keeps its size; the page's
style sheet shows one and gives the colours. Outcomes differ by pattern, not by colour alone. Needs the
extra ``report``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree

from markupsafe import Markup

from bbws_access.extras import needed
from bbws_access.report.data import Counts

OUTCOME_NAMES: Final = ("Success", "Failure", "Denied", "Other")
PATTERNS: Final = ("plain", "stripes", "squares", "waves")
"""Of the outcomes, in their order."""

_EM: Final = 0.602
"""Width of a character of a monospaced font, in font sizes: that of the widest common ones."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class _Size:
    """Of a drawing, in pixels; ``label`` is the most characters of a label at the side."""

    name: str
    width: int
    font: int
    label: int


_SIZES: Final = (_Size("wide", 720, 13, 34), _Size("narrow", 320, 12, 15))


def activity_chart(counts: Sequence[Counts], title: str) -> Markup:
    """Bars over time, stacked by outcome. Raises :class:`AccessError` (``EXTRA_MISSING``)."""
    drawings = []
    for size in _SIZES:
        every = _step(len(counts), size)
        chart = _pygal().StackedBar(
            **_look(size),
            height=260 if size.name == "wide" else 220,
            margin_bottom=size.font * 2,
            margin_left=12,
            margin_right=size.font * 2,
            margin_top=12,
            show_minor_x_labels=False,
            x_labels_major_every=every,
            y_labels=_ticks(max(c.total for c in counts)),
            value_formatter=lambda value: _grouped(int(value)),
        )
        chart.x_labels = [_short_bin(c.name) for c in counts]
        for values in zip(*((c.success, c.failure, c.denied, c.other) for c in counts), strict=True):
            chart.add("", list(values))
        drawings.append(_drawn(chart, f"activity-{size.name}", size, title, PATTERNS))
    return Markup("").join(drawings)


def bars_chart(rows: Sequence[tuple[str, int]], name: str, title: str) -> Markup:
    """One bar a row, with its number at the end; the first row on top. Raises as :func:`activity_chart`."""
    drawings = []
    for size in _SIZES:
        labels = [_label(text, size.label) for text, _ in rows]
        most = max(count for _, count in rows)
        room = len(_grouped(most)) + 1
        chart = _pygal().HorizontalBar(
            **_look(size),
            height=len(rows) * size.font * 2 + 16,
            margin_left=12,
            margin_right=int(size.font * _EM * room) + 8,
            margin_top=4,
            margin_bottom=4,
            show_y_labels=True,
            show_x_labels=False,
            range=(0, most),
        )
        # The numbers are put in afterwards: pygal puts its own into the bars, where a short bar has no room.
        # It counts characters; labels may hold wide ones, so it is shown as many narrow ones instead.
        chart.x_labels = ["x" * _cells(label) for label in reversed(labels)]
        chart.add("", [count for _, count in reversed(rows)])
        numbers = [_grouped(count) for _, count in reversed(rows)]
        drawings.append(_drawn(chart, f"{name}-{size.name}", size, title, PATTERNS[:1], labels[::-1], numbers))
    return Markup("").join(drawings)


def swatch(pattern: str) -> Markup:
    """A legend's sample of a pattern."""
    ident = f"legend-{pattern}"
    root = ElementTree.Element("svg", {"viewBox": "0 0 24 16", "aria-hidden": "true", "class": "swatch"})
    ElementTree.SubElement(root, "defs").append(_pattern("legend", pattern))
    box = {"x": "0.5", "y": "0.5", "width": "23", "height": "15", "class": "swatch", "fill": f"url(#{ident})"}
    ElementTree.SubElement(root, "rect", box)
    return Markup(ElementTree.tostring(root, encoding="unicode", short_empty_elements=False))  # noqa: S704 - no data


def _pygal() -> Any:
    return needed("pygal", "report", "the report")


def _look(size: _Size) -> dict[str, Any]:
    style = needed("pygal.style", "report", "the report").Style
    return {
        "js": [],
        "css": [],
        "width": size.width,
        "show_legend": False,
        "print_values": False,
        "include_x_axis": True,
        "spacing": 0,
        "style": style(label_font_size=size.font, major_label_font_size=size.font, value_font_size=size.font),
        "truncate_label": -1,
    }


def _drawn(
    chart: Any,
    ident: str,
    size: _Size,
    title: str,
    patterns: Sequence[str],
    labels: Sequence[str] = (),
    numbers: Sequence[str] = (),
) -> Markup:
    """The chart's SVG: what pygal made, without its styles, scripts and tooltips."""
    root = chart.render_tree()
    _strip(root)
    _, _, width, height = root.get("viewBox").split()
    root.set("width", width)
    root.set("height", height)
    root.set("id", ident)
    root.set("class", f"chart {size.name}")
    root.set("role", "img")
    root.set("aria-label", title)
    defs = root.find("defs")
    assert defs is not None
    for pattern in patterns:
        defs.append(_pattern(ident, pattern))
    for series in list(root.iter("g")):
        found = re.search(r"\bserie-(\d+)\b", series.get("class", ""))
        if found and "bars" in {child.get("class") for child in series}:
            _fill(series, f"url(#{ident}-{patterns[int(found[1])]})", numbers, size)
    sides = [text for text in root.iter("text") if text.get("class") != "number"]
    for text, label in zip(sides, labels, strict=False):
        text.text = label
    for text in root.iter("text"):
        text.set("font-size", str(size.font))
        _fit(text, size)
    return Markup(ElementTree.tostring(root, encoding="unicode", short_empty_elements=False))  # noqa: S704 - escaped


def _strip(root: Any) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            classes = str(child.get("class", "")).split() if isinstance(child.tag, str) else []
            if (
                not isinstance(child.tag, str)
                or child.tag in {"style", "script", "desc", "title"}
                or "tooltip-overlay" in classes
                or "overlay" in classes
                or "text-overlay" in classes
                or "titles" in classes
            ):
                parent.remove(child)


def _fill(series: Any, paint: str, numbers: Sequence[str], size: _Size) -> None:
    bars = [rect for rect in series.iter("rect") if "rect" in rect.get("class", "").split()]
    for rect in bars:
        rect.attrib.pop("rx", None)
        rect.attrib.pop("ry", None)
        rect.set("class", "mark")
        rect.set("fill", paint)
        for side in ("width", "height"):
            # One event among thousands is still to be seen.
            length = float(rect.get(side, "0"))
            rect.set(side, f"{1 if 0 < length < 1 else length:.2f}")
    for rect, number in zip(bars, numbers, strict=False):
        x = float(rect.get("x", "0")) + float(rect.get("width", "0")) + 5
        y = float(rect.get("y", "0")) + float(rect.get("height", "0")) / 2 + size.font * 0.36
        label = ElementTree.SubElement(series, "text", {"x": f"{x:.1f}", "y": f"{y:.1f}", "class": "number"})
        label.text = number


def _pattern(ident: str, pattern: str) -> Any:
    """A tile of eight by eight pixels."""
    attributes = {"id": f"{ident}-{pattern}", "width": "8", "height": "8", "patternUnits": "userSpaceOnUse"}
    tile = ElementTree.Element("pattern", attributes)
    ElementTree.SubElement(tile, "rect", {"width": "8", "height": "8", "class": f"ground {pattern}"})
    shapes = {
        "stripes": ("path", {"d": "M-2 10 L10 -2 M-2 2 L2 -2 M6 10 L10 6", "class": "stroke"}),
        "squares": ("path", {"d": "M1 1h3v3h-3z M5 5h3v3h-3z", "class": "dots"}),
        "waves": ("path", {"d": "M0 4 L4 1 L8 4", "class": "stroke"}),
    }
    if pattern in shapes:
        tag, drawn = shapes[pattern]
        ElementTree.SubElement(tile, tag, drawn)
    return tile


def _fit(text: Any, size: _Size) -> None:
    """What is not made of characters of one width is given the width that was kept for it."""
    content = text.text or ""
    if content and not content.isascii():
        text.set("textLength", f"{_cells(content) * _EM * size.font:.1f}")
        text.set("lengthAdjust", "spacingAndGlyphs")


def _label(text: str, most: int) -> str:
    """Cut in the middle to a width, of one line, without control and direction characters.

    Paths and addresses begin alike and end otherwise: more is kept of the end.
    """
    clean = _CONTROL.sub("\ufffd", text).strip() or "\u2014"
    if _cells(clean) <= most:
        return clean
    head = _begin(clean, (most - 1) * 2 // 5)
    tail = _begin(clean[::-1], most - 1 - _cells(head))[::-1]
    return f"{head}\u2026{tail}"


def _begin(text: str, most: int) -> str:
    kept = ""
    for character in text:
        if _cells(kept + character) > most:
            break
        kept += character
    return kept


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _short_bin(name: str) -> str:
    """``2026-03-01`` as ``03-01``; the table beside the chart has it whole."""
    return name[5:] if re.fullmatch(r"\d{4}-\d{2}-\d{2}", name) else _label(name, 10)


def _step(bars: int, size: _Size) -> int:
    """Every how many bars there is room for a label."""
    fitting = max(1, int(size.width * 0.8 / (size.font * _EM * 9)))
    return max(1, -(-bars // fitting))


def _ticks(most: int) -> list[int]:
    """Three to six whole numbers from zero to above the highest bar."""
    step = 1
    for factor in _growing():
        step = factor
        if most / factor <= 5:
            break
    return [n * step for n in range(max(1, -(-most // step)) + 1)]


def _growing() -> Iterable[int]:
    power = 1
    while True:
        yield from (power, 2 * power, 5 * power)
        power *= 10


def _grouped(number: int) -> str:
    """Thousands apart, as in ``12,345``."""
    return f"{number:,}"
