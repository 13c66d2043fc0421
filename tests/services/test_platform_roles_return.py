"""Roles of the platform come back to who was deactivated by the word of the platform alone."""

from __future__ import annotations

import pytest

from bbws_access.access.actor import Origin
from bbws_access.access.principal import PrincipalLoader
from bbws_access.errors import Conflict, Denied
from bbws_access.keys import PLATFORM
from bbws_access.models.invitation import NewInvitation
from bbws_access.models.organisation import Organisation
from bbws_access.models.user import User
from tests.access.people import People
from tests.conftest import Platform
from tests.services import staff
from tests.services.holders import holder

pytestmark = pytest.mark.slow

ADMIN = "org:read org:update org:user:manage user:* team:* role:* permission:* site:* invitation:* audit:read"


@pytest.fixture
def org(platform: Platform) -> Organisation:
    return platform.organisation()


@pytest.fixture
def role_id(platform: Platform) -> str:
    return People(platform).role(PLATFORM, ["*:*"])


@pytest.fixture
def former(platform: Platform, org: Organisation, role_id: str) -> User:
    """An administrator of the platform who was deactivated, and not offboarded."""
    user = staff.joined(platform, org)
    org_id = org.organisation_id
    platform.services.role_assignments.assign_platform(platform.operator, org_id, user.user_id, role_id)
    return platform.services.users.deactivate(platform.operator, org_id, user.user_id)


def test_an_organisation_does_not_give_them_back_with_a_reactivation(
    platform: Platform, org: Organisation, former: User
) -> None:
    users, before = platform.services.users, platform.items()
    with pytest.raises(Denied) as refused:
        users.reactivate(holder(org.organisation_id, ADMIN), org.organisation_id, former.user_id)
    assert refused.value.code == "PRIVILEGE_BOUNDARY"
    assert platform.items() == before
    assert users.reactivate(platform.operator, org.organisation_id, former.user_id).active


def test_an_organisation_does_not_give_them_back_by_an_invitation(
    platform: Platform, org: Organisation, former: User, role_id: str
) -> None:
    other = platform.organisation("Other").organisation_id
    viewer = platform.services.roles.find(platform.operator, other, "SITE_VIEWER")
    invitation = NewInvitation(email=former.email, role_id=viewer.role_id)
    platform.services.invitations.create(holder(other, ADMIN), other, invitation)
    accept, token = platform.services.accept_invitation.accept, platform.ids.tokens[-1]
    before = platform.items()

    with pytest.raises(Conflict) as refused:
        accept(token, None, Origin())
    assert refused.value.code == "ACCOUNT_DEACTIVATED"
    assert platform.items() == before
    assert not platform.directory.accounts[former.email].enabled

    platform.services.role_assignments.revoke(platform.operator, PLATFORM, former.user_id, role_id)
    assert accept(token, None, Origin()).user.active
    loader = PrincipalLoader(platform.table, platform.clock)
    actor = loader.load(former.user_id, org.organisation_id, or_elsewhere=True).actor
    assert (actor.organisation_id, actor.platform_permissions) == (other, frozenset())


def test_who_is_active_somewhere_keeps_them_and_joins_another(
    platform: Platform, org: Organisation, role_id: str
) -> None:
    user, org_id = staff.joined(platform, org), org.organisation_id
    platform.services.role_assignments.assign_platform(platform.operator, org_id, user.user_id, role_id)
    assert staff.joined(platform, platform.organisation("Other"), user.email, "SITE_VIEWER").active
