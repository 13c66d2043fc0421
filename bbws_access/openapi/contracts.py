"""What each endpoint takes and answers, by its function's name.

Method, path and guard are the catalogue's. What is true of all endpoints of a kind (a list has
pages, a body may be wrong, an id may be unknown) follows from the contract and is not written here.
"""

from __future__ import annotations

from typing import Final

from bbws_access.catalogue import BY_NAME, Guard
from bbws_access.models import invitation as inv
from bbws_access.models import permission as perm
from bbws_access.models import role as roles
from bbws_access.models import team as teams
from bbws_access.models.audit import AuditEventView
from bbws_access.models.audit_questions import AuditSummary, Exported, ExportRequest
from bbws_access.models.kinds import Category, ExportFormat, InvitationStatus
from bbws_access.openapi.contract import ACTIVE, BOOLEAN, EVENTS, OWNER, RANGE, TYPE, Contract, QueryParameter, one_of
from bbws_access.openapi.problems import EVERYWHERE, GUARDED, PROBLEMS

_TRAIL: Final = "/v1/audit/organisations/{orgId}"
_GRANTS: Final = ("INVALID_PERMISSIONS", "PRIVILEGE_BOUNDARY")
_ACCEPTABLE: Final = ("ROLE_CHANGED", "TEAM_INACTIVE")
_TEAM_ROLE: Final = ("PRIVILEGE_BOUNDARY", "TEAM_ROLE_EXISTS", "CONFLICT")
_EDITED: Final = ("SYSTEM_READ_ONLY", "PRIVILEGE_BOUNDARY", "CONFLICT")
_JOINED: Final = ("USER_INACTIVE", "TEAM_INACTIVE", "ROLE_CHANGED", "ALREADY_MEMBER")
_PENDING: Final = ("INVITATION_NOT_FOUND", "ALREADY_USED", "INVITATION_EXPIRED", "INVITATION_REVOKED")
_BY_LINK: Final = (*_PENDING, "TOO_MANY_REQUESTS")
_RESENT: Final = (*_PENDING, *_ACCEPTABLE, "RESEND_LIMIT")

CONTRACTS: Final[dict[str, Contract]] = {
    "permission-list-permissions": Contract(
        "List the platform's permissions",
        perm.Permission,
        listed=True,
        filters=(QueryParameter("category", "Only permissions of this category.", one_of(Category)),),
    ),
    "permission-get-permission": Contract("Show a permission", perm.Permission, problems=("PERMISSION_NOT_FOUND",)),
    "permission-create-permission-set": Contract(
        "Create a permission set",
        perm.PermissionSet,
        request=perm.NewPermissionSet,
        status=201,
        problems=(*_GRANTS, "SYSTEM_READ_ONLY", "ORGANISATION_NOT_FOUND", "PERMISSION_SET_EXISTS", "CONFLICT"),
    ),
    "permission-list-permission-sets": Contract(
        "List the organisation's permission sets",
        perm.PermissionSet,
        listed=True,
        filters=(QueryParameter("active", "Only those that are active, or that are not.", BOOLEAN),),
    ),
    "permission-get-permission-set": Contract(
        "Show a permission set",
        perm.PermissionSet,
        problems=("PERMISSION_SET_NOT_FOUND",),
        description="Of the organisation, or of the platform.",
    ),
    "permission-update-permission-set": Contract(
        "Change a permission set",
        perm.PermissionSet,
        request=perm.PermissionSetChanges,
        problems=(*_EDITED, "INVALID_PERMISSIONS", "PERMISSION_SET_NOT_FOUND", "PERMISSION_SET_EXISTS"),
    ),
    "invitation-create-invitation": Contract(
        "Invite somebody",
        inv.InvitationView,
        request=inv.NewInvitation,
        status=201,
        problems=(
            "PRIVILEGE_BOUNDARY",
            "ORGANISATION_NOT_FOUND",
            "ORGANISATION_INACTIVE",
            "ROLE_NOT_FOUND",
            "TEAM_NOT_FOUND",
            *_ACCEPTABLE,
            "DUPLICATE_INVITATION",
            "ALREADY_MEMBER",
            "CONFLICT",
            "TOO_MANY_REQUESTS",
        ),
        description="They get an email with a link, which is valid for seven days. A mail that could not be sent is "
        "noted in `emailStatus`, and can be sent again.",
    ),
    "invitation-list-invitations": Contract(
        "List invitations",
        inv.InvitationView,
        listed=True,
        filters=(QueryParameter("status", "Only invitations in this state.", one_of(InvitationStatus)),),
    ),
    "invitation-get-invitation": Contract("Show an invitation", inv.InvitationView, problems=("INVITATION_NOT_FOUND",)),
    "invitation-resend-invitation": Contract(
        "Send an invitation again",
        inv.InvitationView,
        problems=(
            *_RESENT,
            "PRIVILEGE_BOUNDARY",
            "ORGANISATION_INACTIVE",
            "ROLE_NOT_FOUND",
            "TEAM_NOT_FOUND",
            "INVITATION_CHANGED",
            "CONFLICT",
        ),
        description="With a new link, valid for seven days from now; the earlier link stops working. At most 3 times.",
    ),
    "invitation-revoke-invitation": Contract(
        "Withdraw an invitation",
        inv.InvitationView,
        request=inv.Revocation,
        problems=(*_PENDING, "INVITATION_CHANGED", "CONFLICT"),
    ),
    "invitation-get-invitation-by-token": Contract(
        "See what an invitation's link leads to",
        inv.InvitedView,
        problems=_BY_LINK,
        description="The link's token is the key: no other is needed. 5 look-ups a minute from one address.",
    ),
    "invitation-accept-invitation": Contract(
        "Accept an invitation",
        inv.Answered,
        request=inv.Acceptance,
        request_required=False,
        relation="",
        problems=(
            *_BY_LINK,
            "ORGANISATION_INACTIVE",
            "INVITATION_CHANGED",
            "ACCOUNT_DEACTIVATED",
            "ACCOUNT_OF_ANOTHER",
            "ALREADY_MEMBER",
            *_ACCEPTABLE,
            "ROLE_NOT_FOUND",
            "TEAM_NOT_FOUND",
            "TEAM_ROLE_NOT_FOUND",
            "CONFLICT",
        ),
        description="Who has no account yet gives a name and a password; who has one sends no body.",
    ),
    "invitation-decline-invitation": Contract(
        "Decline an invitation",
        inv.Answered,
        relation="",
        problems=(*_BY_LINK, "INVITATION_CHANGED", "CONFLICT"),
        description="The inviter gets an email.",
    ),
    "team-create-team": Contract(
        "Create a team",
        teams.Team,
        request=teams.NewTeam,
        status=201,
        problems=("ORGANISATION_NOT_FOUND", "TEAM_EXISTS", "CONFLICT"),
    ),
    "team-list-teams": Contract("List teams", teams.Team, listed=True, filters=ACTIVE),
    "team-get-team": Contract("Show a team", teams.Team, problems=("TEAM_NOT_FOUND",)),
    "team-update-team": Contract(
        "Change a team",
        teams.Team,
        request=teams.TeamChanges,
        problems=("TEAM_NOT_FOUND", "TEAM_EXISTS", "CONFLICT"),
    ),
    "team-create-team-role": Contract(
        "Create a team role",
        teams.TeamRole,
        request=teams.NewTeamRole,
        status=201,
        problems=(*_TEAM_ROLE, "ORGANISATION_NOT_FOUND"),
    ),
    "team-list-team-roles": Contract("List team roles", teams.TeamRole, listed=True, filters=ACTIVE),
    "team-get-team-role": Contract("Show a team role", teams.TeamRole, problems=("TEAM_ROLE_NOT_FOUND",)),
    "team-update-team-role": Contract(
        "Change a team role",
        teams.TeamRole,
        request=teams.TeamRoleChanges,
        problems=(*_TEAM_ROLE, "TEAM_ROLE_NOT_FOUND", "TEAM_ROLE_IN_USE", "DEFAULT_ROLE_NAME"),
    ),
    "team-add-member": Contract(
        "Add a member to a team",
        teams.TeamMember,
        request=teams.NewMember,
        status=201,
        problems=(
            *_JOINED,
            "PRIVILEGE_BOUNDARY",
            "TEAM_NOT_FOUND",
            "TEAM_ROLE_NOT_FOUND",
            "USER_NOT_FOUND",
            "CONFLICT",
        ),
    ),
    "team-list-members": Contract("List a team's members", teams.TeamMember, listed=True, problems=("TEAM_NOT_FOUND",)),
    "team-get-member": Contract("Show a member of a team", teams.TeamMember, problems=("MEMBER_NOT_FOUND",)),
    "team-update-member": Contract(
        "Give a member another team role, or remove them",
        teams.TeamMember,
        request=teams.MemberChanges,
        problems=(
            "PRIVILEGE_BOUNDARY",
            "MEMBER_NOT_FOUND",
            "TEAM_ROLE_NOT_FOUND",
            "LAST_LEAD",
            "ROLE_CHANGED",
            "CONFLICT",
        ),
        description="`teamRoleId` gives another team role; `active: false` removes the member.",
    ),
    "team-transfer-member": Contract(
        "Move a member into another team",
        teams.TeamMember,
        request=teams.Transfer,
        problems=(
            *_JOINED,
            "PRIVILEGE_BOUNDARY",
            "MEMBER_NOT_FOUND",
            "TEAM_NOT_FOUND",
            "TEAM_ROLE_NOT_FOUND",
            "LAST_LEAD",
            "CONFLICT",
        ),
        description="In one step: at no moment are they in both teams, or in none.",
    ),
    "team-get-user-teams": Contract(
        "List the teams that a user is in",
        teams.UserTeam,
        listed=True,
        link="/v1/organisations/{orgId}/teams/{teamId}",
        problems=("USER_NOT_FOUND",),
    ),
    "role-list-platform-roles": Contract("List the platform's roles", roles.Role, listed=True, filters=ACTIVE),
    "role-get-platform-role": Contract("Show a role of the platform", roles.Role, problems=("ROLE_NOT_FOUND",)),
    "role-create-role": Contract(
        "Create a role",
        roles.Role,
        request=roles.NewRole,
        status=201,
        problems=(*_GRANTS, "SYSTEM_READ_ONLY", "ORGANISATION_NOT_FOUND", "ROLE_EXISTS", "CONFLICT"),
    ),
    "role-list-roles": Contract("List the organisation's roles", roles.Role, listed=True, filters=ACTIVE),
    "role-get-role": Contract("Show a role", roles.Role, problems=("ROLE_NOT_FOUND",)),
    "role-update-role": Contract(
        "Change a role",
        roles.Role,
        request=roles.RoleChanges,
        problems=(*_EDITED, "ROLE_NOT_FOUND", "ROLE_EXISTS", "ROLE_IN_USE", "DEFAULT_ROLE_NAME"),
    ),
    "role-assign-permissions": Contract(
        "Replace what a role allows",
        roles.Role,
        request=roles.RolePermissions,
        problems=(*_EDITED, "INVALID_PERMISSIONS", "ROLE_NOT_FOUND"),
        description="The caller must hold both what it allowed and what it will allow.",
    ),
    "audit-get-access-logs": Contract(
        "List decisions of the authorizer",
        AuditEventView,
        listed=True,
        list_says=("archivedDays",),
        relation="trail",
        link=_TRAIL,
        filters=(OWNER, *RANGE, *EVENTS),
    ),
    "audit-get-permission-logs": Contract(
        "List changes of roles and permissions",
        AuditEventView,
        listed=True,
        list_says=("archivedDays",),
        relation="trail",
        link=_TRAIL,
        filters=(OWNER, *RANGE, *EVENTS),
    ),
    "audit-get-org-audit": Contract(
        "List what happened in an organisation",
        AuditEventView,
        listed=True,
        list_says=("archivedDays",),
        relation="trail",
        link=_TRAIL,
        filters=(*RANGE, TYPE, *EVENTS),
        description="Whom only a team role lets see the trail sees what concerns those teams.",
    ),
    "audit-get-audit-summary": Contract("Count events", AuditSummary, filters=(OWNER, *RANGE, TYPE, *EVENTS)),
    "audit-export-audit": Contract(
        "Export events into a file",
        Exported,
        request=ExportRequest,
        status=201,
        relation="",
        problems=("EXPORT_TOO_LARGE", "ORGANISATION_NOT_FOUND"),
        description=f"As {', '.join(ExportFormat)}. The link works for 24 hours, and the export is itself recorded.",
    ),
}


def problems_of(name: str) -> dict[int, list[str]]:
    """All error codes of the endpoint ``name``, by status."""
    function, contract = BY_NAME[name], CONTRACTS[name]
    codes = {*contract.problems, *EVERYWHERE}
    if function.guard is not Guard.PUBLIC:
        codes |= set(GUARDED)
    if function.guard not in {Guard.PUBLIC, Guard.ANY}:
        codes |= {"ORG_ACCESS_DENIED", "PERMISSION_DENIED"}
    if contract.request is not None or contract.query:
        codes.add("VALIDATION_ERROR")
    if contract.listed:
        codes |= {"INVALID_PAGE_SIZE", "INVALID_CURSOR"}
    if "{" in str(function.path):
        codes.add("NOT_FOUND")
    found: dict[int, list[str]] = {}
    for code in sorted(codes):
        found.setdefault(PROBLEMS[code][0], []).append(code)
    return dict(sorted(found.items()))
