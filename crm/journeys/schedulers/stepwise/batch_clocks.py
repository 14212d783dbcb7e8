"""What the clocks of the members of a batch show."""

from datetime import timedelta

from sqlalchemy import ColumnElement, func, select

from crm.journeys.event_sources import as_seconds
from crm.journeys.schedulers.stepwise.batch import BATCH, Batch
from crm.journeys.schedulers.stepwise.local_time_sql import DAY, LocalTimes, Seconds

ZONE_NAME: ColumnElement[str] = BATCH.c.zone_name


def local_times(batch: Batch, ahead: timedelta = timedelta()) -> LocalTimes:
    """The clocks of everyone in the batch, around their moments and key dates and so far before and after."""
    at, anchor = BATCH.c.at, BATCH.c.anchor_at
    zones = batch.session.scalars(select(ZONE_NAME).distinct()).all()
    ends = select(func.min(at), func.max(at), func.min(anchor), func.max(anchor))
    first, last, first_anchor, last_anchor = batch.session.execute(ends).one()
    return LocalTimes(zones, min(first, first_anchor or first) - ahead, max(last, last_anchor or last) + ahead)


def show_wall(batch: Batch, condition: ColumnElement[bool], *, days_later: int = 0) -> None:
    """Set `wall` to what the clock shows at `at`, so many days later."""
    batch.change(condition, wall=local_times(batch).wall(ZONE_NAME, as_seconds(BATCH.c.at)) + days_later * DAY)


def moment_on_wall(batch: Batch, wall: Seconds, ahead: timedelta) -> Seconds:
    """The moment at which the clock shows a wall time, which lies at most so far from those of the batch."""
    return local_times(batch, ahead).moment(ZONE_NAME, wall)
