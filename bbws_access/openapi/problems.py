"""The codes of the API's errors: each with its status, and when it is answered."""

from __future__ import annotations

from typing import Final

PROBLEMS: Final[dict[str, tuple[int, str]]] = {
    "VALIDATION_ERROR": (400, "The request is not valid; `details.fields` names each field that is wrong."),
    "INVALID_PAGE_SIZE": (400, "`pageSize` is not between 1 and 100."),
    "INVALID_CURSOR": (400, "`startAt` is not a cursor of this list."),
    "INVALID_PERMISSIONS": (400, "A permission that is named does not exist."),
    "EXPORT_TOO_LARGE": (400, "There are more events than one export takes: narrow the range."),
    "ALREADY_USED": (400, "The invitation has been answered."),
    "UNAUTHORIZED": (401, "A valid token is needed."),
    "TOKEN_MISSING": (401, "No token was sent."),
    "ACCESS_DENIED": (403, "The caller's roles and teams do not open this."),
    "ORG_ACCESS_DENIED": (403, "The organisation is not the caller's."),
    "PERMISSION_DENIED": (403, "The caller lacks the permission, which `details.permission` names."),
    "PRIVILEGE_BOUNDARY": (403, "Nobody grants what they do not hold themselves."),
    "SYSTEM_READ_ONLY": (403, "What belongs to the platform changes with the platform only."),
    "NOT_FOUND": (404, "There is nothing with this id."),
    "ORGANISATION_NOT_FOUND": (404, "There is no such organisation."),
    "PERMISSION_NOT_FOUND": (404, "There is no such permission."),
    "PERMISSION_SET_NOT_FOUND": (404, "There is no such permission set."),
    "ROLE_NOT_FOUND": (404, "There is no such role."),
    "TEAM_NOT_FOUND": (404, "There is no such team."),
    "TEAM_ROLE_NOT_FOUND": (404, "There is no such team role."),
    "MEMBER_NOT_FOUND": (404, "The user is not in the team."),
    "USER_NOT_FOUND": (404, "There is no such user in the organisation."),
    "INVITATION_NOT_FOUND": (404, "There is no such invitation, or the link is not valid."),
    "CONFLICT": (409, "It has changed meanwhile: look at it again and retry."),
    "PERMISSION_SET_EXISTS": (409, "The name is taken."),
    "ROLE_EXISTS": (409, "The name is taken."),
    "TEAM_EXISTS": (409, "The name is taken."),
    "TEAM_ROLE_EXISTS": (409, "The name is taken."),
    "ROLE_IN_USE": (409, "Users hold the role."),
    "TEAM_ROLE_IN_USE": (409, "Members have the team role."),
    "DEFAULT_ROLE_NAME": (409, "A default role keeps its name."),
    "ROLE_CHANGED": (409, "The role is not active, or changed meanwhile."),
    "ORGANISATION_INACTIVE": (409, "The organisation is deactivated."),
    "TEAM_INACTIVE": (409, "The team is not active."),
    "USER_INACTIVE": (409, "The user is not active."),
    "ALREADY_MEMBER": (409, "They are a member already."),
    "ACCOUNT_DEACTIVATED": (409, "The account was deactivated, and an invitation does not open it again."),
    "ACCOUNT_OF_ANOTHER": (409, "The account of the address was made for another one."),
    "LAST_LEAD": (409, "The team would be left without a lead."),
    "DUPLICATE_INVITATION": (409, "The address has a pending invitation."),
    "INVITATION_CHANGED": (409, "The invitation is being answered, or was just now."),
    "RESEND_LIMIT": (409, "The invitation was sent again as often as it may be."),
    "INVITATION_EXPIRED": (410, "The invitation has run out."),
    "INVITATION_REVOKED": (410, "The invitation was withdrawn."),
    "THROTTLED": (429, "Too many requests for the API: try again in a moment."),
    "TOO_MANY_REQUESTS": (429, "The limit a minute is used up: try again in a minute."),
    "BUSY": (500, "Too many changes at once: trying again later is safe."),
    "INTERNAL_ERROR": (500, "Something went wrong; the request's id finds out what."),
}
"""Code to status and sentence. Codes may be added: a client goes by the status where it does not know one."""

STATUSES: Final[dict[int, str]] = {
    400: "The request is not valid",
    401: "A valid token is needed",
    403: "Not open to the caller",
    404: "No such thing",
    409: "The state of things does not allow it",
    410: "It was there and is gone",
    429: "Too many requests",
    500: "Something went wrong",
}

EVERYWHERE: Final = ("THROTTLED", "BUSY", "INTERNAL_ERROR")
"""What every endpoint may answer."""

GUARDED: Final = ("UNAUTHORIZED", "TOKEN_MISSING", "ACCESS_DENIED")
"""What every endpoint that needs a token may answer."""
