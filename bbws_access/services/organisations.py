"""Organisations: the tenants."""

from __future__ import annotations

from typing import Final

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.clock import Clock
from bbws_access.errors import Conflict, NotFound
from bbws_access.ids import Ids
from bbws_access.keys import PLATFORM
from bbws_access.models.kinds import EventType
from bbws_access.models.organisation import NewOrganisation, Organisation, OrganisationChanges
from bbws_access.services.editing import differing, edit_of, edited, require_version, shown_after, shown_before
from bbws_access.services.pages import ListPage, PageRequest, fetch_page
from bbws_access.services.stamps import new_stamps
from bbws_access.services.trail import Change, Trail
from bbws_access.store.conditions import Attr
from bbws_access.store.table import Query, Table
from bbws_access.store.writes import ABSENT, Check, Delete, Put, Write
from bbws_access.text import fold_name

INACTIVE: Final = "ORGANISATION_INACTIVE"
"""The code of what keeps everybody from joining an organisation."""


class Organisations:
    """Creates organisations with their default roles, renames and deactivates them, finds them by id or name."""

    def __init__(self, table: Table, trail: Trail, clock: Clock, ids: Ids) -> None:
        self._table = table
        self._trail = trail
        self._clock = clock
        self._ids = ids

    def create(self, actor: Actor, request: NewOrganisation) -> Organisation:
        """The organisation, its default roles and team roles, in one transaction with two events.

        Raises :class:`Conflict` with the code ``ORGANISATION_EXISTS`` for a name that is taken.
        """
        # All of the catalogue of roles, which whoever only looks for an organisation need not wait for.
        from bbws_access.defaults import SEED_VERSION
        from bbws_access.services.default_roles import all_defaults

        actor.require("org:create", PLATFORM)
        org_id = self._ids.organisation()
        stamps = new_stamps(actor, self._clock)
        organisation = Organisation(organisation_id=org_id, name=request.name, seed_version=SEED_VERSION, **stamps)
        defaults = all_defaults(actor, org_id, self._clock, self._ids)
        writes: list[Write] = [
            _claim(request.name, org_id),
            Put(organisation.to_item(), condition=ABSENT),
            *defaults.writes(),
        ]
        self._trail.commit(actor, org_id, [_created(organisation), defaults.event()], writes)
        return organisation

    def update(self, actor: Actor, org_id: str, request: OrganisationChanges) -> Organisation:
        """Renames it; invitations that are under way keep the name that they were sent with.

        One that is not ``active`` lets none of its members in, from the authorizer on, and nobody joins it. That is
        the platform's to say, not the organisation's own. Raises ``NotFound``, and ``Conflict``:
        ``ORGANISATION_EXISTS`` for a taken name, or another version.
        """
        actor.require("org:update", org_id)
        if request.active is not None:
            actor.require("org:delete", PLATFORM)
        before = self.load(org_id)
        require_version(before, request.version)
        changes = differing(before, request.changes())
        if not changes:
            return before
        after = edited(before, changes, actor, self._clock)
        change = Change(
            EventType.CONFIGURATION,
            "organisation.update",
            "organisation",
            org_id,
            before=shown_before(before, changes),
            after=shown_after(changes),
        )
        writes: list[Write] = [edit_of(keys.organisation_key(org_id), before, after)]
        if fold_name(before.name) != fold_name(after.name):
            old = keys.organisation_name_key(fold_name(before.name))
            writes += [_claim(after.name, org_id), Delete(old, condition=Attr("organisationId").eq(org_id))]
        self._trail.commit(actor, org_id, [change], writes)
        return after

    def get(self, actor: Actor, org_id: str) -> Organisation:
        """Raises :class:`NotFound`, or ``Denied`` for an organisation that is not the actor's."""
        actor.require("org:read", org_id)
        return self.load(org_id)

    def load(self, org_id: str) -> Organisation:
        """For services: no question of who asks. Raises :class:`NotFound`."""
        item = self._table.get(keys.organisation_key(org_id))
        if item is None:
            raise _unknown(org_id)
        return Organisation.from_item(item)

    def load_active(self, org_id: str) -> Organisation:
        """As :meth:`load`, for who is to come in; raises :class:`Conflict` (``ORGANISATION_INACTIVE``) as well."""
        found = self.load(org_id)
        if not found.active:
            raise _inactive(found)
        return found

    def stays_active(self, org_id: str) -> Check:
        """By it a transaction fails once the organisation is deactivated; raises as :meth:`load_active`."""
        found = self.load_active(org_id)
        active = Attr("active").not_exists() | Attr("active").eq(True)
        return Check(keys.organisation_key(org_id), active, otherwise=_inactive(found))

    def find(self, actor: Actor, id_or_name: str) -> Organisation:
        """By id, or by name whatever its case. Raises :class:`NotFound`."""
        item = self._table.get(keys.organisation_key(id_or_name))
        if item is None:
            guard = self._table.get(keys.organisation_name_key(fold_name(id_or_name)))
            item = self._table.get(keys.organisation_key(guard["organisationId"])) if guard else None
        if item is None:
            raise _unknown(id_or_name)
        organisation = Organisation.from_item(item)
        actor.require("org:read", organisation.organisation_id)
        return organisation

    def page(self, actor: Actor, page: PageRequest) -> ListPage[Organisation]:
        """All organisations, by name."""
        actor.require("org:read", PLATFORM)
        return fetch_page(self._table, Query(keys.organisations(), index=1), page, Organisation.from_item)


def _claim(name: str, org_id: str) -> Put:
    taken = Conflict(
        f"there is an organisation called {name!r} already", code="ORGANISATION_EXISTS", hint="bbws-access orgs list"
    )
    guard = keys.organisation_name_key(fold_name(name)) | {"organisationId": org_id}
    return Put(guard, condition=ABSENT, otherwise=taken)


def _inactive(organisation: Organisation) -> Conflict:
    return Conflict(
        f"organisation {organisation.name} is deactivated",
        code=INACTIVE,
        hint=f"bbws-access orgs reactivate {organisation.organisation_id}",
    )


def _unknown(id_or_name: str) -> NotFound:
    return NotFound(
        f"there is no organisation {id_or_name!r}", code="ORGANISATION_NOT_FOUND", hint="bbws-access orgs list"
    )


def _created(organisation: Organisation) -> Change:
    return Change(
        EventType.CONFIGURATION,
        action="organisation.create",
        resource_type="organisation",
        resource_id=organisation.organisation_id,
        after={"name": organisation.name},
    )
