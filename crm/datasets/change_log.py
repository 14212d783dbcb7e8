"""Notes of whom something changed, for rows that are inserted in bulk."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Session

from crm.activity.models import ActivityEvent, Order
from crm.bulk import table_of
from crm.datasets.bulk import highest_id
from crm.loyalty.models import CouponRedemption
from crm.members.changes import Change, mark_members_changed
from crm.outreach.models import MessageEvent

CHANGES: dict[type[DeclarativeBase], tuple[Change, ...]] = {
    Order: (Change.ORDERS,),
    ActivityEvent: (Change.EVENTS,),
    MessageEvent: (Change.REACTIONS,),
    # A coupon lowers the amount of the order it was used in.
    CouponRedemption: (Change.REDEMPTIONS, Change.ORDERS),
}


@contextmanager
def marking_new_rows(session: Session) -> Iterator[None]:
    """Note the members of all rows that the block adds to the tables of `CHANGES`."""
    before = {model: highest_id(session, model) for model in CHANGES}
    yield
    for model, changes in CHANGES.items():
        columns = table_of(model).c
        if highest_id(session, model) == before[model]:
            continue
        # A sum is in no index: SQLite would walk a whole one by member for the few rows that are new.
        new = select((columns.member_id + 0).label("member_id")).where(columns.id > before[model])
        for change in changes:
            mark_members_changed(session, new, change)
