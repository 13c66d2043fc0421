"""The access review: what each holds, what of it is privileged, and what the trail says was used."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bbws_access.access.actor import Actor, ActorKind
from bbws_access.access.decisions import DecisionLog
from bbws_access.access.privileged import PRIVILEGED, privileged
from bbws_access.defaults import PERMISSIONS
from bbws_access.errors import Denied
from bbws_access.models.access_review import AccessReview, ReviewedUser
from bbws_access.models.role import NewRole
from bbws_access.models.team import TeamChanges
from bbws_access.report.review_page import review_page
from tests.cli.memory import copied, filled
from tests.fakes import FakeIds
from tests.report.history import HOSTILE_NAMES
from tests.services.writing_cases import OPERATOR, Stage


def review(stage: Stage, actor: Actor = OPERATOR, days: int = 90) -> AccessReview:
    reviews, organisation = stage.services.access_reviews, stage.services.organisations.load(stage.org)
    return reviews.review(actor, organisation, reviews.rows(actor, stage.org, days), days)


def of(found: AccessReview, name: str) -> ReviewedUser:
    return next(user for user in found.users if user.email == f"{name}@example.com")


def give(stage: Stage, name: str, *permissions: str) -> None:
    asked = NewRole(name=name, display_name="Some role", permissions=frozenset(permissions))
    role = stage.services.roles.create(OPERATOR, stage.org, asked)
    stage.services.role_assignments.assign(OPERATOR, stage.org, stage.user("ada"), role.role_id)


def use_of(stage: Stage, name: str, days: int = 90) -> str:
    return next(g.use.value for g in of(review(stage, days=days), "ada").grants if g.where.startswith(f"{name} "))


def acting(stage: Stage, *permissions: str) -> Actor:
    return Actor(stage.user("ada"), "ada@example.com", ActorKind.USER, stage.org, permissions=frozenset(permissions))


def later(stage: Stage, days: int = 100) -> None:
    stage.clock.advance(days=days)


def test_what_was_given_lately_is_new_and_later_unused(stage: Stage) -> None:
    give(stage, "TEAM_WRITER", "team:update")
    assert use_of(stage, "TEAM_WRITER") == "new"
    later(stage)
    assert use_of(stage, "TEAM_WRITER") == "unused"
    assert [g.where for g in of(review(stage), "ada").unused] == ["TEAM_WRITER (role)"]


def test_what_was_done_is_used(stage: Stage) -> None:
    give(stage, "TEAM_WRITER", "team:update")
    later(stage)
    actor = acting(stage, "team:update")
    stage.services.teams.update(actor, stage.org, stage.team("Web"), TeamChanges(name="Internet"))
    found = of(review(stage), "ada")
    assert use_of(stage, "TEAM_WRITER") == "used"
    assert found.last_activity == stage.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_what_was_called_is_used_and_what_was_denied_is_not(stage: Stage) -> None:
    give(stage, "READER", "role:read")
    give(stage, "TEAM_READER", "team:read")
    later(stage)
    log = DecisionLog(stage.memory.table, stage.clock, FakeIds(), lambda kind: None)
    put_new = stage.memory.table.put_all
    stage.memory.table.put_new = lambda item: put_new([item])  # type: ignore[method-assign]
    actor = acting(stage)
    log.record(actor, "ALLOWED", f"GET /v1/organisations/{stage.org}/roles", {})
    log.record(actor, "PERMISSION_DENIED", f"GET /v1/organisations/{stage.org}/teams", {})
    assert (use_of(stage, "READER"), use_of(stage, "TEAM_READER")) == ("used", "unused")


def test_what_the_trail_does_not_see_is_not_called_unused(stage: Stage) -> None:
    give(stage, "SITES", "site:update", "team:read")
    later(stage)
    assert use_of(stage, "SITES") == "unknown"


def test_a_trail_that_reaches_less_far_says_so(stage: Stage) -> None:
    give(stage, "TEAM_WRITER", "team:update")
    later(stage, days=80)
    found = review(stage)
    assert found.trail_since == "2026-03-01T09:30:00.000Z"
    assert use_of(stage, "TEAM_WRITER") == "new"
    assert of(found, "ada").unused == ()
    assert use_of(stage, "TEAM_WRITER", days=30) == "unused"


def test_privileged_rights_that_nobody_used_are_named(stage: Stage) -> None:
    give(stage, "POWER", "role:*", "team:read")
    later(stage)
    actor = acting(stage, "role:create", "site:read")
    asked = NewRole(name="NEW_ONE", display_name="New one", permissions=frozenset({"site:read"}))
    stage.services.roles.create(actor, stage.org, asked)
    grant = next(g for g in of(review(stage), "ada").grants if g.where.startswith("POWER"))
    assert grant.privileged == ("role:assign", "role:create", "role:delete", "role:update")
    assert grant.idle == ("role:assign", "role:delete", "role:update")


def test_who_was_deactivated_holds_nothing(stage: Stage) -> None:
    stage.services.users.deactivate(OPERATOR, stage.org, "ada@example.com")
    found = of(review(stage), "ada")
    assert (found.active, found.grants) == (False, ())


def test_who_may_still_come_in(stage: Stage) -> None:
    (found,) = review(stage).invitations
    assert (found.email, found.role) == ("new@example.com", "SITE_VIEWER")
    later(stage, days=8)
    assert review(stage).invitations == ()


@pytest.mark.parametrize("lacking", ["user:read", "role:read", "team:read", "invitation:read", "audit:read"])
def test_it_is_for_those_who_may_read_all_of_it(stage: Stage, lacking: str) -> None:
    all_of_it = {"user:read", "role:read", "team:read", "invitation:read", "audit:read"}
    actor = Actor("u", "u@e.c", ActorKind.USER, stage.org, permissions=frozenset(all_of_it - {lacking}))
    with pytest.raises(Denied):
        review(stage, actor)


def test_privileged_is_of_the_contracts_permissions() -> None:
    assert {p.id for p in PERMISSIONS} >= PRIVILEGED
    assert privileged({"*:*", "role:create"}) == ("*:*",)
    assert privileged({"site:*", "team:read"}) == ()


def test_requests_do_not_grow_with_what_was_done(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[Any] = []
    query = stage.memory.table.query
    monkeypatch.setattr(stage.memory.table, "query", lambda one: requests.append(one) or query(one))
    organisation = stage.services.organisations.load(stage.org)
    stage.services.access_reviews.review(OPERATOR, organisation, [])
    assert len([one for one in requests if one.index == 3]) == 3
    assert len(requests) <= 3 + 4


def hostile() -> AccessReview:
    """A review of people who call themselves what they should not."""
    stage = Stage(copied(filled()))
    made = review(stage)
    users = [
        user.model_copy(
            update={
                "email": name,
                "name": name,
                "grants": tuple(g.model_copy(update={"where": name, "given_by": name}) for g in user.grants),
            }
        )
        for name in HOSTILE_NAMES
        for user in made.users[:1]
    ]
    asked = [made.invitations[0].model_copy(update={"email": name, "role": name}) for name in HOSTILE_NAMES]
    return made.model_copy(
        update={"organisation": HOSTILE_NAMES[0], "users": tuple(users), "invitations": tuple(asked)}
    )


def test_the_page_runs_nothing_and_asks_for_nothing(stage: Stage) -> None:
    page = review_page(hostile())
    assert "<script" not in page.lower().replace("&lt;script", "")
    assert "<img" not in page
    assert "default-src &#39;none&#39;" in page
    assert "\u202e" not in page
    assert "ada@example.com" in review_page(review(stage))
    empty = review_page(review(stage).model_copy(update={"users": (), "invitations": ()}))
    assert "has no members" in empty


def test_the_range_is_what_was_asked_for(stage: Stage) -> None:
    later(stage, days=3)
    found = review(stage, days=2)
    assert found.since == (stage.clock.now() - timedelta(days=2)).isoformat(timespec="milliseconds").replace(
        "+00:00", "Z"
    )
    assert of(found, "ada").last_activity is None
