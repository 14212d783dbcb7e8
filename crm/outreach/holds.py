"""Journeys that cannot go on for now: why, and when they are tried again.

A held journey is not walked and sends nothing; what waits in it waits on. It is taken up again by itself after a
while, or at once when a person pauses and resumes it.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from crm.isolation import Attempt, next_try
from crm.outreach.batches import among
from crm.outreach.models import Journey, Message

CANNOT_GO_ON = "It cannot go on"


def is_free(now: datetime) -> ColumnElement[bool]:
    """Whether a journey is not held at a moment."""
    return or_(Journey.held_until.is_(None), Journey.held_until <= now)


def sends() -> ColumnElement[bool]:
    """Whether what waits in a journey may go out: not while a walked one is held, however soon it is tried again."""
    return or_(Journey.is_walked.is_(False), Journey.held_times == 0)


def note_of(session: Session, journey_id: int) -> str | None:
    """What stands beside a journey already."""
    return session.scalar(select(Journey.note).where(Journey.id == journey_id))


def hold(session: Session, journey_id: int, attempt: Attempt, now: datetime, *, rests: bool) -> str:
    """Write down why a journey cannot go on; gives its name.

    `rests`: leave it alone for a while, longer each time; otherwise it is looked at again in the next turn. The row
    is not read: what is stored may be what is wrong.
    """
    name, times = session.execute(select(Journey.name, Journey.held_times).where(Journey.id == journey_id)).one()
    # A walked journey sends nothing while it is held, for its exits may be what cannot be read (`sends`).
    held = update(Journey).where(Journey.id == journey_id)
    held = held.values(note=f"{CANNOT_GO_ON}: {attempt.reason}", held_times=max(times, 1))
    if rests:
        held = held.values(held_until=next_try(times, now), held_times=times + 1)
    session.execute(held.execution_options(synchronize_session=False))
    return name


def let_go_of_sent(session: Session, message_ids: Sequence[int]) -> None:
    """Journeys planned whole go on when one of their messages could be written again; the walk looks after others."""
    sent = select(Message.journey_id).where(among(Message.id, message_ids))
    held = (Journey.held_times > 0, Journey.is_walked.is_(False), Journey.id.in_(sent))
    free = update(Journey).where(*held).values(note=None, held_until=None, held_times=0)
    session.execute(free.execution_options(synchronize_session=False))


def let_go(journey: Journey) -> None:
    """It went on."""
    journey.note, journey.held_until, journey.held_times = None, None, 0
