"""Step by step: members walk, each at their own time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from crm.database import Sessions
from crm.fields import Catalog
from crm.journeys.lookup import takes_entries
from crm.journeys.schedulers import Moved
from crm.journeys.schedulers.stepwise.advance import advance_due, next_wake
from crm.journeys.schedulers.stepwise.triggers import enrol_audience
from crm.outreach.holds import is_free
from crm.outreach.link_targets import store_targets
from crm.outreach.models import PENDING_STATES, Enrolment, EnrolmentState, Journey, JourneyState, Message
from crm.outreach.spec import JourneySpec
from crm.segments.definition import Definition
from crm.segments.scope import SegmentScope


class Stepwise:
    """Members enter when the trigger holds, and each step is taken when it is due."""

    starts_once_approved = False

    def start(
        self,
        session: Session,
        journey: Journey,
        spec: JourneySpec,
        entry: Definition,
        scope: SegmentScope,
        now: datetime,
    ) -> None:
        """An audience enters at once; of every other trigger what happens from now on counts."""
        journey.entries_since = journey.seen_until = now
        session.flush()
        store_targets(session, journey.id, spec)
        if spec.trigger.kind == "audience_at_launch":
            enrol_audience(session, journey, spec, scope, now)

    def advance(self, sessions: Sessions, now: datetime, catalog: Catalog) -> Moved:
        return advance_due(sessions, now, catalog)

    def next_moment(self, session: Session, after: datetime, catalog: Catalog) -> datetime | None:
        return next_wake(session, after, catalog)

    def over(self, session: Session, now: datetime, kind: str) -> Sequence[tuple[int, str | None]]:
        """Nobody enters it any more, nobody is under way and nothing waits."""
        empty = select(Journey.id, Journey.note, Journey.spec).where(
            Journey.kind == kind,
            Journey.is_walked,
            Journey.state == JourneyState.RUNNING,
            is_free(now),
            Journey.held_times == 0,
            ~exists().where(Enrolment.journey_id == Journey.id, Enrolment.wake_at.is_not(None)),
            ~exists().where(Message.journey_id == Journey.id, Message.state.in_(PENDING_STATES)),
        )
        found = session.execute(empty.with_for_update(skip_locked=True)).all()
        entered = set(session.scalars(takes_entries())) if found else set()
        return [(row.id, row.note) for row in found if row.id not in entered or _takes_part_at_once(row.spec)]

    def stop(self, session: Session, journey: Journey, reason: str, now: datetime) -> None:
        under_way = (Enrolment.journey_id == journey.id, Enrolment.state == EnrolmentState.ACTIVE)
        gone = {"step_key": None, "wake_at": None, "is_waiting": False, "ended_at": now, "end_reason": reason}
        stopped = update(Enrolment).where(*under_way).values(state=EnrolmentState.STOPPED, **gone)
        session.execute(stopped.execution_options(synchronize_session=False))


def _takes_part_at_once(stored: Any) -> bool:
    """As stored: what cannot be read is not over."""
    trigger = stored.get("trigger") if isinstance(stored, dict) else None
    return isinstance(trigger, dict) and trigger.get("kind") == "audience_at_launch"


STEPWISE = Stepwise()
