"""The frequency caps: how much a member has had, and what is left for whom.

What was really sent in seven days counts, by any journey and whatever its priority. On top of it a message
leaves room for those of a higher priority that are due within a day: care takes the capacity that a waiting
campaign would have taken the same day. Service is not held back by any cap, but counts for the others.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, SQLColumnExpression, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from crm.access.policy import Policy
from crm.outreach.models import MAY_BE_DUE, REALLY_SENT, WAITING, Journey, JourneyState, Message, MessageState
from crm.outreach.moments import earlier
from crm.outreach.priority import YIELD_WINDOW, Priority, with_those_above
from crm.outreach.rules import FREQUENCY_WINDOW

Count = ColumnElement[int]
Channel = ColumnElement[str]
Counter = Callable[[Channel | None], Count]
"""Counts messages of the row's member, on one channel or (None) on all."""


def is_capped(row: FromClause, policy: Policy, *counters: Counter) -> ColumnElement[bool]:
    """Whether the member has had enough, on the row's channel or in all, by the sum of what `counters` count."""

    def used(channel: Channel | None) -> Count:
        first, *rest = (counter(channel) for counter in counters)
        return sum(rest, first)

    cap = case(
        *[(row.c.channel == channel, limit) for channel, limit in policy.frequency_cap_per_channel_7d.items()],
        else_=policy.frequency_cap_total_7d,
    )
    enough = or_(used(None) >= policy.frequency_cap_total_7d, used(row.c.channel) >= cap)
    return and_(row.c.priority != Priority.SERVICE, enough)


def sent_before(row: FromClause, moment: ColumnElement[datetime]) -> Counter:
    """Messages sent to the row's member in the seven days up to `moment`; a claimed one counts as sent."""

    def count(channel: Channel | None) -> Count:
        past = aliased(Message)
        in_window = and_(
            past.state.in_(REALLY_SENT),
            past.sent_at > earlier(moment, FREQUENCY_WINDOW),
            past.sent_at <= moment,
        )
        query = select(func.count()).where(
            past.member_id == row.c.member_id, or_(in_window, past.state == MessageState.CLAIMED)
        )
        return _narrowed(query, past.channel, channel).correlate(row).scalar_subquery()

    return count


def waits_above(session: Session, until: datetime) -> bool:
    """Whether any message waits, of whomever, that others would leave room for."""
    urgent = (priority for _, above in with_those_above() for priority in above)
    waiting = (
        select(Message.id).where(MAY_BE_DUE, Message.priority == priority, Message.due_at <= until)
        for priority in dict.fromkeys(urgent)
    )
    return any(session.scalar(query.limit(1)) is not None for query in waiting)


def room_above(row: FromClause, until: ColumnElement[datetime]) -> Counter:
    """Messages of higher priority that wait for the row's member and are due by `until`.

    One that is a day overdue (a paused channel, a provider that is down) keeps nobody waiting any longer.
    """

    def count(channel: Channel | None) -> Count:
        other = aliased(Message)
        goes_first = or_(*[and_(row.c.priority == own, other.priority.in_(above)) for own, above in with_those_above()])
        due = (other.due_at > earlier(until, 2 * YIELD_WINDOW), other.due_at <= until)
        query = _others_waiting(row, other).where(goes_first, *due)
        return _narrowed(query, other.channel, channel).correlate(row).scalar_subquery()

    return count


def _others_waiting(row: FromClause, other: type[Message]) -> Select[int]:
    """Waiting messages of the row's member; those of a paused journey may never go, and hold nobody back."""
    query = select(func.count()).select_from(other).join(Journey, Journey.id == other.journey_id)
    return query.where(
        other.member_id == row.c.member_id,
        # Not sent yet: so that the index of a member's messages is read for these alone.
        other.sent_at.is_(None),
        other.state.in_(WAITING),
        Journey.state == JourneyState.RUNNING,
    )


def _narrowed(query: Select[int], column: SQLColumnExpression[Any], channel: Channel | None) -> Select[int]:
    return query if channel is None else query.where(column == channel)
