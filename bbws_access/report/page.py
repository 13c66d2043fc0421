"""The report as one page: nothing in it comes from elsewhere, and nothing in it runs."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import asdict
from datetime import timedelta
from functools import cache
from typing import Any, Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bbws_access.clock import iso
from bbws_access.models.kinds import EventType
from bbws_access.report.charts import OUTCOME_NAMES, PATTERNS, activity_chart, bars_chart, swatch
from bbws_access.report.data import Counts, Ranking, ReportData, Subject

SECTIONS: Final = (
    ("glance", "At a glance"),
    ("activity", "Activity over time"),
    ("types", "By type and outcome"),
    ("denied", "Denied attempts"),
    ("privileged", "Privileged changes"),
    ("memberships", "Membership changes"),
    ("exports", "Exports made"),
    ("retention", "Retention and verification"),
)

SHOWN_BARS: Final = 10
"""Of the names that a chart shows; the table beside it has more."""

_WORDS: Final = {
    "organisation.seed": "Default roles made",
    "role.create": "Role made",
    "role.update": "Role changed",
    "role.permissions": "Permissions of a role changed",
    "permission-set.create": "Permission set made",
    "permission-set.update": "Permission set changed",
    "team-role.create": "Team role made",
    "team-role.update": "Team role changed",
    "role.assign": "Role given",
    "role.revoke": "Role taken",
    "role.omit": "Role not given back",
    "user.create": "User joined",
    "user.deactivate": "User deactivated",
    "user.reactivate": "User reactivated",
    "team.member.add": "Member added",
    "team.member.update": "Team role of a member changed",
    "team.member.remove": "Member removed",
    "team.member.omit": "Member not brought back",
    "audit.export": "Export",
    "audit.report": "Report",
    "audit.evidence": "Evidence",
    "access.review": "Review of who holds what",
    "organisation.export": "The organisation as a file",
    "users.export": "The members",
}
"""Actions in a reader's words; others are shown as the trail names them."""

_MIDNIGHT: Final = "T00:00:00.000Z"

_TIME: Final = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.\d+)?Z")

_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def report_page(data: ReportData) -> str:
    """The HTML. Raises :class:`AccessError` (``EXTRA_MISSING``) where the charts' library is not installed."""
    style = page_style()
    others = data.outcome("other") > 0
    shown = 4 if others else 3
    template = templates().get_template("report.html")
    html = template.render(
        data=data,
        others=others,
        policy=style.policy,
        style=style.text,
        sections=SECTIONS,
        charts=_charts(data),
        legend=[(name, swatch(pattern)) for name, pattern in zip(OUTCOME_NAMES[:shown], PATTERNS, strict=False)],
        sums=_sums(data.types),
        privileged=sum(listing.total for listing in (data.roles, data.assignments, data.users, data.leads)),
        made_at=iso(data.subject.made_at),
        checked_at=iso(data.verification.made_at) if data.verification else "",
        range=_range(data.subject),
    )
    return f"{html.strip()}\n"


def _charts(data: ReportData) -> dict[str, Markup]:
    if not data.total:
        return {}
    types = [(_typed(row.name), row.total) for row in data.types]
    found = {
        "activity": activity_chart(data.activity, "Events over time, by outcome; the table after it has the numbers"),
        "types": bars_chart(types, "types", "Events by type; the table after it has the numbers"),
    }
    for name, ranking in (("denied_users", data.denied_users), ("denied_endpoints", data.denied_endpoints)):
        if ranking.rows:
            title = f"Denied attempts by {'user' if name == 'denied_users' else 'endpoint'}, the most frequent"
            found[name] = bars_chart(_bars(ranking), name.replace("_", "-"), title)
    return found


def _bars(ranking: Ranking) -> list[tuple[str, int]]:
    return ranking.rows[:SHOWN_BARS]


def _sums(rows: list[Counts]) -> Counts:
    names = [name for name in asdict(rows[0]) if name != "name"]
    return Counts("", *(sum(getattr(row, name) for row in rows) for name in names))


def _range(subject: Subject) -> str:
    """Whole days by their names, the last one included; anything else to the second."""
    since, until = iso(subject.since), iso(subject.until)
    if since.endswith(_MIDNIGHT) and until.endswith(_MIDNIGHT):
        last = iso(subject.until - timedelta(days=1))
        return since[:10] if last <= since else f"{since[:10]} to {last[:10]}"
    return f"{_moment(since)} to {_moment(until)}"


def _moment(text: str) -> str:
    """``2026-03-01 09:30:00``; what is no such time is shown as it is."""
    found = _TIME.fullmatch(text)
    return f"{found[1]} {found[2]}" if found else _visible(text)


def _visible(text: Any) -> str:
    """Control and direction characters as a sign that they are there."""
    return _UNSEEN.sub("\ufffd", str(text))


def _typed(name: str) -> str:
    known = name in {kind.value for kind in EventType}
    return name.replace("_", " ").capitalize() if known else name or "no type"


def _words(action: str) -> str:
    return _WORDS.get(action) or _visible(action)


def _grouped(number: int) -> str:
    return f"{number:,}"


class Style(NamedTuple):
    """The style sheet, and the content security policy that allows it and nothing else."""

    text: Markup
    policy: str


def page_style() -> Style:
    loader = templates().loader
    assert loader is not None
    text = loader.get_source(templates(), "report.css")[0]
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    return Style(Markup(text), policy)  # noqa: S704 - a file of this package


@cache
def templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("bbws_access.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = {"moment": _moment, "visible": _visible, "typed": _typed, "words": _words, "grouped": _grouped}
    environment.filters.update(filters)
    return environment
