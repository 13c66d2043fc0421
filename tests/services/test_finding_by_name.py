"""Things found by what people call them; and an organisation that gets another name."""

from __future__ import annotations

import pytest

from bbws_access import keys
from bbws_access.errors import AccessError, Conflict, Denied, InvalidInput, NotFound
from bbws_access.keys import PLATFORM
from bbws_access.models.organisation import NewOrganisation, Organisation, OrganisationChanges
from bbws_access.models.permission import NewPermissionSet
from tests.conftest import Platform
from tests.services import staff
from tests.services.holders import holder

pytestmark = pytest.mark.slow


@pytest.fixture
def org(platform: Platform) -> Organisation:
    platform.services.seeder.seed(platform.operator)
    return platform.organisation()


def test_users_of_a_name(platform: Platform, org: Organisation) -> None:
    users, one = platform.services.users, staff.joined(platform, org)
    other = staff.joined(platform, org, "li@example.com", "SITE_VIEWER")
    found = users.named(platform.operator, org.organisation_id, "  thandi   NKOSI ")
    assert {user.user_id for user in found} == {one.user_id, other.user_id}
    assert users.named(platform.operator, org.organisation_id, "Thandi") == []
    several = users.several(platform.operator, org.organisation_id, [one.user_id, "nobody"])
    assert [user.email for user in several] == [one.email]
    for asked in (
        lambda: users.named(holder("org-other", "user:read"), org.organisation_id, "Thandi Nkosi"),
        lambda: users.several(holder(org.organisation_id, "team:*"), org.organisation_id, [one.user_id]),
    ):
        with pytest.raises(Denied):
            asked()


def test_invitations_of_an_address(platform: Platform, org: Organisation) -> None:
    invitations, org_id = platform.services.invitations, org.organisation_id
    first, _ = platform.invite(org, "li@example.com")
    invitations.revoke(platform.operator, org_id, first.invitation_id)
    platform.clock.advance(hours=1)
    second, _ = platform.invite(org, "li@example.com")
    platform.invite(platform.organisation("Globex"), "li@example.com")
    staff.joined(platform, org)  # a profile lies in the same index as invitations
    found = invitations.of_email(platform.operator, org_id, " LI@example.com ")
    assert [one.invitation_id for one in found] == [first.invitation_id, second.invitation_id]
    assert len(invitations.of_email(platform.operator, org_id, "thandi@example.com")) == 1
    assert invitations.of_email(platform.operator, org_id, "nobody@example.com") == []
    with pytest.raises(Denied):
        invitations.of_email(holder(org_id, "user:*"), org_id, "li@example.com")


def test_permission_sets_of_the_organisation_and_of_the_platform(platform: Platform, org: Organisation) -> None:
    sets, org_id, who = platform.services.permission_sets, org.organisation_id, platform.operator
    assert sets.find(who, org_id, "viewer").set_id == "permset-viewer"
    assert sets.find(who, PLATFORM, "Viewer").set_id == "permset-viewer"
    request = NewPermissionSet(name="VIEWER", description="Of the same name.", permissions=frozenset({"site:read"}))
    own = sets.create(who, org_id, request)
    with pytest.raises(InvalidInput) as refused:
        sets.find(who, org_id, "Viewer")
    assert refused.value.code == "AMBIGUOUS_NAME"
    assert sorted(refused.value.details["candidates"]) == sorted(
        [f"{own.set_id} (organisation)", "permset-viewer (platform)"]
    )
    assert sets.find(who, org_id, own.set_id) == own
    assert sets.find(who, org_id, "permset-viewer").is_system
    with pytest.raises(NotFound):
        sets.find(who, org_id, "nothing")
    with pytest.raises(Denied):
        sets.find(holder(org_id, "role:*"), org_id, "Viewer")


@pytest.mark.parametrize("name", ["team:member:add", "Team Member Add", " TEAM member ADD ", "TEAM:MEMBER:ADD"])
def test_permissions(platform: Platform, org: Organisation, name: str) -> None:
    assert platform.services.permissions.find(platform.operator, name).permission_id == "team:member:add"


@pytest.mark.parametrize("name", ["", "team", "site:*", "x" * 900, "\x00"])
def test_no_such_permission(platform: Platform, org: Organisation, name: str) -> None:
    with pytest.raises(NotFound):
        platform.services.permissions.find(platform.operator, name)


def rename(platform: Platform, org: Organisation, name: str, version: int | None = None) -> Organisation:
    given = {"name": name} | ({} if version is None else {"version": version})
    return platform.services.organisations.update(
        platform.operator, org.organisation_id, OrganisationChanges.model_validate(given)
    )


def test_an_organisation_gets_another_name_and_keeps_its_id(platform: Platform, org: Organisation) -> None:
    organisations, who = platform.services.organisations, platform.operator
    renamed = rename(platform, org, "Acme Ltd", version=1)
    assert (renamed.organisation_id, renamed.name, renamed.version) == (org.organisation_id, "Acme Ltd", 2)
    assert organisations.find(who, "ACME ltd") == renamed
    with pytest.raises(NotFound):
        organisations.find(who, "Acme")
    assert organisations.create(who, NewOrganisation(name="Acme")).organisation_id != org.organisation_id
    (event,) = [i for i in platform.items() if i.get("action") == "organisation.update"]
    assert event["details"] == {"before": {"name": "Acme"}, "after": {"name": "Acme Ltd"}}
    listed = [i["GSI1SK"] for i in platform.items() if i.get("GSI1PK") == keys.organisations()]
    assert f"ORG#Acme Ltd#{org.organisation_id}" in listed


def test_a_name_that_differs_in_case_only_is_no_other_name(platform: Platform, org: Organisation) -> None:
    assert rename(platform, org, "ACME").name == "ACME"
    assert rename(platform, org, "ACME").version == 2
    assert platform.services.organisations.find(platform.operator, "acme").name == "ACME"


def test_a_rename_that_loses(platform: Platform, org: Organisation) -> None:
    platform.organisation("Globex")
    before = platform.items()
    for attempt, code in (
        (lambda: rename(platform, org, "globex"), "ORGANISATION_EXISTS"),
        (lambda: rename(platform, org, "New", version=7), "CONFLICT"),
    ):
        with pytest.raises(Conflict) as refused:
            attempt()
        assert refused.value.code == code
    with pytest.raises(AccessError):
        platform.services.organisations.update(
            holder(org.organisation_id, "org:read"), org.organisation_id, OrganisationChanges(name="Mine")
        )
    assert sorted(map(str, platform.items())) == sorted(map(str, before))
