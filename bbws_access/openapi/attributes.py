"""The API's attributes: what each means, and what it looks like. A name means the same everywhere."""

from __future__ import annotations

from typing import Any, Final

Attribute = tuple[str, Any]
"""What it means, for people, and a sample."""

_ORG: Final = "org-5f0c3c57-9c0f-4c55-8a35-0f5b7f6b0c11"
_TEAM: Final = "0d8a2f5e-6f55-4c3a-9a43-3c1f6f2c7b10"
_TEAM_ROLE: Final = "7c3b9b1a-0f0e-4a9d-8d57-52f5a4a0f6d2"
_ROLE: Final = "role-1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"
_USER: Final = "c2f5a4d4-3011-70c5-9ad6-4c1ad1b6a001"
_EARLIER: Final = "2026-03-02T09:30:00.000Z"
_LATER: Final = "2026-03-09T09:30:00.000Z"
_ADMIN: Final = "naledi@example.com"
_HASH: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

ATTRIBUTES: Final[dict[str, Attribute]] = {
    "action": ("What was done.", "role.create"),
    "active": ("Whether it is in force. Nothing is deleted: it is made inactive.", True),
    "addedBy": ("Who added them.", _ADMIN),
    "answerEmailStatus": ("FAILED where the inviter could not be told of the answer.", "FAILED"),
    "archivedDays": ("Days that have left the table, and were read from the archive.", 0),
    "byAction": ("Events by action.", {"role.create": 3, "team.create": 2}),
    "byDay": ("Events by day, in UTC.", {"2026-03-02": 5}),
    "byOutcome": ("Events by outcome.", {"SUCCESS": 5}),
    "byType": ("Events by type.", {"CONFIGURATION": 2, "ROLE_CHANGE": 3}),
    "capabilities": ("What a member may do inside the team.", ["CAN_VIEW_MEMBERS", "CAN_VIEW_SITES"]),
    "category": ("What it is about.", "SITE"),
    "complete": ("Whether all events of the range were counted.", True),
    "count": ("How many there are.", 5),
    "createdBy": ("Who made it.", _ADMIN),
    "dateCreated": ("When it was made.", _EARLIER),
    "dateLastUpdated": ("When it was last changed.", _EARLIER),
    "description": ("What it is for.", "May publish what others have written."),
    "details": ("What changed: before and after.", {"after": {"name": "SITE_PUBLISHER"}}),
    "displayName": ("Its name for people.", "Site publisher"),
    "divisionId": ("The division that the team belongs to.", "emea.web"),
    "email": ("Address; its case does not matter.", "thandi@example.com"),
    "emailStatus": ("What became of the email.", "SENT"),
    "eventHash": ("SHA-256 of the event, in hex.", _HASH),
    "eventId": ("Sorts by time.", "01JNB3ZK7Q9V4S8M2T6W0X1Y5C"),
    "eventType": ("What kind of event it is.", "ROLE_CHANGE"),
    "expiresAt": ("When it runs out.", _LATER),
    "exportId": ("Id of the export.", "01JNB3ZK7Q9V4S8M2T6W0X1Y5D"),
    "firstName": ("Given name.", "Thandi"),
    "format": ("File format.", "csv"),
    "from": ("The range begins here.", _EARLIER),
    "invitationId": ("Id of the invitation.", "b6c1f1c0-8f4c-4e0f-a5b9-6f1c6d1a9e77"),
    "inviterEmail": ("Who invites.", _ADMIN),
    "ipAddress": ("Where the request came from.", "192.0.2.10"),
    "isDefault": ("Whether every organisation has it from the start; such a one keeps its name.", False),
    "isSystem": ("Whether it belongs to the platform; such a one cannot be changed.", False),
    "joinedAt": ("When they joined.", _EARLIER),
    "lastName": ("Family name.", "Nkosi"),
    "lastUpdatedBy": ("Who changed it last.", _ADMIN),
    "leadCount": ("Members who lead the team.", 1),
    "location": ("Where the file lies.", f"s3://bucket/exports/{_ORG}/2026-03-02/01JNB3ZK7Q9V4S8M2T6W0X1Y5D.csv"),
    "memberCount": ("Members of the team.", 4),
    "message": ("A personal line in the email.", "Welcome to the web team!"),
    "name": ("Its name; unique in the organisation.", "SITE_PUBLISHER"),
    "newUser": ("Whether accepting makes an account, and so needs a name and a password.", True),
    "organisationId": ("Id of the organisation; `PLATFORM` for what belongs to the platform.", _ORG),
    "organisationName": ("Name of the organisation.", "Acme"),
    "outcome": ("How it ended.", "SUCCESS"),
    "password": (
        "8 to 128 characters, with an upper-case and a lower-case letter, a digit and another sign.",
        "Correct-horse-7",
    ),
    "permissionId": ("`resource:action`.", "site:publish"),
    "permissions": (
        "What it allows: permissions, or wildcards such as `site:*`, which cover all below them.",
        ["site:publish", "site:read"],
    ),
    "previousHash": ("The `eventHash` of the event before; 64 zeros for the first.", "0" * 64),
    "priority": ("Orders roles for people, 1 first.", 100),
    "reached": ("How far counting came, where it is not complete.", _LATER),
    "requestId": ("Id of the request.", "4c0f2d7e-3b1a-4d7c-9a57-1f9f0a2b3c4d"),
    "resendCount": ("How often it was sent again.", 0),
    "resource": ("What the permission is about.", "site"),
    "resourceId": ("Id of what it happened to.", _ROLE),
    "resourceType": ("What kind of thing it happened to.", "role"),
    "roleId": ("Id of the role.", _ROLE),
    "roleName": ("Name of the role.", "SITE_PUBLISHER"),
    "scope": ("How far it reaches: the organisation, the holder's teams, or the platform.", "ORGANISATION"),
    "sequence": ("Place in the organisation's trail, from 1; absent on decisions.", 1),
    "setId": ("Id of the permission set.", "e7d5a8de-3b8e-4f2e-8b8a-5b0f9c3a2f14"),
    "sha256": ("SHA-256 of the file, in hex.", _HASH),
    "siteCount": ("Sites of the team.", 0),
    "size": ("Bytes.", 1532),
    "sortOrder": ("Orders team roles for people, 1 first.", 100),
    "status": ("Where the invitation stands.", "PENDING"),
    "teamId": ("Id of the team.", _TEAM),
    "teamName": ("Name of the team.", "Web"),
    "teamRoleId": ("Id of the team role.", _TEAM_ROLE),
    "teamRoleName": ("Name of the team role.", "MEMBER"),
    "timestamp": ("When it happened.", _EARLIER),
    "to": ("The range ends here, which is not part of it.", _LATER),
    "type": ("Only events of this type.", "ROLE_CHANGE"),
    "url": ("Where the file can be fetched.", "https://example.com/exports/audit.csv"),
    "userAgent": ("What program the caller used.", "curl/8.9.1"),
    "userCount": ("Users who hold it.", 0),
    "userEmail": ("Address of the user.", "thandi@example.com"),
    "userId": ("Id of the user.", _USER),
    "version": ("Goes up with every change. Sent with one, it must be what the caller has seen.", 1),
}

SAMPLES: Final[dict[str, dict[str, Any]]] = {
    "Acceptance": {},
    "Answered": {"status": "ACCEPTED"},
    "MemberChanges": {"teamRoleId": _TEAM_ROLE},
    "NewPermissionSet": {"name": "Publishing"},
    "NewTeam": {"name": "Web", "description": "Builds the site."},
    "NewTeamRole": {"name": "REVIEWER", "displayName": "Reviewer", "description": "Looks at what others did."},
    "Permission": {"name": "Site Publish", "description": "Publish a site.", "action": "publish", "isSystem": True},
    "PermissionSet": {"name": "Publishing"},
    "PermissionSetChanges": {"permissions": ["site:*"], "version": 1},
    "Revocation": {"status": "REVOKED"},
    "RoleChanges": {"displayName": "Publisher", "version": 1},
    "RolePermissions": {"permissions": ["site:*"], "version": 1},
    "Team": {"name": "Web", "description": "Builds the site."},
    "TeamChanges": {"name": "Website", "version": 1},
    "TeamRole": {"name": "REVIEWER", "displayName": "Reviewer", "description": "Looks at what others did."},
    "TeamRoleChanges": {"capabilities": ["CAN_VIEW_MEMBERS", "CAN_EDIT_SITES"], "version": 1},
    "Transfer": {"teamId": "5a0f2a7c-9f0d-4f5b-8b3e-7d2c1e6f9a08", "version": 1},
}
"""By schema: samples that differ from the attribute's own. Of changes, they are all that is sent."""

PARTIAL: Final = frozenset(
    {
        "MemberChanges",
        "PermissionSetChanges",
        "RoleChanges",
        "RolePermissions",
        "TeamChanges",
        "TeamRoleChanges",
        "Transfer",
    }
)
"""Schemas of which an example shows nothing but its samples."""

PATH_PARAMETERS: Final[dict[str, str]] = {
    "orgId": "organisationId",
    "permissionId": "permissionId",
    "setId": "setId",
    "invitationId": "invitationId",
    "teamId": "teamId",
    "teamRoleId": "teamRoleId",
    "userId": "userId",
    "roleId": "roleId",
}
"""Path parameter to the attribute that it is the value of."""
