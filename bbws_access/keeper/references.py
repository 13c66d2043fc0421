"""Checks of what a record refers to: it is there, in force, and called as the record says."""

from __future__ import annotations

from typing import Any, Final

from bbws_access import keys
from bbws_access.keeper.findings import Finding, Problem, Repair
from bbws_access.keeper.gather import token_ttl
from bbws_access.keeper.live import Live
from bbws_access.keeper.records import finding, key_of
from bbws_access.models.invitation import Invitation, InvitationToken
from bbws_access.models.kinds import InvitationStatus
from bbws_access.models.role import RoleAssignment
from bbws_access.models.team import TeamMember
from bbws_access.store.conditions import Attr
from bbws_access.store.table import Item, Query
from bbws_access.store.writes import Delete, Update

_FROM_BACKUP: Final = "bring it back from a backup: bbws-access table restore --merge --from BACKUP"
_FINISH: Final = "a deactivation was interrupted: deactivate the user again, which finishes it"


def of_assignment(live: Live, item: Item, record: RoleAssignment) -> list[Finding]:
    role = live.get(keys.role_key(record.organisation_id, record.role_id))
    found = _role(item, role, record.active, "roleName", record.role_name, _ASSIGNMENT)
    if record.organisation_id == keys.PLATFORM:
        if not _is_anywhere(live, record.user_id):
            found.append(_missing(item, Problem.ASSIGNMENT_USER_MISSING, "user", record.user_id))
        return found
    user = live.get(keys.user_key(record.organisation_id, record.user_id))
    return found + _user(item, user, record.user_id, record.active, _ASSIGNMENT)


def of_member(live: Live, item: Item, record: TeamMember) -> list[Finding]:
    found: list[Finding] = []
    org_id = record.organisation_id
    if live.get(keys.team_key(org_id, record.team_id)) is None:
        found.append(_missing(item, Problem.MEMBER_TEAM_MISSING, "team", record.team_id))
    role = live.get(keys.team_role_key(org_id, record.team_role_id))
    found += _role(item, role, record.active, "teamRoleName", record.team_role_name, _MEMBER)
    user = live.get(keys.user_key(org_id, record.user_id))
    return found + _user(item, user, record.user_id, record.active, _MEMBER)


def of_invitation(live: Live, item: Item, record: Invitation) -> list[Finding]:
    found: list[Finding] = []
    org_id, pending = record.organisation_id, record.status is InvitationStatus.PENDING
    if live.get(keys.role_key(org_id, record.role_id)) is None:
        found.append(_missing(item, Problem.INVITATION_ROLE_MISSING, "role", record.role_id))
    if record.team_id is not None and live.get(keys.team_key(org_id, record.team_id)) is None:
        found.append(_missing(item, Problem.INVITATION_TEAM_MISSING, "team", record.team_id))
    if record.active != pending:
        update = Update(
            key_of(item), assign={"active": pending}, condition=Attr("status").eq(record.status) & _same(item, "active")
        )
        repair = Repair(f"active = {pending}", [update], {"active": item.get("active")}, {"active": pending})
        message = f"an invitation that is {record.status} is {'' if pending else 'not '}active"
        found.append(finding(item, Problem.INVITATION_ACTIVE, message, pending, record.active, repair=repair))
    if pending:
        found += _token_of(live, item, record)
    return found


def of_token(live: Live, item: Item, record: InvitationToken) -> list[Finding]:
    key = keys.invitation_key(record.organisation_id, record.invitation_id)
    invitation = live.get(key)
    if invitation is None:
        delete = Delete(key_of(item), condition=Attr("invitationId").eq(record.invitation_id))
        expired = record.ttl <= live.epoch
        repair = Repair("delete the token's record, which has run out", [delete], {"ttl": record.ttl}, {})
        return [
            finding(
                item,
                Problem.TOKEN_ORPHAN,
                f"there is no invitation {record.invitation_id}",
                key,
                None,
                repair=repair if expired else None,
                advice=None if expired else _FROM_BACKUP,
            )
        ]
    if invitation.get("tokenHash") != record.token_hash:
        delete = Delete(key_of(item), condition=Attr("invitationId").eq(record.invitation_id))
        repair = Repair("delete the record of a token that opens nothing", [delete], {"ttl": record.ttl}, {})
        message = f"invitation {record.invitation_id} has another token by now"
        return [finding(item, Problem.TOKEN_STALE, message, None, record.invitation_id, repair=repair)]
    return _expiry(item, record, str(invitation.get("expiresAt")))


# --- parts ---------------------------------------------------------------------------------------

_ASSIGNMENT: Final = {
    "role": Problem.ASSIGNMENT_ROLE_MISSING,
    "inactive": Problem.ASSIGNMENT_ROLE_INACTIVE,
    "name": Problem.ASSIGNMENT_ROLE_NAME,
    "user": Problem.ASSIGNMENT_USER_MISSING,
    "away": Problem.ASSIGNMENT_USER_INACTIVE,
}
_MEMBER: Final = {
    "role": Problem.MEMBER_ROLE_MISSING,
    "inactive": Problem.MEMBER_ROLE_INACTIVE,
    "name": Problem.MEMBER_ROLE_NAME,
    "user": Problem.MEMBER_USER_MISSING,
    "away": Problem.MEMBER_USER_INACTIVE,
}


def _role(
    item: Item, role: Item | None, active: bool, attribute: str, name: str, problems: dict[str, Problem]
) -> list[Finding]:
    """A role or a team role; one that rests may be out of date."""
    if role is None:
        role_id = item.get("roleId") or item.get("teamRoleId")
        return [_missing(item, problems["role"], "role", str(role_id))]
    if not active:
        return []
    found: list[Finding] = []
    if not role.get("active", True):
        message = f"{role.get('name')} is held, and is not active"
        advice = "activate the role, or take it from its holders"
        found.append(finding(item, problems["inactive"], message, True, False, advice=advice))
    if role.get("name") != name:
        update = Update(key_of(item), assign={attribute: role.get("name")}, condition=Attr(attribute).eq(name))
        repair = Repair(
            f"{attribute} = {role.get('name')!r}", [update], {attribute: name}, {attribute: role.get("name")}
        )
        message = f"the role is called {role.get('name')}"
        found.append(finding(item, problems["name"], message, role.get("name"), name, repair=repair))
    return found


def _user(item: Item, user: Item | None, user_id: str, active: bool, problems: dict[str, Problem]) -> list[Finding]:
    if user is None:
        return [_missing(item, problems["user"], "user", user_id)]
    if active and not user.get("active", True):
        message = f"user {user_id} is not active, and still has this"
        return [finding(item, problems["away"], message, True, False, advice=_FINISH)]
    return []


def _missing(item: Item, problem: Problem, what: str, which: str) -> Finding:
    return finding(item, problem, f"there is no {what} {which}", which, None, advice=_FROM_BACKUP)


def _is_anywhere(live: Live, user_id: str) -> bool:
    """Whether some organisation has a profile of the user; found through an index, then read consistently."""
    query = Query(keys.everything_of_user(user_id), index=3, begins_with=keys.ORGANISATION_PREFIX)
    profiles = [i for i in live.table.query_all(query) if i["SK"].startswith(keys.USER_PREFIX)]
    return bool(live.table.get_many(profiles))


def _token_of(live: Live, item: Item, record: Invitation) -> list[Finding]:
    if record.expires_at <= live.now_iso:
        return []  # it ran out, and its token may have gone by TTL
    token = live.get(keys.invitation_token_key(record.token_hash))
    if token is None:
        message = "it is pending, and nothing opens it"
        advice = "send it again, which makes a new link: bbws-access invitations resend"
        return [finding(item, Problem.INVITATION_TOKEN_MISSING, message, record.token_hash, None, advice=advice)]
    return _expiry(token, InvitationToken.from_item(token), record.expires_at)


def _expiry(item: Item, record: InvitationToken, expires_at: str) -> list[Finding]:
    """A token's expiry and TTL follow from its invitation's expiry."""
    right: dict[str, Any] = {"expiresAt": expires_at, "ttl": token_ttl(expires_at)}
    found = {"expiresAt": record.expires_at, "ttl": record.ttl}
    if right == found or right["ttl"] is None:
        return []
    update = Update(key_of(item), assign=right, condition=_same(item, "expiresAt") & _same(item, "ttl"))
    repair = Repair(f"expiresAt = {expires_at!r}, ttl = {right['ttl']}", [update], found, right)
    message = "it does not run out when its invitation does"
    return [finding(item, Problem.TOKEN_EXPIRY, message, right, found, repair=repair)]


def _same(item: Item, attribute: str) -> Any:
    return Attr(attribute).eq(item[attribute]) if attribute in item else Attr(attribute).not_exists()
