"""What people write for others to read holds nothing that hides or turns it; what is there already can be read."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from bbws_access.models.declared import DeclaredTeam
from bbws_access.models.imported import ImportRow
from bbws_access.models.invitation import Acceptance, NewInvitation
from bbws_access.models.organisation import NewOrganisation, OrganisationChanges
from bbws_access.models.permission import NewPermissionSet, PermissionSetChanges
from bbws_access.models.plain_text import LINES, ONE_LINE
from bbws_access.models.role import NewRole, RoleChanges
from bbws_access.models.team import NewTeam, NewTeamRole, TeamChanges, TeamRoleChanges
from bbws_access.models.user import UserChanges
from bbws_access.openapi.document import document
from bbws_access.provisioning.stack import DEPLOYED
from bbws_access.validation import field_errors

NAMES: list[tuple[type[BaseModel], str]] = [
    (NewOrganisation, "name"),
    (OrganisationChanges, "name"),
    (NewTeam, "name"),
    (TeamChanges, "name"),
    (DeclaredTeam, "name"),
    (NewRole, "name"),
    (NewRole, "displayName"),
    (RoleChanges, "displayName"),
    (NewTeamRole, "displayName"),
    (TeamRoleChanges, "displayName"),
    (NewPermissionSet, "name"),
    (PermissionSetChanges, "name"),
    (Acceptance, "firstName"),
    (Acceptance, "lastName"),
    (UserChanges, "firstName"),
    (UserChanges, "lastName"),
]
TEXTS: list[tuple[type[BaseModel], str]] = [
    (NewInvitation, "message"),
    (ImportRow, "message"),
    (NewTeam, "description"),
    (NewRole, "description"),
    (NewPermissionSet, "description"),
]

HIDDEN = ["\x00", "\x07", "\x1b[2J", "\x7f", "\x85", "\x9b", "\u2028", "\u202a", "\u202e", "\u2066", "\u2069"]
LINE_ENDS = ["\n", "\r", "\t"]
HARMLESS = ["Zoë Müller", "می‌خواهم", "אבג دهو", "👩‍💻 Web", "क्‍ष", "a\u200fb", "Ⅷ ﬁ"]


def problem(model: type[BaseModel], field: str, value: str) -> str | None:
    """What is wrong with the field, whatever else is missing."""
    try:
        model.model_validate({field: value})
    except ValidationError as error:
        return field_errors(error).get(field)
    return None


@pytest.mark.parametrize("mark", HIDDEN + LINE_ENDS)
@pytest.mark.parametrize(("model", "field"), NAMES)
def test_a_name_is_one_line_of_what_can_be_seen(model: type[BaseModel], field: str, mark: str) -> None:
    said = problem(model, field, f"Some{mark}thing")
    assert said is not None
    assert "\n" not in said
    if (model, field) != (NewRole, "name"):  # which has a stricter rule of its own
        assert said == ONE_LINE.words


@pytest.mark.parametrize("mark", HIDDEN)
@pytest.mark.parametrize(("model", "field"), TEXTS)
def test_a_text_may_have_lines_and_nothing_hidden(model: type[BaseModel], field: str, mark: str) -> None:
    assert problem(model, field, f"Some thing{mark} or other") == LINES.words
    assert problem(model, field, "Some thing\r\n\tor other\n") is None


@pytest.mark.parametrize("surrogate", [0xD800, 0xDC80, 0xDFFF])
@pytest.mark.parametrize(("model", "field"), NAMES + TEXTS)
def test_half_a_character_is_no_text(model: type[BaseModel], field: str, surrogate: int) -> None:
    said = problem(model, field, f"Some thing {chr(surrogate)}")
    assert said is not None
    assert chr(surrogate) not in said


@pytest.mark.parametrize("text", HARMLESS)
@pytest.mark.parametrize(("model", "field"), NAMES)
def test_every_script_can_be_written(model: type[BaseModel], field: str, text: str) -> None:
    if (model, field) != (NewRole, "name"):
        assert problem(model, field, text) is None


@pytest.mark.parametrize("rule", [ONE_LINE, LINES])
def test_the_documents_pattern_says_the_same(rule: Any) -> None:
    pattern = re.compile(rule.pattern)
    for code in range(0x10000):
        if not 0xD800 <= code < 0xE000:
            refused = re.match(f"[{rule.refused}]", chr(code)) is not None
            assert (pattern.fullmatch(f"a{chr(code)}b") is None) == refused, hex(code)


def test_the_document_has_it_wherever_the_models_do() -> None:
    schemas = document(DEPLOYED)["components"]["schemas"]
    documented = {model for model, _ in NAMES + TEXTS} - {NewOrganisation, OrganisationChanges, DeclaredTeam, ImportRow}
    for model, field in NAMES + TEXTS:
        if model in documented - {UserChanges} and (model, field) != (NewRole, "name"):
            wanted = ONE_LINE if (model, field) in NAMES else LINES
            assert schemas[model.__name__]["properties"][field]["pattern"] == wanted.pattern
