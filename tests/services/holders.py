"""Users who hold what a test says that they hold."""

from __future__ import annotations

from bbws_access.access.actor import Actor, ActorKind
from bbws_access.clock import iso
from bbws_access.models.organisation import Organisation
from bbws_access.models.user import User
from bbws_access.store.writes import Put
from tests.conftest import Platform


def holder(org_id: str, grants: str, user_id: str = "u-caller", *, team: str = "") -> Actor:
    """A user of the organisation; ``grants`` and ``team`` (for their teams alone) are words."""
    return Actor(
        user_id,
        f"{user_id}@example.com",
        ActorKind.USER,
        org_id,
        frozenset(grants.split()),
        team_permissions=frozenset(team.split()),
        team_capabilities={"t-1": frozenset()},
    )


def tenant(platform: Platform, name: str = "Acme") -> str:
    """An organisation's item and nothing beside it; returns its id."""
    now = iso(platform.clock.now())
    org_id = f"org-{name.lower()}"
    organisation = Organisation(
        organisation_id=org_id,
        name=name,
        date_created=now,
        created_by="ops@example.com",
        date_last_updated=now,
        last_updated_by="ops@example.com",
    )
    platform.table.write(Put(organisation.to_item()))
    return org_id


def member(platform: Platform, org_id: str, user_id: str, *, active: bool = True) -> User:
    """A profile, written as it is."""
    now = iso(platform.clock.now())
    user = User(
        user_id=user_id,
        organisation_id=org_id,
        email=f"{user_id}@example.com",
        first_name="First",
        last_name="Last",
        active=active,
        date_created=now,
        created_by="ops@example.com",
        date_last_updated=now,
        last_updated_by="ops@example.com",
    )
    platform.table.write(Put(user.to_item()))
    return user
