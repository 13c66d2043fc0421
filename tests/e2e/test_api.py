"""The deployed API, over HTTP: what each kind of caller may do there, and may not."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.conftest import Deployed

pytestmark = [pytest.mark.emulator, pytest.mark.terraform, pytest.mark.xdist_group("deployed")]


@dataclass(frozen=True)
class Api:
    """One organisation's corner of the API, and who calls it."""

    url: str
    org_id: str
    tokens: dict[str, str]
    ids: dict[str, str]

    def __call__(self, who: str | None, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """``path`` is below the organisation, or absolute where it begins with ``/v1``."""
        whole = path if path.startswith("/v1") else f"/v1/organisations/{self.org_id}{path}"
        request = urllib.request.Request(
            self.url + whole,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": self.tokens[who]} if who else {},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


@pytest.fixture(scope="module")
def api(deployed: Deployed) -> Api:
    org_id = deployed.json("orgs", "create", "Callers")["organisationId"]
    deployed.run("orgs", "create", "Strangers")
    people = {
        "admin": ("Callers", "ORG_ADMIN"),
        "viewer": ("Callers", "SITE_VIEWER"),
        "stranger": ("Strangers", "ORG_ADMIN"),
    }
    ids = {who: deployed.member(org, f"{who}@callers.example", role)["userId"] for who, (org, role) in people.items()}
    tokens = {who: deployed.token(f"{who}@callers.example") for who in people}
    return Api(deployed.outputs()["api_url"], org_id, tokens, ids)


def team(api: Api, name: str) -> str:
    status, made = api("admin", "POST", "/teams", {"name": name})
    assert status == 201
    team_id: str = made["teamId"]
    return team_id


def test_a_team_is_made_and_read_back(api: Api) -> None:
    team_id = team(api, "Web")
    status, found = api("admin", "GET", f"/teams/{team_id}")
    assert (status, found["name"]) == (200, "Web")
    assert api("admin", "GET", found["_links"]["self"]["href"])[1] == found
    status, refused = api("admin", "POST", "/teams", {"name": "WEB"})
    assert (status, refused["error"]["code"]) == (409, "TEAM_EXISTS")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/teams", None),
        ("POST", "/teams", {"name": "Mine"}),
        ("GET", "/roles", None),
        ("GET", "/invitations", None),
        ("GET", "/permission-sets", None),
        ("POST", "/roles", {"name": "ROLE_X", "displayName": "Role X", "permissions": ["site:read"]}),
    ],
)
def test_only_who_holds_the_permission_gets_in(api: Api, method: str, path: str, body: Any) -> None:
    outcomes = {who: api(who, method, path, body)[0] for who in (None, "viewer", "stranger", "admin")}
    assert outcomes == {None: 401, "viewer": 403, "stranger": 403, "admin": 200 if method == "GET" else 201}


def test_a_team_role_opens_its_own_team_and_no_other(api: Api, deployed: Deployed) -> None:
    mine, other = team(api, "Mine only"), team(api, "Not mine")
    roles = {r["name"]: r["teamRoleId"] for r in api("admin", "GET", "/team-roles")[1]["items"]}
    member = {"userId": api.ids["viewer"], "teamRoleId": roles["TEAM_LEAD"]}
    assert api("admin", "POST", f"/teams/{mine}/members", member)[0] == 201
    fresh = Api(api.url, api.org_id, {"viewer": deployed.token("viewer@callers.example")}, api.ids)
    assert fresh("viewer", "GET", f"/teams/{mine}/members")[0] == 200
    assert fresh("viewer", "GET", f"/teams/{other}/members")[0] == 403
    assert fresh("viewer", "GET", f"/users/{api.ids['viewer']}/teams")[0] == 200
    assert fresh("viewer", "GET", f"/users/{api.ids['admin']}/teams")[0] == 403
    status, kept = api("admin", "PUT", f"/teams/{mine}/members/{api.ids['viewer']}", {"active": False})
    assert (status, kept["error"]["code"]) == (409, "LAST_LEAD")


def test_the_gateways_cache_neither_widens_nor_narrows(api: Api, deployed: Deployed) -> None:
    """The policy is cached under the token for all paths: the order of the questions must not matter."""
    allowed, closed = "/v1/platform/roles", f"/v1/organisations/{api.org_id}/roles"
    for order in ([allowed, closed, allowed], [closed, allowed, closed]):
        fresh = Api(api.url, api.org_id, {"viewer": deployed.token("viewer@callers.example")}, api.ids)
        assert [fresh("viewer", "GET", path)[0] for path in order] == [200 if p == allowed else 403 for p in order]


def test_bad_bodies_name_the_field(api: Api) -> None:
    bad = [({"name": 1}, "name"), ({}, "name"), ({"name": "Ok", "x": 1}, "x"), ({"name": "n" * 101}, "name")]
    for body, field in bad:
        status, refused = api("admin", "POST", "/teams", body)
        assert (status, list(refused["error"]["details"]["fields"])) == (400, [field])


def test_an_invitation_by_the_api_opens_a_page(api: Api, deployed: Deployed) -> None:
    roles = {r["name"]: r["roleId"] for r in api("admin", "GET", "/roles")[1]["items"]}
    body = {"email": "page@callers.example", "roleId": roles["SITE_VIEWER"]}
    status, made = api("admin", "POST", "/invitations", body)
    assert (status, made["emailStatus"]) == (201, "SENT")
    (link,) = deployed.json("local", "mail", "--to", "page@callers.example")["items"][-1]["links"]
    with urllib.request.urlopen(link, timeout=60) as page:
        assert page.headers["Content-Type"].startswith("text/html")
        assert "Join Callers" in page.read().decode()
    person = {"firstName": "P", "lastName": "Q", "password": "Correct-horse-7"}
    token = link.rsplit("/", 1)[-1]
    assert api(None, "POST", f"/v1/invitations/{token}/accept", person)[0] == 200
    status, used = api(None, "POST", f"/v1/invitations/{token}/accept", person)
    assert (status, used["error"]["code"]) == (400, "ALREADY_USED")
    assert deployed.token("page@callers.example")
