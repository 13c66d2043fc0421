"""Expectations about who may do what, held against the authorizer's own answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bbws_access.access.actor import Actor
from bbws_access.access.authorizer import Decision, decide_for
from bbws_access.access.principal import PrincipalLoader
from bbws_access.catalogue import Guard, api_path
from bbws_access.clock import Clock
from bbws_access.defaults import PERMISSIONS
from bbws_access.errors import InvalidInput, NotFound
from bbws_access.models.expectations import Expectation, Expectations, Result, Verdict
from bbws_access.models.kinds import Capability
from bbws_access.models.user import User
from bbws_access.services.access_steps import endpoint
from bbws_access.services.effective_access import API, capabilities_for, holds, require_reading
from bbws_access.services.teams import Teams
from bbws_access.services.users import Users
from bbws_access.store.table import Table
from bbws_access.yaml_source import YamlSource, shortened

_KNOWN = frozenset(permission.id for permission in PERMISSIONS)
_FILLED = {"orgId": "org-id", "userId": "user-id"}


def expectations_in(source: YamlSource) -> Expectations:
    """Raises :class:`InvalidInput`: one line with file, line and cause.

    What nobody has ever heard of is an error of the file: that it is denied would prove nothing.
    """
    found = source.checked(Expectations)
    problems = [
        (("expectations", n, field), cause)
        for n, one in enumerate(found.expectations)
        for field, cause in _problems(one)
    ]
    if problems:
        raise source.refusal(problems)
    return found


def _problems(one: Expectation) -> Iterator[tuple[str, str]]:
    if one.calls is not None:
        method, _, path = one.calls.partition(" ")
        if endpoint(method, _filled(path, _FILLED)) is None:
            yield "calls", f"there is no endpoint {shortened(one.calls)}"
    if one.may is not None:
        try:
            capabilities_for(one.may, one.team)
        except InvalidInput as error:
            yield "may", error.message
            return
        if one.may not in _KNOWN | set(Capability) and not one.may.endswith(":*"):
            yield "may", f"there is no permission {shortened(one.may)}"


class AccessExpectations:
    """Two requests for each person, and no more, however much is expected of them."""

    def __init__(self, table: Table, clock: Clock, users: Users, teams: Teams) -> None:
        self._table = table
        self._clock = clock
        self._users = users
        self._teams = teams

    def check(
        self, actor: Actor, org_id: str, expected: Expectations, done: Callable[[], object] = lambda: None
    ) -> list[Result]:
        """In the file's order; ``done`` is called after each. Raises ``Denied``.

        Somebody or some team that is not there is a failure of the one expectation, whatever was expected.
        """
        require_reading(actor, org_id)
        asked = _Asked(actor, org_id, self._users, self._teams, PrincipalLoader(self._table, self._clock))
        results = []
        for one in expected.expectations:
            results.append(asked.result(one))
            done()
        return results


class _Asked:
    """One run: whoever was asked about once is remembered."""

    def __init__(self, actor: Actor, org_id: str, users: Users, teams: Teams, loader: PrincipalLoader) -> None:
        self._actor = actor
        self._org_id = org_id
        self._users = users
        self._teams = teams
        self._loader = loader
        self._people: dict[str, tuple[User, Decision] | None] = {}
        self._team_ids: dict[str, str | None] = {}

    def result(self, one: Expectation) -> Result:
        given: dict[str, Any] = {
            "user": one.user, "question": one.question, "expected": one.expect, "because": one.because
        }  # fmt: skip
        person = self._person(one.user)
        if person is None:
            return Result(**given, passed=False, why="there is no such user in this organisation")
        team_id = self._team(one.team) if one.team is not None else None
        if one.team is not None and team_id is None:
            return Result(**given, passed=False, why="there is no such team in this organisation")
        found, why = self._answer(one, *person, team_id)
        return Result(**given, found=found, passed=found == one.expect, why=why)

    def _answer(self, one: Expectation, user: User, decision: Decision, team_id: str | None) -> tuple[Verdict, str]:
        if one.may is not None:
            allowed = holds(decision, self._org_id, one.may, team_id)
            return ("allowed" if allowed else "denied"), "" if decision.code == "ALLOWED" else decision.code
        method, _, path = str(one.calls).partition(" ")
        path = _filled(path, {"orgId": self._org_id, "userId": user.user_id})
        function = endpoint(method, path)
        if function is not None and function.guard is Guard.PUBLIC:
            return "allowed", "no token is needed"
        verdict = decision.verdict(f"{API}/{method}/{path.lstrip('/')}")
        return ("allowed" if verdict == "ALLOWED" else "denied"), verdict

    def _person(self, name: str) -> tuple[User, Decision] | None:
        if name not in self._people:
            try:
                user = self._users.find(self._actor, self._org_id, name)
                self._people[name] = (user, decide_for(self._loader, user.user_id, self._org_id, API))
            except NotFound:
                self._people[name] = None
        return self._people[name]

    def _team(self, name: str) -> str | None:
        if name not in self._team_ids:
            try:
                self._team_ids[name] = self._teams.find(self._actor, self._org_id, name).team_id
            except NotFound:
                self._team_ids[name] = None
        return self._team_ids[name]


def _filled(path: str, ids: dict[str, str]) -> str:
    path = api_path(path)
    for name, value in ids.items():
        path = path.replace(f"{{{name}}}", value)
    return path
