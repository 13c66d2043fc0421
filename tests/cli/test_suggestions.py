"""A suggested command, typed as it stands, works where the command did that suggested it."""

from __future__ import annotations

import pytest

from cli.overrides import Overrides
from cli.suggestions import as_typed_here

IN_PROD = Overrides(env="prod", org="Acme & Co")


@pytest.mark.parametrize(
    ("said", "typed"),
    [
        ("bbws-access roles list", "bbws-access roles list --env prod --org 'Acme & Co'"),
        (
            "Make one: bbws-access teams create NAME",
            "Make one: bbws-access teams create NAME --env prod --org 'Acme & Co'",
        ),
        ("bbws-access undo EVENT --org Other", "bbws-access undo EVENT --org Other --env prod"),
        ("bbws-access permission-sets list --platform", "bbws-access permission-sets list --platform --env prod"),
        ("bbws-access table history", "bbws-access table history --env prod"),
        ("bbws-access env up", "bbws-access env up --env prod"),
        ("bbws-access env up prod", "bbws-access env up prod"),
        ("bbws-access context list", "bbws-access context list"),
        ("bbws-access table backup --help", "bbws-access table backup --help"),
        ("First bbws-access table backup, then bbws-access table restore.",) * 2,
        ("repeat it with --yes", "repeat it with --yes"),
    ],
)
def test_a_suggestion_takes_the_flags_along(said: str, typed: str) -> None:
    assert as_typed_here(said, IN_PROD, {}) == typed


def test_what_an_environment_variable_says_need_not_be_typed() -> None:
    environ = {"BBWS_ACCESS_ENV": "prod", "BBWS_ACCESS_ORG": "Acme & Co"}
    assert as_typed_here("bbws-access roles list", IN_PROD, environ) == "bbws-access roles list"


def test_a_flag_that_overrules_the_environment_variable_is_typed() -> None:
    environ = {"BBWS_ACCESS_ENV": "dev", "BBWS_ACCESS_ORG": "Other"}
    assert as_typed_here("bbws-access roles list", Overrides(env="sit", org="Acme"), environ) == (
        "bbws-access roles list --env sit --org Acme"
    )


def test_without_flags_nothing_is_added() -> None:
    assert as_typed_here("bbws-access roles list", Overrides(), {}) == "bbws-access roles list"
