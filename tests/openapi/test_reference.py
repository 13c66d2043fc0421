"""The page about the API, as text."""

from __future__ import annotations

import copy
import re

from bbws_access.openapi.reference import page, prose
from tests.openapi.conformance import whole


def test_it_needs_nothing_from_elsewhere() -> None:
    html = page(whole(), "https://api.example/dev", "dev")
    outside = re.findall(r'(?:src|href|action)="([^"#][^"]*)"', html)
    assert outside == ["data:,"]
    assert "@import" not in html
    assert "url(" not in html
    assert html.count("<script") == 1


def test_nothing_of_the_document_becomes_markup() -> None:
    hostile = copy.deepcopy(whole())
    evil = "</script><script>alert(1)</script>`<img src=x onerror=alert(1)>`**<i>**"
    hostile["info"]["description"] = evil
    operation = hostile["paths"]["/v1/platform/roles"]["get"]
    operation["summary"] = operation["description"] = evil
    operation["parameters"][0]["description"] = evil
    operation["responses"]["200"]["content"]["application/json"]["example"]["evil"] = evil
    html = page(hostile, '"><script>alert(1)</script>', evil)
    assert html.count("<script") == 1
    assert "<img" not in html


def test_the_little_markdown_there_is() -> None:
    assert str(prose("A `b<c` and **d**.\n\n* one\n* `two`")) == (
        "<p>A <code>b&lt;c</code> and <strong>d</strong>.</p>\n<ul><li>one</li><li><code>two</code></li></ul>"
    )
