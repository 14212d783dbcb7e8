"""Planned whole at the start: the run equals the plan."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from crm.access.policy import get_policy
from crm.database import Sessions
from crm.fields import Catalog
from crm.journeys.schedulers import Moved
from crm.journeys.schedulers.planned.draft import Setting
from crm.journeys.schedulers.planned.launch import write_plan
from crm.outreach.holds import is_free
from crm.outreach.models import Journey, JourneyState, Message, MessageState
from crm.outreach.spec import JourneySpec
from crm.segments.compile import select_member_ids
from crm.segments.definition import Definition
from crm.segments.scope import SegmentScope
from crm.workspace import get_workspace

_OPEN = (MessageState.PLANNED, MessageState.DEFERRED, MessageState.CLAIMED)


class Planned:
    """Everybody takes part at once, and every message is on the books; dispatch sends each when it is due."""

    starts_once_approved = True

    def start(
        self,
        session: Session,
        journey: Journey,
        spec: JourneySpec,
        entry: Definition,
        scope: SegmentScope,
        now: datetime,
    ) -> None:
        setting = launch_setting(session, journey.starts_at or now)
        write_plan(session, journey, spec, select_member_ids(entry, scope), setting, now=now)

    def advance(self, sessions: Sessions, now: datetime, catalog: Catalog) -> Moved:
        return Moved()

    def next_moment(self, session: Session, after: datetime, catalog: Catalog) -> datetime | None:
        ends = select(func.min(Journey.ends_at))
        running = (Journey.state == JourneyState.RUNNING, Journey.is_walked.is_(False))
        return session.scalar(ends.where(*running, Journey.ends_at > after))

    def over(self, session: Session, now: datetime, kind: str) -> Sequence[tuple[int, str | None]]:
        """Its window has passed, and nothing waits."""
        open_messages = exists().where(Message.journey_id == Journey.id, Message.state.in_(_OPEN))
        over = select(Journey.id, Journey.note).where(
            Journey.kind == kind,
            Journey.is_walked.is_(False),
            Journey.state == JourneyState.RUNNING,
            Journey.ends_at <= now,
            ~open_messages,
            is_free(now),
        )
        return [(row.id, row.note) for row in session.execute(over.with_for_update(skip_locked=True))]

    def stop(self, session: Session, journey: Journey, reason: str, now: datetime) -> None:
        """Nobody is under way: the ledger says what becomes of the messages."""


def launch_setting(session: Session, launch_at: datetime) -> Setting:
    return Setting(policy=get_policy(session), zone=get_workspace(session).zone, launch_at=launch_at)


PLANNED = Planned()
