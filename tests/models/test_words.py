"""What does not fit is said in this project's words, never in pydantic's."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from bbws_access.models.audit_questions import ExportRequest
from bbws_access.models.declared import DeclaredState
from bbws_access.models.expectations import Expectation
from bbws_access.models.invitation import Acceptance, NewInvitation, Revocation
from bbws_access.models.organisation import NewOrganisation
from bbws_access.models.permission import NewPermissionSet
from bbws_access.models.role import NewRole
from bbws_access.models.team import NewTeam, NewTeamRole, TeamChanges
from bbws_access.validation import field_errors

MANY = [f"site:{'a' * n}" for n in range(1, 52)]
SAID: list[tuple[type[BaseModel], dict[str, Any], str, str]] = [
    (NewOrganisation, {}, "name", "is missing"),
    (NewOrganisation, {"name": 12}, "name", "is not text"),
    (NewOrganisation, {"name": "x"}, "name", "has fewer than 2 characters"),
    (NewOrganisation, {"name": "x" * 101}, "name", "has more than 100 characters"),
    (NewOrganisation, {"name": "Acme", "color": 1}, "color", "there is no such field"),
    (NewTeam, {"name": "Web", "divisionId": "a#b"}, "divisionId", "is not up to 100 letters, digits, dots"),
    (TeamChanges, {"version": 0}, "version", "is less than 1"),
    (TeamChanges, {"version": "1"}, "version", "is not a whole number"),
    (TeamChanges, {"active": "yes"}, "active", "is not true or false"),
    (NewRole, {"name": "a role"}, "name", "is not 2 to 50 capital letters, digits and underscores"),
    (NewRole, {"priority": 1000}, "priority", "is more than 999"),
    (NewRole, {"permissions": []}, "permissions", "is empty"),
    (NewRole, {"permissions": "site:read"}, "permissions", "is not a list"),
    (NewRole, {"permissions": ["no such"]}, "permissions.0", "is no permission; they look like site:read"),
    (NewRole, {"scope": "WORLD"}, "scope", "is not 'PLATFORM', 'ORGANISATION' or 'TEAM'"),
    (
        NewPermissionSet,
        {"permissions": [f"site:{'a' * n}" for n in range(1, 52)]},
        "permissions",
        "has more than 50 entries",
    ),
    (NewTeamRole, {"capabilities": []}, "capabilities", "is empty"),
    (NewInvitation, {"email": "nobody"}, "email", "is not a valid email address"),
    (NewInvitation, {"roleId": ""}, "roleId", "is empty"),
    (Revocation, {"status": "ACCEPTED"}, "status", "is not 'REVOKED'"),
    (Acceptance, {"firstName": ""}, "firstName", "give 1 to 50 characters"),
    (Acceptance, {"password": "x"}, "password", "the password needs 8 to 128 characters"),
    (ExportRequest, {"from": "yesterday"}, "from", ""),
    (Expectation, {"calls": "teams"}, "calls", "is not a method and a path"),
    (DeclaredState, {"roles": {}}, "roles", "is not a list"),
    (DeclaredState, {"roles": ["X"]}, "roles.0", "is not a mapping"),
]


PYDANTICS = ("String should", "Input should", "Field required", "Extra inputs", "List should", "pattern", "^")


@pytest.mark.parametrize(("model", "values", "field", "words"), SAID)
def test_each_kind_has_its_words(model: type[BaseModel], values: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(ValidationError) as error:
        model.model_validate(values)
    found = field_errors(error.value)
    assert found[field].startswith(words)
    for said in found.values():
        assert not any(foreign in said for foreign in PYDANTICS)


def test_a_body_that_is_not_json() -> None:
    with pytest.raises(ValidationError) as error:
        NewTeam.model_validate_json("{")
    assert field_errors(error.value) == {"body": "is not JSON"}
