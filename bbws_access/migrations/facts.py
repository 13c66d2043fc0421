"""What follows from the survey: who keeps a name, who is counted where, and what is left without its counterpart.

Nothing here depends on the order in which items were seen, so that a run that was killed and goes on
comes to the same result.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bbws_access import keys
from bbws_access.clock import iso
from bbws_access.defaults import PERMISSION_SETS, PLATFORM_ROLES
from bbws_access.ids import TOKEN_LENGTH, token_hash
from bbws_access.keys import PLATFORM
from bbws_access.migrations.legacy_layout import Kind
from bbws_access.migrations.survey import NAMED, Holder, Owned, Pending, Survey
from bbws_access.migrations.wire import KeyPair
from bbws_access.services.uniqueness import Named
from bbws_access.text import fold_name

Ident = tuple[Kind, str, str]
"""An entity, its organisation and its id."""

Taken = Mapping[KeyPair, str]
"""Guards that stand in the target already, and who holds them."""

_SHORT: Final = 8
"""Characters of an id that tell two things of one name apart."""

_TOKEN: Final = re.compile(rf"[0-9a-f]{{{TOKEN_LENGTH}}}")
_DIGITS: Final = re.compile(rf"[0-9a-f]{{{TOKEN_LENGTH},}}")


@dataclass
class Facts:
    """Compared as a whole: two surveys with the same facts make the same items.

    ``names`` are those that had to be changed, ``called`` what each role and team role is called in the target.
    """

    reasons: dict[tuple[Kind, str, str], str] = field(default_factory=dict)
    names: dict[Ident, str] = field(default_factory=dict)
    called: dict[Ident, str] = field(default_factory=dict)
    counts: dict[Ident, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    expired: set[Owned] = field(default_factory=set)
    tokens: dict[str, str] = field(default_factory=dict)
    odd_tokens: tuple[str, ...] = ()

    def tokens_in(self, text: str) -> set[str]:
        """The raw tokens that stand in a text, also in the middle of other digits."""
        found = {token for token in self.odd_tokens if token in text}
        if self.tokens:
            for digits in _DIGITS.findall(text):
                windows = (digits[n : n + TOKEN_LENGTH] for n in range(len(digits) - TOKEN_LENGTH + 1))
                found.update(window for window in windows if window in self.tokens)
        return found


def name_guard(kind: Kind, org: str, name: str) -> keys.Keys:
    named: Named | None = NAMED[kind][0]
    if named is None:
        return keys.organisation_name_key(fold_name(name))
    return keys.unique_name_key(org, named, fold_name(name))


def _reserved() -> Iterator[tuple[KeyPair, str]]:
    for role in PLATFORM_ROLES:
        yield _pair(name_guard(Kind.ROLE, PLATFORM, role.name)), role.id
    for item in PERMISSION_SETS:
        yield _pair(name_guard(Kind.PERMISSION_SET, PLATFORM, item.name)), item.id


def wanted_guards(survey: Survey) -> dict[KeyPair, str]:
    """The guards that the source's names and addresses need, each with one who may get it."""
    found = {_pair(name_guard(kind, org, h.value)): ident for (kind, org, ident), h in survey.named.items()}
    found |= {_pair(keys.user_email_key(org, h.value)): user for (org, user), h in survey.users.items()}
    found |= {_pair(keys.pending_invitation_key(org, p.email)): inv for (org, inv), p in survey.pending.items()}
    return found


def settle(survey: Survey, taken: Taken, started: datetime) -> Facts:
    """``taken`` are the guards that others than the source's own records hold in the target."""
    facts = Facts(
        tokens={token: token_hash(token) for token in survey.tokens},
        odd_tokens=tuple(sorted(token for token in survey.tokens if not _TOKEN.fullmatch(token))),
    )
    _settle_users(survey, taken, facts)
    _settle_names(survey, taken, facts)
    _settle_members(survey, facts)
    _settle_assignments(survey, facts)
    _settle_pending(survey, taken, facts, iso(started))
    _settle_tokens(survey, facts)
    return facts


def _pair(key: keys.Keys) -> KeyPair:
    return key["PK"], key["SK"]


_RESERVED: Final[Taken] = dict(_reserved())
"""Names that the platform's own seed gives away, whichever of the two comes first."""


def _preference(ident: str, holder: Holder) -> tuple[bool, str, str]:
    """Who is active goes before who is not, who was there first before who came later."""
    return not holder.active, holder.created, ident


def _settle_users(survey: Survey, taken: Taken, facts: Facts) -> None:
    same: dict[Owned, list[str]] = defaultdict(list)
    for (org, user), holder in survey.users.items():
        same[org, holder.value].append(user)
    for (org, email), users in same.items():
        preferred = {user: _preference(user, survey.users[org, user]) for user in users}
        keeper = taken.get(_pair(keys.user_email_key(org, email))) or min(preferred, key=preferred.__getitem__)
        for user in users:
            if user != keeper:
                facts.reasons[Kind.USER, org, user] = f"user {keeper} of the organisation has the same address"


def _settle_names(survey: Survey, taken: Taken, facts: Facts) -> None:
    same: dict[tuple[Kind, KeyPair], list[tuple[str, str]]] = defaultdict(list)
    for (kind, org, ident), holder in survey.named.items():
        same[kind, _pair(name_guard(kind, org, holder.value))].append((org, ident))
    for (kind, guard), owners in same.items():
        preferred = {ident: _preference(ident, survey.named[kind, org, ident]) for org, ident in owners}
        keeper = taken.get(guard) or _RESERVED.get(guard) or min(preferred, key=preferred.__getitem__)
        for org, ident in owners:
            if ident != keeper:
                facts.names[kind, org, ident] = _told_apart(kind, survey.named[kind, org, ident].value, ident)
    facts.called = {
        ident: facts.names.get(ident, holder.value)
        for ident, holder in survey.named.items()
        if ident[0] in (Kind.ROLE, Kind.TEAM_ROLE)
    }


def _told_apart(kind: Kind, name: str, ident: str) -> str:
    """Another name, made of the old one and the id: nobody else can have it."""
    if kind in (Kind.ROLE, Kind.TEAM_ROLE):
        return f"{name}_{token_hash(ident)[:_SHORT].upper()}"
    return f"{name} ({token_hash(ident)[:_SHORT]})"


def _settle_members(survey: Survey, facts: Facts) -> None:
    for (org, team, user), (role, active) in survey.members.items():
        missing = _missing_user(survey, facts, org, user)
        if missing is None and (Kind.TEAM, org, team) not in survey.named:
            missing = f"there is no team {team} in the organisation"
        if missing is None and (Kind.TEAM_ROLE, org, role) not in survey.named:
            missing = f"there is no team role {role} in the organisation"
        if missing is not None:
            facts.reasons[Kind.TEAM_MEMBER, org, f"{team}#{user}"] = missing
        elif active:
            facts.counts[Kind.TEAM, org, team]["memberCount"] += 1
            facts.counts[Kind.TEAM_ROLE, org, role]["userCount"] += 1
            if (org, role) in survey.leading:
                facts.counts[Kind.TEAM, org, team]["leadCount"] += 1


def _settle_assignments(survey: Survey, facts: Facts) -> None:
    anywhere = {user for org, user in survey.users if (Kind.USER, org, user) not in facts.reasons}
    for (org, user, role), active in survey.assignments.items():
        if org == PLATFORM:
            missing = None if user in anywhere else f"there is no user {user}"
        else:
            missing = _missing_user(survey, facts, org, user)
        if missing is None and (Kind.ROLE, org, role) not in survey.named:
            missing = f"there is no role {role} in the organisation"
        if missing is not None:
            facts.reasons[Kind.ASSIGNMENT, org, f"{user}#{role}"] = missing
        elif active:
            facts.counts[Kind.ROLE, org, role]["userCount"] += 1


def _missing_user(survey: Survey, facts: Facts, org: str, user: str) -> str | None:
    if (org, user) not in survey.users:
        return f"there is no user {user} in the organisation"
    if (Kind.USER, org, user) in facts.reasons:
        return f"user {user} is in quarantine"
    return None


def _settle_pending(survey: Survey, taken: Taken, facts: Facts, started: str) -> None:
    """One of an address waits. Of several, those that have run out are marked so; two that still work are not."""
    same: dict[Owned, list[str]] = defaultdict(list)
    for (org, ident), invitation in survey.pending.items():
        same[org, invitation.email].append(ident)
    for (org, email), idents in same.items():
        latest = {ident: _lasting(ident, survey.pending[org, ident]) for ident in idents}
        keeper = taken.get(_pair(keys.pending_invitation_key(org, email))) or max(latest, key=latest.__getitem__)
        for ident in idents:
            if ident == keeper:
                continue
            if survey.pending[org, ident].expires_at <= started:
                facts.expired.add((org, ident))
            else:
                facts.reasons[Kind.INVITATION, org, ident] = f"invitation {keeper} of the same address waits as well"


def _lasting(ident: str, invitation: Pending) -> tuple[str, str, str]:
    return invitation.expires_at, invitation.created, ident


def _settle_tokens(survey: Survey, facts: Facts) -> None:
    for hashed, (org, invitation) in survey.token_records.items():
        if (org, invitation) not in survey.invitations:
            facts.reasons[Kind.TOKEN, org, hashed] = f"there is no invitation {invitation}"
        elif (Kind.INVITATION, org, invitation) in facts.reasons:
            facts.reasons[Kind.TOKEN, org, hashed] = f"invitation {invitation} is in quarantine"
