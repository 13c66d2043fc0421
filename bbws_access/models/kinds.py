"""The closed vocabularies of the records. Nothing heavy is imported here: options and authorizer use it too."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """How far a role or a set reaches."""

    PLATFORM = "PLATFORM"
    ORGANISATION = "ORGANISATION"
    TEAM = "TEAM"


class Category(StrEnum):
    """What a permission is about."""

    SITE = "SITE"
    TEAM = "TEAM"
    ORGANISATION = "ORGANISATION"
    INVITATION = "INVITATION"
    ROLE = "ROLE"
    AUDIT = "AUDIT"
    USER = "USER"
    PERMISSION = "PERMISSION"
    BILLING = "BILLING"


class Capability(StrEnum):
    """What a team role lets a member do inside the team."""

    MANAGE_MEMBERS = "CAN_MANAGE_MEMBERS"
    UPDATE_TEAM = "CAN_UPDATE_TEAM"
    VIEW_MEMBERS = "CAN_VIEW_MEMBERS"
    VIEW_SITES = "CAN_VIEW_SITES"
    EDIT_SITES = "CAN_EDIT_SITES"
    DELETE_SITES = "CAN_DELETE_SITES"
    VIEW_AUDIT = "CAN_VIEW_AUDIT"


class InvitationStatus(StrEnum):
    """PENDING leads to each of the others; they are final."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


class EmailStatus(StrEnum):
    """What became of the invitation's email."""

    QUEUED = "QUEUED"
    SENT = "SENT"
    FAILED = "FAILED"


class EventType(StrEnum):
    """The seven types of the audit contract."""

    AUTHORIZATION = "AUTHORIZATION"
    PERMISSION_CHANGE = "PERMISSION_CHANGE"
    USER_MANAGEMENT = "USER_MANAGEMENT"
    TEAM_MEMBERSHIP = "TEAM_MEMBERSHIP"
    ROLE_CHANGE = "ROLE_CHANGE"
    INVITATION = "INVITATION"
    CONFIGURATION = "CONFIGURATION"


class Outcome(StrEnum):
    """How it ended."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    DENIED = "DENIED"


class ExportFormat(StrEnum):
    """Formats of an export through the API, as its contract names them."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"


class FileFormat(StrEnum):
    """File formats of an export: the API's, and what the command line can write besides."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    PARQUET = "parquet"


class LockMode(StrEnum):
    """How S3 keeps an archived object: prod's is lifted by nobody, not even the account's root."""

    GOVERNANCE = "GOVERNANCE"
    COMPLIANCE = "COMPLIANCE"
