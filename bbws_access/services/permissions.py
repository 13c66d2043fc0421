"""Permissions of the platform."""

from __future__ import annotations

from bbws_access import keys
from bbws_access.access.actor import Actor
from bbws_access.errors import NotFound
from bbws_access.models.kinds import Category
from bbws_access.models.permission import Permission
from bbws_access.services.pages import ListPage, PageRequest, every
from bbws_access.store.table import Query, Table
from bbws_access.text import fold_name


class Permissions:
    """What can be allowed. Open to any actor; changed only by a new version of the seed."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, _actor: Actor, permission_id: str) -> Permission:
        """Raises :class:`NotFound`."""
        item = self._table.get(keys.permission_key(permission_id))
        if item is None:
            hint = "bbws-access permissions list"
            raise NotFound(f"there is no permission {permission_id!r}", code="PERMISSION_NOT_FOUND", hint=hint)
        return Permission.from_item(item)

    def find(self, actor: Actor, id_or_name: str) -> Permission:
        """By id, or by name whatever its case. Raises :class:`NotFound`."""
        name = fold_name(id_or_name)
        named = (found for found in every(lambda page: self.page(actor, page)) if fold_name(found.name) == name)
        return next(named, None) or self.get(actor, id_or_name.strip().lower())

    def page(self, _actor: Actor, page: PageRequest, category: Category | None = None) -> ListPage[Permission]:
        """By category, then id.

        A page may cross categories, each of which is a partition of its own; the position says in
        which one the page ended.
        """
        found: list[Permission] = []
        start = page.start_after
        for current in _from(category, start):
            wanted = page.size - len(found)
            query = Query(keys.permissions_of_category(current), index=1, limit=wanted, start_after=start)
            answer = self._table.query(query)
            found.extend(Permission.from_item(item) for item in answer.items)
            if len(found) == page.size:
                more = answer.last is not None or (category is None and current is not _LAST)
                return ListPage(found, _position(found[-1]) if more else None)
            start = None
        return ListPage(found)


_ORDER = tuple(Category)
_LAST = _ORDER[-1]


def _from(category: Category | None, start: keys.Keys | None) -> tuple[Category, ...]:
    if category is not None:
        return (category,)
    if start is None:
        return _ORDER
    at = Category(start["GSI1PK"].removeprefix("CATEGORY#"))
    return _ORDER[_ORDER.index(at) :]


def _position(permission: Permission) -> keys.Keys:
    return permission.keys()
