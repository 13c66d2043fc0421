"""A user's profile in an organisation. The account itself, with its password, lives in the user pool."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from bbws_access import keys
from bbws_access.keys import Keys
from bbws_access.models.base import Audited
from bbws_access.models.changes import Changes
from bbws_access.models.plain_text import ONE_LINE
from bbws_access.models.wording import saying

PersonName = Annotated[str, StringConstraints(min_length=1, max_length=50), saying("give 1 to 50 characters"), ONE_LINE]


class UserChanges(Changes):
    """What may be changed of a profile; its address is its account's, and stays."""

    first_name: PersonName | None = None
    last_name: PersonName | None = None


class User(Audited):
    """``user_id`` is the ``sub`` of the user pool; ``email`` is folded to lower case.

    ``deactivated_with`` is on a profile that was deactivated, and on all that this took from the user:
    it says what a reactivation gives back.
    """

    user_id: str
    organisation_id: str
    email: str
    first_name: str
    last_name: str
    deactivated_with: str | None = None

    def keys(self) -> Keys:
        return keys.user(self.organisation_id, self.user_id, self.email)
