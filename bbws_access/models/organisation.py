"""An organisation: the tenant that everything else belongs to."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from bbws_access import keys
from bbws_access.keys import Keys
from bbws_access.models.base import Audited, Request
from bbws_access.models.changes import Changes
from bbws_access.models.plain_text import ONE_LINE

OrganisationName = Annotated[str, StringConstraints(min_length=2, max_length=100), ONE_LINE]


class NewOrganisation(Request):
    """What is asked for when an organisation is made."""

    name: OrganisationName


class OrganisationChanges(Changes):
    """Limits are those of a new one."""

    name: OrganisationName | None = None
    active: bool | None = None


class Organisation(Audited):
    """``seed_version`` is that of the defaults that the organisation was last given."""

    organisation_id: str
    name: str
    seed_version: int = Field(default=0, ge=0)

    def keys(self) -> Keys:
        return keys.organisation(self.organisation_id, self.name)
