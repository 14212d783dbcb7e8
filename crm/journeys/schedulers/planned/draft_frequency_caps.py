"""What the frequency caps leave to the messages of a draft.

The same rule as `caps.is_capped`, which counts for one message after the other. Most members of an audience have
heard nothing lately, and most journeys cannot reach the caps by themselves: nothing is counted for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    case,
    cast,
    false,
    func,
    insert,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session

from crm.access.policy import Policy
from crm.channels import PREFERRED
from crm.database import UtcDateTime
from crm.journeys.schedulers.planned.draft_tables import AUDIENCE, MESSAGES, USED, refresh_statistics
from crm.outreach.models import (
    LEDGER,
    MAY_BE_DUE,
    REALLY_SENT,
    WAITING,
    Journey,
    JourneyState,
    Message,
    MessageState,
)
from crm.outreach.moments import earlier
from crm.outreach.priority import YIELD_WINDOW, Priority
from crm.outreach.rules import FREQUENCY_WINDOW, DueTime
from crm.outreach.spec import SendStep

_ALWAYS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class Slot:
    """One message of a journey for each member: a step on a channel."""

    position: int
    """Orders the sendings."""
    step: SendStep
    choice: str
    due: Mapping[str, DueTime]
    """By the name of the zone."""


def note_used(session: Session, priority: Priority, slots: Sequence[Slot]) -> datetime | None:
    """Fill `USED` with what counts at any moment of the slots; gives when the last of it ends, None without any."""
    moments = [due.moment for slot in slots for due in slot.due.values()]
    columns = ["member_id", "channel", "counts_from", "counts_until"]
    session.execute(insert(USED).from_select(columns, _sent(min(moments), max(moments))))
    if session.scalar(select(Message.id).where(MAY_BE_DUE).limit(1)) is not None:
        session.execute(insert(USED).from_select(columns, _claimed()))
        session.execute(insert(USED).from_select(columns, _waiting(priority)))
    refresh_statistics(session, USED)
    ends: datetime | None = session.scalar(select(func.max(USED.c.counts_until)))
    return ends


def is_capped(
    slot: Slot,
    before: Sequence[Slot],
    policy: Policy,
    moment: ColumnElement[datetime],
    *,
    size: int,
    used_until: datetime | None,
) -> ColumnElement[bool] | None:
    """Whether the member of an audience row has had enough when the slot falls due, on its channel or in all.

    None where nobody can have had enough. `before` are the slots that come first; their messages stand in the
    draft of an audience of this `size`. From `used_until` on nothing counts that is on the books.
    """
    in_window = [other for other in before if _reaches(other, slot)]
    may_fill = _may_fill(slot, in_window, policy)
    any_used = used_until is not None and any(due.moment < used_until for due in slot.due.values())
    if not may_fill and not any_used:
        return None
    channel = channel_of(slot.choice)
    cap = case(
        *[(channel == name, limit) for name, limit in policy.frequency_cap_per_channel_7d.items()],
        else_=policy.frequency_cap_total_7d,
    )
    places = [message_id(other.position, size) for other in in_window]
    enough = or_(_used(moment, None, places) >= policy.frequency_cap_total_7d, _used(moment, channel, places) >= cap)
    if may_fill:
        return enough
    # A case, because `and` may ask the expensive side first.
    return case((AUDIENCE.c.member_id.in_(select(USED.c.member_id)), enough), else_=false())


def channel_of(choice: str) -> ColumnElement[Any]:
    """The channel of a choice for the member of an audience row."""
    # Cast, because PostgreSQL gives a bare value in a select another type than in a comparison.
    return AUDIENCE.c.preferred if choice == PREFERRED else cast(literal(choice), MESSAGES.c.channel.type)


def message_id(position: int, size: int) -> ColumnElement[int]:
    """The id in the draft of the message of an audience row at a position."""
    return literal(position * size, BigInteger) + AUDIENCE.c.place


def _reaches(before: Slot, slot: Slot) -> bool:
    """Whether a message of the slot before counts when this one falls due, in any zone."""
    return any(before.due[zone].moment > due.moment - FREQUENCY_WINDOW for zone, due in slot.due.items())


def _may_fill(slot: Slot, in_window: Sequence[Slot], policy: Policy) -> bool:
    """Whether the journey alone may use up a cap before this slot, of a member whom everything reaches."""
    caps = policy.frequency_cap_per_channel_7d
    same = [other for other in in_window if PREFERRED in (slot.choice, other.choice) or slot.choice == other.choice]
    total = policy.frequency_cap_total_7d
    cap = min(caps.values(), default=total) if slot.choice == PREFERRED else caps.get(slot.choice, total)
    return len(in_window) >= total or len(same) >= cap


def _used(
    moment: ColumnElement[datetime], channel: ColumnElement[Any] | None, places: Sequence[ColumnElement[int]]
) -> ColumnElement[int]:
    on_the_books = select(func.count()).where(
        USED.c.member_id == AUDIENCE.c.member_id, USED.c.counts_from <= moment, USED.c.counts_until > moment
    )
    if channel is not None:
        on_the_books = on_the_books.where(USED.c.channel == channel)
    used: ColumnElement[int] = on_the_books.correlate(AUDIENCE).scalar_subquery()
    if not places:
        return used
    planned = select(func.count()).where(
        MESSAGES.c.id.in_(places), MESSAGES.c.state.in_(WAITING), MESSAGES.c.due_at > earlier(moment, FREQUENCY_WINDOW)
    )
    if channel is not None:
        planned = planned.where(MESSAGES.c.channel == channel)
    return used + planned.correlate(AUDIENCE).scalar_subquery()


def _sent(first: datetime, last: datetime) -> Select[*tuple[Any, ...]]:
    """What was really sent counts for seven days."""
    since = first - FREQUENCY_WINDOW
    return (
        select(Message.member_id, Message.channel, Message.sent_at, earlier(LEDGER.c.sent_at, -FREQUENCY_WINDOW))
        .join_from(AUDIENCE, Message, Message.member_id == AUDIENCE.c.member_id)
        .where(Message.sent_at > since, Message.sent_at <= last, Message.state.in_(REALLY_SENT))
    )


def _claimed() -> Select[*tuple[Any, ...]]:
    """What is being sent counts whatever the moment."""
    always = [literal(moment, UtcDateTime) for moment in _ALWAYS]
    return (
        select(Message.member_id, Message.channel, *always)
        .join_from(AUDIENCE, Message, Message.member_id == AUDIENCE.c.member_id)
        .where(Message.sent_at.is_(None), Message.state == MessageState.CLAIMED)
    )


def _waiting(priority: Priority) -> Select[*tuple[Any, ...]]:
    """What other journeys will have sent by then, or what goes first; those of a paused journey hold nobody back."""
    due_at = LEDGER.c.due_at
    from_when = case(
        (Message.priority.in_(priority.above), earlier(due_at, YIELD_WINDOW)),
        (Message.priority.in_(priority.below), earlier(due_at, -YIELD_WINDOW)),
        else_=due_at,
    )
    return (
        select(Message.member_id, Message.channel, from_when, earlier(due_at, -FREQUENCY_WINDOW))
        .join_from(AUDIENCE, Message, Message.member_id == AUDIENCE.c.member_id)
        .join(Journey, Journey.id == Message.journey_id)
        .where(Message.sent_at.is_(None), Message.state.in_(WAITING), Journey.state == JourneyState.RUNNING)
    )
