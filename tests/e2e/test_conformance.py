"""The deployed API against its own document: whatever is sent, it answers as it says that it does.

The requests come from schemathesis, always the same ones. Ids of things that are there are put into
their paths, so that they get past "no such thing".
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.config import (
    CoveragePhaseConfig,
    ExamplesPhaseConfig,
    FuzzingPhaseConfig,
    GenerationConfig,
    PhasesConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
    StatefulPhaseConfig,
)
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bbws_access.openapi.document import document
from bbws_access.provisioning.stack import DEPLOYED
from tests.e2e.conftest import Deployed
from tests.e2e.test_api import Api

pytestmark = [pytest.mark.emulator, pytest.mark.terraform, pytest.mark.xdist_group("deployed")]

EMAIL = "admin@conformance.example"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
EXAMPLES = 8
"""Random ones of each endpoint, beside those that try the limits of its fields one by one."""


def _config() -> SchemathesisConfig:
    phases = PhasesConfig(
        examples=ExamplesPhaseConfig(enabled=True),
        coverage=CoveragePhaseConfig(enabled=True, unexpected_methods=set()),
        fuzzing=FuzzingPhaseConfig(enabled=True),
        stateful=StatefulPhaseConfig(enabled=False),
    )
    generation = GenerationConfig(
        max_examples=EXAMPLES, deterministic=True, database="none", allow_extra_parameters=False
    )
    return SchemathesisConfig(projects=ProjectsConfig(default=ProjectConfig(phases=phases, generation=generation)))


schema = schemathesis.openapi.from_dict(document(DEPLOYED), config=_config()).exclude(tag="page")


@dataclass(frozen=True)
class Corner:
    """An organisation with one of everything, and its admin's token."""

    url: str
    token: str
    ids: dict[str, str]
    others: dict[str, str]
    """What bodies name: of the teams, not the one of the path."""
    platform_role: str


@pytest.fixture(scope="module")
def corner(deployed: Deployed) -> Corner:
    org_id = deployed.json("orgs", "create", "Conformance")["organisationId"]
    user_id = deployed.member("Conformance", EMAIL)["userId"]
    url, token = deployed.outputs()["api_url"], deployed.token(EMAIL)
    api = Api(url, org_id, {"admin": token}, {})

    def made(path: str, body: Any, key: str) -> str:
        status, answer = api("admin", "POST", path, body)
        assert status == 201, answer
        return str(answer[key])

    role = {"name": "CONFORMANCE", "displayName": "Conformance", "permissions": ["site:read"]}
    permission_set = {"name": "Conformance", "description": "A set to be changed.", "permissions": ["site:read"]}
    ids = {"orgId": org_id, "userId": user_id, "permissionId": "site:read"}
    ids["roleId"] = made("/roles", role, "roleId")
    ids["teamId"] = made("/teams", {"name": "Conformance"}, "teamId")
    ids["setId"] = made("/permission-sets", permission_set, "setId")
    body = {"name": "CONFORMANCE", "displayName": "Conformance", "capabilities": ["CAN_VIEW_MEMBERS"]}
    ids["teamRoleId"] = made("/team-roles", body, "teamRoleId")
    made(f"/teams/{ids['teamId']}/members", {"userId": user_id, "teamRoleId": ids["teamRoleId"]}, "userId")
    invited = {"email": "somebody@conformance.example", "roleId": ids["roleId"]}
    ids["invitationId"] = made("/invitations", invited, "invitationId")
    others = ids | {"teamId": made("/teams", {"name": "Conformance too"}, "teamId")}
    platform_role = api("admin", "GET", "/v1/platform/roles")[1]["items"][0]["roleId"]
    return Corner(url, token, ids, others, platform_role)


_turn = count()


def _known(ids: dict[str, str], given: dict[str, Any]) -> dict[str, Any]:
    """With seven of eight ids replaced by known ones."""
    return {name: ids[name] if name in ids and next(_turn) % 8 else value for name, value in given.items()}


@schema.parametrize()
def test_answers_are_as_documented(case: schemathesis.Case, corner: Corner) -> None:
    ids = corner.ids | ({"roleId": corner.platform_role} if case.path.startswith("/v1/platform") else {})
    case.path_parameters = _known(ids, case.path_parameters or {})
    if isinstance(case.body, dict):
        case.body = _known(corner.others, case.body)
    case.call_and_validate(base_url=corner.url, headers={"Authorization": corner.token}, checks=CHECKS, timeout=60)
