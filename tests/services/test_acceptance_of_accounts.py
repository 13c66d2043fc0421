"""Accepting with an account that is there already: whose it is, and what still hangs on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bbws_access.access.actor import Origin
from bbws_access.errors import Conflict
from bbws_access.models.kinds import InvitationStatus
from bbws_access.models.role import RoleChanges
from tests.conftest import Platform
from tests.services import staff

pytestmark = pytest.mark.slow

EMAIL = "thandi@example.com"
OTHER = staff.ACCEPTANCE.model_copy(update={"password": "Other-horse-8"})


def _just_before_the_claim(platform: Platform, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """``act`` runs when the next acceptance has looked at everything and is about to claim."""
    record = platform.ids.record

    def late() -> str:
        monkeypatch.setattr(platform.ids, "record", record)
        act()
        return record()

    monkeypatch.setattr(platform.ids, "record", late)


def _invited_twice(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> str:
    """The token of the second invitation, whose acceptance finds that the first was accepted just before."""
    first, second = platform.organisation("First"), platform.organisation("Second")
    _, token = platform.invite(first, EMAIL, role="SITE_VIEWER")
    _, other = platform.invite(second, EMAIL, role="SITE_VIEWER")
    accept = platform.services.accept_invitation.accept
    _just_before_the_claim(platform, monkeypatch, lambda: accept(token, staff.ACCEPTANCE, Origin()))
    return other


def test_the_password_of_who_became_a_member_a_moment_ago_stays(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = _invited_twice(platform, monkeypatch)
    accepted = platform.services.accept_invitation.accept(token, OTHER, Origin())
    assert accepted.user.user_id == platform.directory.accounts[EMAIL].user_id
    assert platform.directory.passwords == {EMAIL: staff.ACCEPTANCE.password}


def test_the_account_of_who_became_a_member_a_moment_ago_outlives_a_refusal(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = _invited_twice(platform, monkeypatch)
    invitation = platform.services.invitations.by_token(token)
    org_id, role_id = invitation.organisation_id, invitation.role_id
    platform.services.roles.update(platform.operator, org_id, role_id, RoleChanges(active=False))
    with pytest.raises(Conflict) as refused:
        platform.services.accept_invitation.accept(token, OTHER, Origin())
    assert refused.value.code == "ROLE_CHANGED"
    assert platform.directory.passwords == {EMAIL: staff.ACCEPTANCE.password}
    assert platform.services.invitations.by_token(token).status is InvitationStatus.PENDING


@pytest.mark.parametrize("named", [None, "org-nobody"])
def test_a_member_keeps_account_and_password_whatever_organisation_the_account_names(
    platform: Platform, named: str | None
) -> None:
    """Accounts of a pool that was there before name none, and an administrator of the pool can write anything."""
    member = staff.joined(platform, platform.organisation("First"))
    accounts = platform.directory.accounts
    accounts[EMAIL] = replace(accounts[EMAIL], organisation_id=named)
    _, token = platform.invite(platform.organisation("Second"), EMAIL, role="SITE_VIEWER")
    assert not platform.services.accept_invitation.open(token, Origin()).new_user
    accepted = platform.services.accept_invitation.accept(token, OTHER, Origin())
    assert accepted.user.user_id == member.user_id == accounts[EMAIL].user_id
    assert platform.directory.passwords == {EMAIL: staff.ACCEPTANCE.password}


def test_who_gives_their_account_the_address_of_somebody_who_is_invited_is_not_let_in(platform: Platform) -> None:
    """The user pool finds the account by its address, and the invited would let its owner in with their link."""
    other = staff.joined(platform, platform.organisation("First"), "mallory@example.com", "SITE_VIEWER")
    accounts = platform.directory.accounts
    accounts[EMAIL] = replace(accounts.pop(other.email), email=EMAIL)
    _, token = platform.invite(platform.organisation("Second"), EMAIL)
    before = platform.items()
    with pytest.raises(Conflict) as refused:
        platform.services.accept_invitation.accept(token, staff.ACCEPTANCE, Origin())
    assert refused.value.code == "ACCOUNT_OF_ANOTHER"
    assert platform.items() == before
    assert accounts[EMAIL].user_id == other.user_id
