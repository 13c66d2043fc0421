"""The access review in a real browser, with names that should break it."""

from __future__ import annotations

import pytest

from bbws_access.report.review_page import review_page
from tests.browser.test_audit_report import OVERFLOWING, VIEWS, Viewer, viewer
from tests.services.test_access_review import hostile

__all__ = ["viewer"]

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_nothing_overflows_and_nothing_is_asked_for(viewer: Viewer) -> None:
    viewer.show(review_page(hostile()))
    for width, media in VIEWS:
        viewer.resize(width, media)
        assert viewer.ask(OVERFLOWING) == [], f"{width} px, {media}"
    assert viewer.ask("return performance.getEntriesByType('resource').map(e => e.name)") == []
    assert viewer.ask("return document.querySelectorAll('script, img').length") == 0
    assert viewer.ask("return document.querySelectorAll('table.records').length") >= 3
