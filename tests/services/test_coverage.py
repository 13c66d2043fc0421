"""Routes, permissions and roles that do not fit together are named; what the seed makes does fit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bbws_access.catalogue import ENDPOINTS
from bbws_access.defaults import PERMISSIONS
from bbws_access.models.kinds import Scope
from bbws_access.models.role import Role
from bbws_access.services.coverage import Gap, uncovered

KNOWN = [permission.id for permission in PERMISSIONS]
STAMPS = {"date_created": "t", "created_by": "ops", "date_last_updated": "t", "last_updated_by": "ops"}


def role(*grants: str) -> Role:
    return Role(
        role_id="r", organisation_id="org-1", name="OWN", display_name="Own", scope=Scope.ORGANISATION,
        permissions=frozenset(grants), **STAMPS,
    )  # fmt: skip


def test_what_is_delivered_needs_no_attention() -> None:
    found = list(uncovered(ENDPOINTS, KNOWN, [role("*:*", "team:*", "site:read")]))
    assert [one for one in found if one.needs_attention] == []
    open_routes = [one.subject for one in found if one.gap is Gap.OPEN_ROUTE]
    assert len(open_routes) == 7
    assert "POST /v1/invitations/{token}/accept" in open_routes


def test_a_permission_that_only_the_sites_ask_for_guards_nothing_here() -> None:
    assert "site:publish" in {o.subject for o in uncovered(ENDPOINTS, KNOWN, []) if o.gap is Gap.GUARDS_NOTHING}


@pytest.mark.parametrize("grant", ["site:fly", "nothing:*", "team:member:promote"])
def test_a_role_that_grants_what_does_not_exist(grant: str) -> None:
    (found,) = [one for one in uncovered(ENDPOINTS, KNOWN, [role(grant, "site:read")]) if one.needs_attention]
    assert (found.gap, found.subject) == (Gap.GRANTS_NOTHING, "OWN")
    assert grant in found.says


def test_a_route_whose_permission_is_not_in_the_table() -> None:
    known = [permission for permission in KNOWN if permission != "audit:export"]
    (found,) = [one for one in uncovered(ENDPOINTS, known, []) if one.needs_attention]
    assert (found.gap, found.subject) == (Gap.UNKNOWN_PERMISSION, "POST /v1/audit/export")


def test_a_route_that_forgot_its_permission() -> None:
    forgetful = [replace(f, permission=None) if f.name == "role-create-role" else f for f in ENDPOINTS]
    (found,) = [one for one in uncovered(forgetful, KNOWN, []) if one.needs_attention]
    assert found.gap is Gap.UNGUARDED_ROUTE
