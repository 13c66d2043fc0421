"""Results as JUnit's XML, as CI systems read it: a suite of cases, each passed or failed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree

from bbws_access.models.expectations import Result

_NO_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (section 2.2) has no way to say."""


def junit(suite: str, results: Sequence[Result]) -> bytes:
    """One case for each result, in their order; UTF-8."""
    failures = sum(1 for result in results if not result.passed)
    counts = {"tests": str(len(results)), "failures": str(failures), "errors": "0", "skipped": "0"}
    root = ElementTree.Element("testsuites", counts)
    into = ElementTree.SubElement(root, "testsuite", {"name": _clean(suite), **counts})
    for result in results:
        name = f"{result.user}: {result.question} is {result.expected}"
        case = ElementTree.SubElement(into, "testcase", {"classname": _clean(suite), "name": _clean(name)})
        if not result.passed:
            found = f"it is {result.found}" if result.found else result.why
            failure = ElementTree.SubElement(case, "failure", {"message": _clean(found), "type": "access"})
            failure.text = _clean("\n".join(line for line in (result.because, result.why) if line))
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
