"""In whose name and on which day a definition is read."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from crm.fields import Catalog, Viewpoint


@dataclass(frozen=True)
class SegmentScope:
    """Rights, day and zone of one request. Comes from the caller's account, never from a definition."""

    catalog: Catalog
    today: date
    """The local day that windows end on."""
    zone: ZoneInfo
    row_owner_id: int | None = None
    """The account whose members are visible; None sees everyone."""
    me_id: int | None = None
    """The account that `@me` stands for."""
    currency: str = "CNY"
    """ISO 4217 code of every amount, for words."""

    @property
    def viewpoint(self) -> Viewpoint:
        return Viewpoint(today=self.today, zone=self.zone, me_id=self.me_id)
