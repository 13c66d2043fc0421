"""Checks of a record by itself: its model, its keys, its guard."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from bbws_access import keys
from bbws_access.keeper import kinds
from bbws_access.keeper.findings import Finding, Problem, Repair
from bbws_access.keeper.gather import INDEX_ATTRIBUTES
from bbws_access.keeper.guards import guard_of
from bbws_access.keeper.kinds import Kind, kind_of, organisation_of
from bbws_access.keeper.live import Live
from bbws_access.models.audit import AuditEvent
from bbws_access.models.base import Record
from bbws_access.models.invitation import Invitation
from bbws_access.models.permission import PermissionSet
from bbws_access.models.role import Role
from bbws_access.models.user import User
from bbws_access.services.boundary import unknown_grants
from bbws_access.services.chain import event_hash
from bbws_access.store.conditions import Attr, Condition
from bbws_access.store.table import Item
from bbws_access.store.writes import ABSENT, PRESENT, Delete, Put, Update
from bbws_access.text import fold_email
from bbws_access.validation import said


def key_of(item: Item) -> keys.Keys:
    return {"PK": str(item["PK"]), "SK": str(item["SK"])}


def finding(
    item: Item,
    problem: Problem,
    message: str,
    expected: Any = None,
    found: Any = None,
    *,
    repair: Repair | None = None,
    advice: str | None = None,
) -> Finding:
    kind = kind_of(item["PK"], item["SK"])
    name = kind.name if kind else kinds.UNKNOWN
    return Finding(problem, name, chain_of(item), key_of(item), message, expected, found, repair, advice)


def chain_of(item: Item) -> str:
    """The organisation in whose chain changes of an item have their events."""
    named = item.get("organisationId")
    is_token = kind_of(item["PK"], item["SK"]) is kinds.TOKEN
    return named if is_token and isinstance(named, str) and named else organisation_of(item["PK"])


def load(item: Item) -> Record | None:
    """``None`` for what is no record of its kind, or not a valid one."""
    kind = kind_of(item["PK"], item["SK"])
    if kind is None or kind.record is None:
        return None
    try:
        return kind.record.from_item(item)
    except ValidationError:
        return None


def invalid(item: Item, kind: Kind) -> list[Finding]:
    """One finding that names the fields which do not fit; values are not shown, they may be anything."""
    model = kind.record or kind.supporting
    assert model is not None
    try:
        model.model_validate(item)
    except ValidationError as error:
        fields = {".".join(str(p) for p in e["loc"]): said(e) for e in error.errors(include_input=False)}
        words = "; ".join(f"{name}: {message}" for name, message in sorted(fields.items()))
        advice = "compare it with a backup, and put it right by hand"
        return [finding(item, Problem.ITEM_INVALID, words, f"a valid {kind.name}", sorted(fields), advice=advice)]
    return []


def index_keys(item: Item, expected: keys.Keys) -> list[Finding]:
    """Key attributes against what the keys module makes; supporting records have none but ``PK`` and ``SK``."""
    if any(item[name] != expected[name] for name in ("PK", "SK")):
        own = {name: expected[name] for name in ("PK", "SK")}
        message = "the record says that it belongs elsewhere"
        return [finding(item, Problem.KEY_WRONG, message, own, key_of(item), advice="see which of the two is right")]
    wrong = [n for n in INDEX_ATTRIBUTES if item.get(n) != expected.get(n)]
    if not wrong:
        return []
    assign = {n: expected[n] for n in wrong if n in expected}
    remove = [n for n in wrong if n not in expected]
    before = {n: item[n] for n in wrong if n in item}
    condition: Condition = PRESENT
    for name in wrong:
        condition &= Attr(name).eq(item[name]) if name in item else Attr(name).not_exists()
    if "version" in item:
        condition &= Attr("version").eq(item["version"])
    says = ", ".join([*(f"{n} = {v!r}" for n, v in assign.items()), *(f"no {n}" for n in remove)])
    update = Update(key_of(item), assign=assign, remove=remove, condition=condition)
    repair = Repair(says, [update], before, assign)
    return [finding(item, Problem.INDEX_WRONG, f"wrong: {', '.join(wrong)}", assign, before, repair=repair)]


def contents(item: Item, record: Record) -> list[Finding]:
    """What can be told of a record by itself."""
    found: list[Finding] = []
    if isinstance(record, AuditEvent) and record.sequence is not None and record.event_hash != event_hash(record):
        message = "the event is not what its hash vouches for"
        advice = "compare it with the archive, and find out who changed it"
        found.append(
            finding(item, Problem.AUDIT_ALTERED, message, event_hash(record), record.event_hash, advice=advice)
        )
    if isinstance(record, Role | PermissionSet):
        unknown = unknown_grants(record.permissions)
        if unknown:
            message = f"grants that cover no permission: {', '.join(unknown)}"
            found.append(finding(item, Problem.GRANT_UNKNOWN, message, [], unknown, advice="edit its permissions"))
    if isinstance(record, User | Invitation) and record.email != fold_email(record.email):
        message = "the address is not in lower case, so nobody finds it"
        advice = "its guard and its account hang on the address: put all three right by hand"
        folded = fold_email(record.email)
        found.append(finding(item, Problem.EMAIL_NOT_FOLDED, message, folded, record.email, advice=advice))
    return found


_DUPLICATES = {kinds.USER.name: Problem.EMAIL_DUPLICATE, kinds.INVITATION.name: Problem.PENDING_DUPLICATE}


def behind_guard(live: Live, item: Item, record: Record) -> list[Finding]:
    """A record that should have a guard: it has, or another has it, or nobody."""
    guard = guard_of(record)
    if guard is None:
        return []
    there = live.get(guard.key)
    holder = there.get(guard.attribute) if there else None
    if holder == guard.holder or (there is not None and not (isinstance(holder, str) and holder)):
        return []  # a guard that says nothing is a finding by itself
    others = [other for other in claimants(live, guard.key, holder) if key_of(other) != key_of(item)]
    if others:
        named = sorted(f"{other['PK']} {other['SK']}" for other in others)
        kind = kind_of(item["PK"], item["SK"])
        problem = _DUPLICATES.get(kind.name if kind else "", Problem.NAME_DUPLICATE)
        message = f"the same as {', '.join(named)}"
        return [finding(item, problem, message, 1, 1 + len(others), advice="rename or end one of them")]
    if there is None:
        put = Put(guard.item(), condition=ABSENT)
        says = f"put the guard {guard.key['PK']} {guard.key['SK']}"
        repair = Repair(says, [put], {}, guard.item())
        return [finding(item, Problem.GUARD_MISSING, "nothing guards its name", guard.item(), None, repair=repair)]
    update = Update(guard.key, assign={guard.attribute: guard.holder}, condition=Attr(guard.attribute).eq(holder))
    says = f"{guard.attribute} = {guard.holder!r}"
    repair = Repair(says, [update], {guard.attribute: holder}, {guard.attribute: guard.holder})
    message = f"the guard names {holder}, which has not this name"
    return [finding(there, Problem.GUARD_WRONG, message, guard.holder, holder, repair=repair)]


def guarding(live: Live, item: Item, kind: Kind) -> list[Finding]:
    """A guard: somebody is behind it."""
    assert kind.holder is not None
    holder = str(item.get(kind.holder))
    named = live.get(holder_key(key_of(item), holder))
    if named is not None and load(named) is None:
        return []  # what it guards is a finding by itself, and may be put right under this name
    behind = claimants(live, key_of(item), holder)
    if behind:
        return [f for other in behind if (record := load(other)) for f in behind_guard(live, other, record)]
    delete = Delete(key_of(item), condition=Attr(kind.holder).eq(item[kind.holder]))
    repair = Repair("delete the guard", [delete], {kind.holder: holder}, {})
    message = f"{holder} is not there, or is called otherwise"
    return [finding(item, Problem.GUARD_ORPHAN, message, None, holder, repair=repair)]


def claimants(live: Live, guard: keys.Keys, holder: str | None) -> list[Item]:
    """Records that want this guard, as they are now: those that the pass saw, and the one that it names."""
    pairs = set(live.facts.claimants((guard["PK"], guard["SK"])))
    if holder is not None:
        named = holder_key(guard, holder)
        pairs.add((named["PK"], named["SK"]))
    found = []
    for item in live.get_pairs(sorted(pairs)):
        record = load(item)
        wanted = guard_of(record) if record else None
        if wanted is not None and wanted.key == guard:
            found.append(item)
    return found


def holder_key(guard: keys.Keys, holder: str) -> keys.Keys:
    """Of the record that a guard names."""
    org_id = organisation_of(guard["PK"])
    what = guard["SK"].removeprefix("UNIQUE#").partition("#")[0]
    match what:
        case "ROLE":
            return keys.role_key(org_id, holder)
        case "TEAM":
            return keys.team_key(org_id, holder)
        case "TEAMROLE":
            return keys.team_role_key(org_id, holder)
        case "PERMSET":
            return keys.permission_set_key(org_id, holder)
        case "USER":
            return keys.user_key(org_id, holder)
        case "PENDING":
            return keys.invitation_key(org_id, holder)
        case _:
            return keys.organisation_key(holder)
