"""Every key string of the single table, and nothing else.

An item's keys are a plain mapping of attribute name to string: ``PK``, ``SK`` and, where the item is
indexed, ``GSI1PK`` … ``GSI5SK``. A function named after an entity returns all keys of such an item;
a function named ``…_key`` returns only ``PK`` and ``SK``, for reading; a function named after what it
finds (``teams_of_user``) returns the partition key of the query that finds it.
"""

from __future__ import annotations

from typing import Final

Keys = dict[str, str]

PLATFORM: Final = "PLATFORM"
"""The literal organisation of everything that belongs to no tenant."""

METADATA: Final = "METADATA"

ROLE_PREFIX: Final = "ROLE#"
TEAM_PREFIX: Final = "TEAM#"
TEAM_ROLE_PREFIX: Final = "TEAMROLE#"
USER_PREFIX: Final = "USER#"
MEMBER_PREFIX: Final = "MEMBER#"
INVITATION_PREFIX: Final = "INV#"
PERMISSION_PREFIX: Final = "PERM#"
PERMISSION_SET_PREFIX: Final = "PERMSET#"
EVENT_PREFIX: Final = "EVENT#"
ARCHIVED_PREFIX: Final = "ARCHIVED#"
ORGANISATION_PREFIX: Final = "ORG#"


def owner(org_id: str) -> str:
    """The partition of an organisation, or of the platform: ``ORG#{orgId}`` or ``PLATFORM``."""
    return PLATFORM if org_id == PLATFORM else f"ORG#{org_id}"


def _flag(active: bool) -> str:
    return "true" if active else "false"


def _key(pk: str, sk: str) -> Keys:
    return {"PK": pk, "SK": sk}


def _index(number: int, pk: str, sk: str) -> Keys:
    return {f"GSI{number}PK": pk, f"GSI{number}SK": sk}


# --- organisations -------------------------------------------------------------------------------


def organisation_key(org_id: str) -> Keys:
    return _key(f"ORG#{org_id}", METADATA)


def organisation(org_id: str, name: str) -> Keys:
    return organisation_key(org_id) | _index(1, organisations(), f"ORG#{name}#{org_id}")


def organisations() -> str:
    """GSI1 partition of all organisations, by name."""
    return "ORGANISATIONS"


def organisation_name_key(folded_name: str) -> Keys:
    """Guard: one organisation of a name."""
    return _key(f"ORGNAME#{folded_name}", METADATA)


# --- permissions and permission sets -------------------------------------------------------------


def permission_key(permission_id: str) -> Keys:
    return _key(f"PERM#{permission_id}", METADATA)


def permission(permission_id: str, category: str) -> Keys:
    return permission_key(permission_id) | _index(1, permissions_of_category(category), f"PERM#{permission_id}")


def permissions_of_category(category: str) -> str:
    return f"CATEGORY#{category}"


def permission_set_key(org_id: str, set_id: str) -> Keys:
    return _key(owner(org_id), f"PERMSET#{set_id}")


def permission_set(org_id: str, set_id: str, active: bool, date_created: str) -> Keys:
    return (
        permission_set_key(org_id, set_id)
        | _index(1, permission_sets(org_id), f"PERMSET#{date_created}")
        | _index(2, f"PERMSET#ACTIVE#{_flag(active)}", f"ORG#{org_id}#{date_created}")
    )


def permission_sets(org_id: str) -> str:
    """GSI1 partition of an organisation's permission sets, by date."""
    return f"ORG#{org_id}"


# --- roles ---------------------------------------------------------------------------------------


def role_key(org_id: str, role_id: str) -> Keys:
    return _key(owner(org_id), f"ROLE#{role_id}")


def role(org_id: str, role_id: str, active: bool, name: str) -> Keys:
    return role_key(org_id, role_id) | _index(1, by_active(org_id, active), f"ROLE#{name}")


def by_active(org_id: str, active: bool) -> str:
    """GSI1 partition of an organisation's roles, teams and team roles, by name."""
    return f"{owner(org_id)}#ACTIVE#{_flag(active)}"


def assignments_of_user(org_id: str, user_id: str) -> str:
    return f"ORG#{org_id}#USER#{user_id}"


def assignments_of_role(org_id: str, role_id: str) -> str:
    return f"ORG#{org_id}#ROLE#{role_id}"


def assignment_key(org_id: str, user_id: str, role_id: str) -> Keys:
    return _key(assignments_of_user(org_id, user_id), f"ROLE#{role_id}")


def assignment(org_id: str, user_id: str, role_id: str) -> Keys:
    """GSI3 lets one query find all that a user holds, in every organisation and on the platform."""
    return (
        assignment_key(org_id, user_id, role_id)
        | _index(1, assignments_of_role(org_id, role_id), f"USER#{user_id}")
        | _index(3, everything_of_user(user_id), f"ORG#{org_id}#ROLE#{role_id}")
    )


# --- teams ---------------------------------------------------------------------------------------


def team_key(org_id: str, team_id: str) -> Keys:
    return _key(f"ORG#{org_id}", f"TEAM#{team_id}")


def team(org_id: str, team_id: str, active: bool, name: str, division_id: str | None) -> Keys:
    found = team_key(org_id, team_id) | _index(1, by_active(org_id, active), f"TEAM#{name}")
    if division_id is None:
        return found
    return found | _index(2, f"ORG#{org_id}#DIV#{division_id}", f"TEAM#{team_id}")


def team_role_key(org_id: str, team_role_id: str) -> Keys:
    return _key(f"ORG#{org_id}", f"TEAMROLE#{team_role_id}")


def team_role(org_id: str, team_role_id: str, active: bool, name: str) -> Keys:
    return team_role_key(org_id, team_role_id) | _index(1, by_active(org_id, active), f"TEAMROLE#{name}")


def members_of_team(org_id: str, team_id: str) -> str:
    return f"ORG#{org_id}#TEAM#{team_id}"


def members_by_team_role(org_id: str, team_id: str, team_role_id: str) -> str:
    return f"ORG#{org_id}#TEAM#{team_id}#ROLE#{team_role_id}"


def member_key(org_id: str, team_id: str, user_id: str) -> Keys:
    return _key(members_of_team(org_id, team_id), f"MEMBER#{user_id}")


def member(org_id: str, team_id: str, user_id: str, team_role_id: str) -> Keys:
    return (
        member_key(org_id, team_id, user_id)
        | _index(2, members_by_team_role(org_id, team_id, team_role_id), f"MEMBER#{user_id}")
        | _index(3, everything_of_user(user_id), f"ORG#{org_id}#TEAM#{team_id}")
    )


# --- users ---------------------------------------------------------------------------------------


def user_key(org_id: str, user_id: str) -> Keys:
    return _key(f"ORG#{org_id}", f"USER#{user_id}")


def user(org_id: str, user_id: str, email: str) -> Keys:
    return (
        user_key(org_id, user_id)
        | _index(2, by_email(email), f"ORG#{org_id}#USER")
        | _index(3, everything_of_user(user_id), f"ORG#{org_id}#USER")
    )


def everything_of_user(user_id: str) -> str:
    """GSI3 partition of a user's profiles, role assignments and team memberships."""
    return f"USER#{user_id}"


def by_email(email: str) -> str:
    """GSI2 partition of a person's profiles and invitations, by address."""
    return f"EMAIL#{email}"


def user_email_key(org_id: str, email: str) -> Keys:
    """Guard: one profile of an address in an organisation."""
    return _key(f"ORG#{org_id}", f"UNIQUE#USER#{email}")


# --- invitations ---------------------------------------------------------------------------------


def invitation_key(org_id: str, invitation_id: str) -> Keys:
    return _key(f"ORG#{org_id}", f"INV#{invitation_id}")


def invitations_by_status(org_id: str, status: str) -> str:
    return f"ORG#{org_id}#STATUS#{status}"


def expiring_after(moment: str) -> tuple[str, str]:
    """Where the invitations of a status that expire after a moment are, from and to: ``{expiresAt}#{invitationId}``."""
    return f"{moment}#~", "~"


def invitation(org_id: str, invitation_id: str, status: str, expires_at: str, email: str, date_created: str) -> Keys:
    return (
        invitation_key(org_id, invitation_id)
        | _index(1, invitations_by_status(org_id, status), f"{expires_at}#{invitation_id}")
        | _index(2, by_email(email), f"ORG#{org_id}#{date_created}")
    )


def invitation_token_key(token_hash: str) -> Keys:
    return _key(f"INVTOKEN#{token_hash}", METADATA)


def pending_invitation_key(org_id: str, email: str) -> Keys:
    """Guard: one pending invitation of an address in an organisation."""
    return _key(f"ORG#{org_id}", f"UNIQUE#PENDING#{email}")


def account_claim_key(email: str) -> Keys:
    """Lease: one acceptance at a time works on the account of an address, in whatever organisation."""
    return _key(f"ACCOUNT#{email}", "CLAIM")


# --- guards and limits ---------------------------------------------------------------------------


def unique_name_key(org_id: str, kind: str, folded_name: str) -> Keys:
    """Guard: one ``ROLE``, ``TEAM``, ``TEAMROLE`` or ``PERMSET`` of a name in an organisation."""
    return _key(owner(org_id), f"UNIQUE#{kind}#{folded_name}")


def rate_key(scope: str, window: str) -> Keys:
    """Counter of a limit: ``scope`` says of what, ``window`` which minute."""
    return _key(f"RATE#{scope}", f"WINDOW#{window}")


# --- audit ---------------------------------------------------------------------------------------


def audit_head_key(org_id: str) -> Keys:
    """The head of an organisation's chain: its last sequence and hash."""
    return _key(f"ORG#{org_id}", "AUDITHEAD")


def archive_head_key(org_id: str) -> Keys:
    """How far the archive of an organisation's trail has come."""
    return _key(f"ORG#{org_id}", "ARCHIVEHEAD")


def archived_parts(org_id: str) -> str:
    return f"ORG#{org_id}"


def archived_part(org_id: str, day: str, part: int) -> Keys:
    """A day, or a later part of it, that is in the archive."""
    return _key(f"ORG#{org_id}", f"{ARCHIVED_PREFIX}{day}#{part:04}")


def events_of_day(org_id: str, day: str) -> str:
    return f"ORG#{org_id}#DATE#{day}"


def events_of_user(user_id: str) -> str:
    return f"USER#{user_id}"


def events_of_type(org_id: str, event_type: str) -> str:
    return f"ORG#{org_id}#TYPE#{event_type}"


def event(org_id: str, user_id: str, event_type: str, timestamp: str, event_id: str) -> Keys:
    """``timestamp`` is ISO 8601 UTC with milliseconds; its first ten characters are the day."""
    return (
        _key(events_of_day(org_id, timestamp[:10]), f"EVENT#{timestamp}#{event_id}")
        | _index(4, events_of_user(user_id), f"{timestamp}#{event_id}")
        | _index(5, events_of_type(org_id, event_type), f"{timestamp}#{event_id}")
    )


# --- migrations ----------------------------------------------------------------------------------

MIGRATIONS: Final = "MIGRATIONS"
"""The partition of the migrations' own records."""


def migration_key(number: int) -> Keys:
    """What is known of a migration: begun, done or taken back, by whom, with what counts."""
    return _key(MIGRATIONS, f"NUMBER#{number:04d}")


def migration_checkpoint_key(number: int, segment: int) -> Keys:
    """How far the copying of one segment of the source has come."""
    return _key(MIGRATIONS, f"CHECKPOINT#{number:04d}#{segment:04d}")


def migration_lease_key() -> Keys:
    """Lease: one operator at a time migrates."""
    return _key(MIGRATIONS, "LEASE")
