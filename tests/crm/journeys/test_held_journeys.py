"""While a walked journey is held, what already waits in it waits on: its exits may be what cannot be read."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from crm.access.models import Approval
from crm.catalog import CATALOG
from crm.database import Sessions, unit_of_work
from crm.outreach.models import Journey
from crm.segments.models import Segment
from crm.segments.saved import save_segment
from tests.builders import make_member
from tests.walks import Walker, journey, send

LATE_EVENING = datetime(2026, 6, 4, 14, 30, tzinfo=UTC)
"""22:30 in Shanghai: quiet hours."""
MORNING = LATE_EVENING + timedelta(hours=12)
SILVER: dict[str, Any] = {"field": "tier", "op": "in", "value": ["silver"]}


def save(session: Session, walker: Walker) -> None:
    save_segment(
        session,
        name="Do not disturb",
        definition=SILVER,
        actor=walker.author,
        request_id="s",
        now=walker.now,
        catalog=CATALOG,
    )


def test_what_waits_in_a_held_journey_waits_until_the_reason_is_gone(sessions: Sessions) -> None:
    walker = Walker(sessions, LATE_EVENING)
    with unit_of_work(sessions) as session:
        member = make_member(session)
        save(session, walker)
    leaves = {"definition": {"field": "segment", "op": "in", "value": ["Do not disturb"]}}
    running = walker.start(journey(send("hello"), exits=[leaves]))
    walker.enter(running, member.id)
    walker.advance()
    assert walker.heard(member.id) == []

    # As in data from before: neither the segment nor what was approved of it is there any more.
    with unit_of_work(sessions) as session:
        session.execute(delete(Approval))
        session.execute(delete(Segment).where(Segment.name == "Do not disturb"))
    walker.advance_clock(MORNING)
    (held,) = walker.rows(Journey)
    assert held.note.startswith("It cannot go on")
    assert walker.heard(member.id) == []

    with unit_of_work(sessions) as session:
        save(session, walker)
    walker.now += timedelta(minutes=1)
    walker.advance()
    (free,) = walker.rows(Journey)
    assert free.note is None
    walker.now += timedelta(minutes=1)
    walker.advance()
    assert [words for words, _at in walker.heard(member.id)] == ["hello"]
