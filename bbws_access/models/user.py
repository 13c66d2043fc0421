"""A user's profile in an organisation. The account itself, with its password, lives in the user pool."""

from __future__ import annotations

from bbws_access import keys
from bbws_access.keys import Keys
from bbws_access.models.base import Audited


class User(Audited):
    """``user_id`` is the ``sub`` of the user pool; ``email`` is folded to lower case."""

    user_id: str
    organisation_id: str
    email: str
    first_name: str
    last_name: str

    def keys(self) -> Keys:
        return keys.user(self.organisation_id, self.user_id, self.email)
