"""The demo's saved segments, with the sizes that they had on the days before."""

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.clock import day_end
from crm.fields import Catalog
from crm.members.changes import MemberChange
from crm.members.models import Member
from crm.segments.definition import parse_definition
from crm.segments.models import Segment, SegmentDay
from crm.segments.saved import SegmentChanges, change_segment, save_segment
from crm.segments.scope import open_scope
from crm.segments.service import member_ids

LAPSED = "Lapsed buyers"
DEFINITIONS: dict[str, tuple[str, dict[str, Any]]] = {
    LAPSED: (
        "Bought before, and nothing for two months",
        {
            "all": [
                {"field": "orders.count", "op": ">=", "value": 1},
                {"field": "orders.count", "op": "=", "value": 0, "window_days": 60},
            ]
        },
    ),
    "Lapsed platinum": (
        "Platinum members among the lapsed buyers: whom a win-back is for",
        {
            "all": [
                {"field": "tier", "op": "in", "value": ["platinum"]},
                {"field": "segment", "op": "in", "value": [LAPSED]},
            ]
        },
    ),
    "New joiners": (
        "Joined within the last 30 days",
        {"field": "joined_at", "op": ">=", "value": {"days_ago": 30}},
    ),
    "Big spenders": (
        "Who spends most in a quarter",
        {"field": "orders.spend", "op": ">=", "value": 3000, "window_days": 90},
    ),
    "June birthdays": (
        "Whom to congratulate this month",
        {"field": "birthday", "op": "month_day_between", "value": ["06-01", "06-30"]},
    ),
}
RAISED_TO = {"field": "orders.spend", "op": ">=", "value": 5000, "window_days": 90}
WITH_A_PAST = (LAPSED, "New joiners", "Big spenders")
"""What these ask is known of past days, too."""
PAST_DAYS = 28
MAX_MEMBERS_WITH_A_PAST = 20_000
"""In a larger demo the past of its segments would take longer than it is worth."""


def save_segments(session: Session, author: Actor, now: datetime, catalog: Catalog) -> None:
    """Save them in the name of `author`, one of them in two versions."""
    saved = {
        name: save_segment(
            session,
            name=name,
            definition=definition,
            description=description,
            actor=author,
            now=now,
            catalog=catalog,
            request_id=f"demo:{name}",
        )
        for name, (description, definition) in DEFINITIONS.items()
    }
    raised = SegmentChanges(definition=RAISED_TO, note="3,000 held too many for a personal call")
    change_segment(
        session,
        saved["Big spenders"].id,
        version=1,
        changes=raised,
        actor=author,
        now=now,
        catalog=catalog,
        subscribers=lambda _session, _name: (),
    )
    if (session.scalar(select(func.count()).select_from(Member)) or 0) <= MAX_MEMBERS_WITH_A_PAST:
        for name in WITH_A_PAST:
            _write_past(session, saved[name], author, now, catalog)
    # Everything was evaluated after the demo's whole past: nothing of it has to be followed up.
    session.execute(delete(MemberChange))


def _write_past(session: Session, segment: Segment, author: Actor, now: datetime, catalog: Catalog) -> None:
    """Its size at the end of each of the days before, worked out from what is known of them."""
    opened = partial(open_scope, session, catalog, now, row_owner_id=author.row_owner_id, me_id=author.account_id)
    scope = opened()
    definition = parse_definition(segment.definition, catalog)

    def members_on(day: date) -> set[int]:
        return set(member_ids(session, definition, opened(as_of=day)))

    before = members_on(scope.today - timedelta(days=PAST_DAYS + 1))
    for ago in range(PAST_DAYS, 0, -1):
        day = scope.today - timedelta(days=ago)
        members = members_on(day)
        session.add(
            SegmentDay(
                segment_id=segment.id,
                on=day,
                at=day_end(day, scope.zone),
                count=len(members),
                entered=len(members - before),
                left=len(before - members),
                duration_ms=0,
            )
        )
        before = members
    session.flush()
