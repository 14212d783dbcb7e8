"""In whose name and on which day a definition is read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from crm.activity.facts import facts_stand_for
from crm.clock import local_day
from crm.errors import InvalidRequest
from crm.fields import Catalog, Field, Viewpoint
from crm.segments.frozen import FrozenSegments
from crm.workspace import get_workspace


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
    has_facts: bool = False
    """Whether the facts of members stand for `today` and for every row there is, in this transaction."""
    as_of: bool = False
    """Whether `today` is a past day, on which nothing later counts."""
    frozen: FrozenSegments | None = None
    """The saved segments that names stand for, worked out anew; None: those that there are, as last evaluated."""

    @property
    def viewpoint(self) -> Viewpoint:
        return Viewpoint(self.today, self.zone, self.me_id, has_facts=self.has_facts, is_past=self.as_of)


def open_scope(
    session: Session,
    catalog: Catalog,
    now: datetime,
    *,
    row_owner_id: int | None,
    me_id: int | None,
    as_of: date | None = None,
) -> SegmentScope:
    """A scope on the workspace's local day of `now`, or as of an earlier day.

    Raises InvalidRequest when `as_of` lies in the future.
    """
    workspace = get_workspace(session)
    today = local_day(now, workspace.zone)
    if as_of is not None and as_of > today:
        raise InvalidRequest(f"as of {as_of} cannot be told yet; today is {today}", path="as_of")
    is_past = as_of is not None and as_of < today
    return SegmentScope(
        catalog=catalog,
        today=as_of or today,
        zone=workspace.zone,
        row_owner_id=row_owner_id,
        me_id=me_id,
        currency=workspace.currency,
        has_facts=not is_past and facts_stand_for(session, today, workspace.zone),
        as_of=is_past,
    )


def require_history(scope: SegmentScope, fields: Iterable[Field]) -> None:
    """Refuse fields of which only today's value is kept. Raises InvalidRequest for a scope on a past day."""
    if not scope.as_of:
        return
    unknown = dict.fromkeys(field.name for field in fields if not field.keeps_history)
    if unknown:
        raise InvalidRequest(
            f"{', '.join(unknown)}: only today's value is kept, not that of {scope.today}; "
            "leave it out, or ask as of today",
            path="as_of",
        )
