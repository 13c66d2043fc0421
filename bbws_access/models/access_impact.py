"""What a change does to what people may do."""

from __future__ import annotations

from bbws_access.models.base import ApiModel


class Shift(ApiModel):
    """One person's. ``gains`` and ``loses`` are permissions and capabilities, ``opens`` and ``closes`` endpoints.

    What holds in one team only says so: ``site:read in team Web``. Each is sorted.
    """

    user_id: str
    email: str
    gains: tuple[str, ...] = ()
    loses: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()
    closes: tuple[str, ...] = ()


class Impact(ApiModel):
    """``shifts`` are those whose access changes, by address; ``looked_at`` is how many people were asked about.

    ``complete`` is false where there are more, whom nobody looked at.
    """

    shifts: tuple[Shift, ...] = ()
    looked_at: int = 0
    complete: bool = True
