"""Sets of permissions that are offered together: those of an organisation, and the platform's own."""

from __future__ import annotations

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.clock import Clock
from bbws_access.errors import NotFound
from bbws_access.ids import Ids
from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import EventType, Scope
from bbws_access.models.permission import NewPermissionSet, PermissionSet, PermissionSetChanges
from bbws_access.services.boundary import require_grantable, require_own
from bbws_access.services.editing import (
    differing,
    edit_of,
    edited,
    rename_writes,
    require_version,
    shown_after,
    shown_before,
)
from bbws_access.services.pages import ListPage, PageRequest, fetch_page
from bbws_access.services.stamps import new_stamps
from bbws_access.services.trail import Change, Trail
from bbws_access.services.uniqueness import Named, ambiguous, claim_name, holder_of
from bbws_access.store.conditions import Attr
from bbws_access.store.table import Query, Table
from bbws_access.store.writes import ABSENT, PRESENT, Check, Put, Write


class PermissionSets:
    """Permission sets within the privilege boundary. The platform's are open to all and change with its seed only."""

    def __init__(self, table: Table, trail: Trail, clock: Clock, ids: Ids) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock
        self._ids = ids

    def create(self, actor: Actor, org_id: str, request: NewPermissionSet) -> PermissionSet:
        """Raises ``InvalidInput`` (``INVALID_PERMISSIONS``), ``Denied`` beyond the privilege boundary and ``Conflict``
        (``PERMISSION_SET_EXISTS``) for a taken name.
        """
        actor.require("permission:create", org_id)
        require_own(org_id, "permission sets")
        _require_offerable(actor, org_id, request.permissions, request.scope)
        made = PermissionSet(
            set_id=self._ids.record(),
            organisation_id=org_id,
            **request.model_dump(),
            **new_stamps(actor, self._clock),
        )
        change = Change(
            EventType.PERMISSION_CHANGE,
            "permission-set.create",
            "permission-set",
            made.set_id,
            after={
                "name": made.name,
                "description": made.description,
                "permissions": made.permissions,
                "scope": made.scope,
            },
        )
        unknown = NotFound(f"there is no organisation {org_id!r}", code="ORGANISATION_NOT_FOUND")
        writes: list[Write] = [
            Check(keys.organisation_key(org_id), PRESENT, otherwise=unknown),
            claim_name(org_id, Named.PERMISSION_SET, made.name, made.set_id),
            Put(made.to_item(), condition=ABSENT),
        ]
        self._trail.commit(actor, org_id, [change], writes)
        return made

    def get(self, actor: Actor, org_id: str, set_id: str) -> PermissionSet:
        """A set of the organisation or of the platform; raises ``NotFound`` (``PERMISSION_SET_NOT_FOUND``)."""
        if org_id != PLATFORM:
            actor.require("permission:read", org_id)
        return self._load(org_id, set_id)

    def find(self, actor: Actor, org_id: str, id_or_name: str) -> PermissionSet:
        """By id, or by name whatever its case, among the organisation's and the platform's.

        Raises as :meth:`get`, and ``InvalidInput`` (``AMBIGUOUS_NAME``) where both have one of the name.
        """
        if org_id != PLATFORM:
            actor.require("permission:read", org_id)
        try:
            return self._load(org_id, id_or_name)
        except NotFound:
            owners = dict.fromkeys([org_id, PLATFORM])
            found = [holder_of(self._table, owner, Named.PERMISSION_SET, id_or_name) for owner in owners]
            named = [self._load(org_id, set_id) for set_id in found if set_id is not None]
            if not named:
                raise
        if len(named) > 1:
            candidates = [f"{one.set_id} ({'platform' if one.is_system else 'organisation'})" for one in named]
            raise ambiguous("permission sets", id_or_name, candidates)
        return named[0]

    def page(
        self, actor: Actor, org_id: str, page: PageRequest, *, active: bool | None = None
    ) -> ListPage[PermissionSet]:
        """The organisation's own, the oldest first; ``PLATFORM`` has the system's, which are open to any actor.

        ``active`` asks for those alone that are, or are not.
        """
        if org_id != PLATFORM:
            actor.require("permission:read", org_id)
        query = Query(
            keys.permission_sets(org_id),
            index=1,
            begins_with=keys.PERMISSION_SET_PREFIX,
            filter=None if active is None else Attr("active").eq(active),
        )
        return fetch_page(self._table, query, page, PermissionSet.from_item)

    def update(self, actor: Actor, org_id: str, set_id: str, request: PermissionSetChanges) -> PermissionSet:
        """Changes the fields that are given; what is so already is no change.

        Whoever changes what a set offers, or to whom, must hold all of what it then offers. Raises
        ``Denied`` for that and, as ``SYSTEM_READ_ONLY``, for a set of the platform; ``InvalidInput``
        (``INVALID_PERMISSIONS``); ``Conflict`` for another version or a taken name.
        """
        actor.require("permission:update", org_id)
        before = self._load(org_id, set_id)
        require_own(before.organisation_id, "permission sets", is_system=before.is_system)
        require_version(before, request.version)
        changes = differing(before, request.changes())
        if not changes:
            return before
        after = edited(before, changes, actor, self._clock)
        if changes.keys() & {"permissions", "scope"}:
            _require_offerable(actor, org_id, after.permissions, after.scope)
        change = Change(
            EventType.PERMISSION_CHANGE,
            "permission-set.update",
            "permission-set",
            set_id,
            before=shown_before(before, changes),
            after=shown_after(changes),
        )
        writes: list[Write] = [
            edit_of(keys.permission_set_key(org_id, set_id), before, after),
            *rename_writes(org_id, Named.PERMISSION_SET, before.name, after.name, set_id),
        ]
        self._trail.commit(actor, org_id, [change], writes)
        return after

    def _load(self, org_id: str, set_id: str) -> PermissionSet:
        places = [keys.permission_set_key(org_id, set_id), keys.permission_set_key(PLATFORM, set_id)]
        found = {str(item["PK"]): item for item in self._table.get_many(places)}
        item = found.get(keys.owner(org_id)) or found.get(keys.owner(PLATFORM))
        if item is None:
            raise NotFound(
                f"there is no permission set {set_id!r}",
                code="PERMISSION_SET_NOT_FOUND",
                hint="bbws-access permission-sets list",
            )
        return PermissionSet.from_item(item)


def _require_offerable(actor: Actor, org_id: str, grants: frozenset[str], scope: Scope) -> None:
    """A set that is meant for the platform is for those who hold its permissions there."""
    require_grantable(actor, PLATFORM if scope is Scope.PLATFORM else org_id, grants)
