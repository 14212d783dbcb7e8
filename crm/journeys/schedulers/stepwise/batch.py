"""The members of one journey who are due, as long as a batch of them is walked: a temporary table.

It takes a batch out of the enrolments, every step changes it, and at the end it is written back. Nobody
else sees it, and an error takes it away with its transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    CursorResult,
    Integer,
    MetaData,
    String,
    Table,
    false,
    func,
    insert,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session

from crm.clock import zone_or
from crm.database import UtcDateTime
from crm.journeys.models import THROUGH, StepTaken
from crm.members.models import Member
from crm.outreach.models import Enrolment, EnrolmentState, Journey

_METADATA = MetaData()
_ENROLMENT = cast(Table, Enrolment.__table__)

BATCH = Table(
    "standing_members",
    _METADATA,
    Column("enrolment_id", Integer, primary_key=True),
    Column("member_id", Integer, nullable=False),
    Column("person_id", Integer, nullable=False),
    Column("arm", _ENROLMENT.c.arm.type, nullable=False),
    Column("enrolled_at", UtcDateTime, nullable=False),
    Column("anchor_at", UtcDateTime),
    Column("zone_name", String, nullable=False),
    Column("step_key", String),
    Column("at", UtcDateTime, nullable=False),
    Column("is_waiting", Boolean, nullable=False),
    Column("leaves", Boolean, nullable=False),
    Column("goes_to", String),
    Column("wall", BigInteger),
    Column("event_at", UtcDateTime),
    prefixes=["TEMPORARY"],
)
"""`at`: when the member comes to the step or, waiting, leaves it. While a step is taken, `leaves` says who goes on
and `goes_to` where (None: through the end), `wall` is what his clock shows, and `event_at` when he had the event."""


@dataclass(frozen=True)
class Batch:
    """What the steps need to know of the members who stand there."""

    session: Session
    journey_id: int
    now: datetime

    def is_due(self, step_key: str) -> ColumnElement[bool]:
        return (BATCH.c.step_key == step_key) & (BATCH.c.at <= literal(self.now, UtcDateTime))

    def change(self, condition: ColumnElement[bool], **values: Any) -> None:
        self.session.execute(update(BATCH).where(condition).values(**values))

    def leave(self, step_key: str, condition: ColumnElement[bool], goes_to: ColumnElement[Any] | str | None) -> None:
        """Move on those at a step for whom the condition holds, and write down where to."""
        self.change(condition, leaves=true(), goes_to=goes_to)
        taken = select(
            literal(self.journey_id),
            BATCH.c.enrolment_id,
            literal(step_key, String),
            func.coalesce(BATCH.c.goes_to, THROUGH),
            BATCH.c.at,
        ).where(BATCH.c.leaves)
        columns = ["journey_id", "enrolment_id", "step_key", "went_to", "taken_at"]
        self.session.execute(insert(StepTaken).from_select(columns, taken.order_by(BATCH.c.enrolment_id)))
        self.change(BATCH.c.leaves, step_key=BATCH.c.goes_to, is_waiting=false(), leaves=false(), goes_to=None)

    def due_keys(self) -> set[str]:
        """The steps at which somebody is due."""
        due = select(BATCH.c.step_key).where(BATCH.c.at <= literal(self.now, UtcDateTime))
        return set(self.session.scalars(due.where(BATCH.c.step_key.is_not(None)).distinct()))


@contextmanager
def standing(session: Session, journey: Journey, now: datetime, *, zone: ZoneInfo, most: int) -> Iterator[int]:
    """`BATCH` filled with those of a journey who are due, at most so many; gives their number.

    When the block ends without an error, they are written back to where they then are.
    """
    connection = session.connection()
    _METADATA.create_all(connection, checkfirst=False)
    yield _fill(session, journey, now, zone, most)
    _write_back(session)
    _METADATA.drop_all(connection, checkfirst=False)


def _fill(session: Session, journey: Journey, now: datetime, zone: ZoneInfo, most: int) -> int:
    due = (
        select(
            Enrolment.id,
            Enrolment.member_id,
            func.coalesce(Enrolment.person_id, Enrolment.member_id),
            Enrolment.arm,
            Enrolment.enrolled_at,
            Enrolment.anchor_at,
            func.coalesce(Member.zone_name, zone.key),
            Enrolment.step_key,
            Enrolment.wake_at,
            Enrolment.is_waiting,
            false(),
        )
        .join(Member, Member.id == Enrolment.member_id)
        .where(Enrolment.journey_id == journey.id, Enrolment.wake_at.is_not(None), Enrolment.wake_at <= now)
        .order_by(Enrolment.wake_at, Enrolment.id)
        .limit(most)
    )
    names = [column.name for column in BATCH.c][:11]
    # Kept on purpose: on PostgreSQL an insert forgets how many rows it made.
    done = session.execute(insert(BATCH).from_select(names, due), execution_options={"preserve_rowcount": True})
    _use_known_zones(session, zone)
    # What is written later refers to these members and holds their rows. Dispatch, which holds them for a send, takes
    # them in this order, too: neither waits for the other in a circle.
    members = select(Member.id).where(Member.id.in_(select(BATCH.c.member_id))).order_by(Member.id)
    session.execute(members.with_for_update(read=True, key_share=True)).all()
    return cast(CursorResult[Any], done).rowcount


def _use_known_zones(session: Session, default: ZoneInfo) -> None:
    names = session.scalars(select(BATCH.c.zone_name).distinct()).all()
    unknown = [name for name in names if zone_or(name, default).key != name]
    if unknown:
        lives_there = BATCH.c.zone_name.in_(unknown)
        session.execute(update(BATCH).where(lives_there).values(zone_name=default.key))


def _write_back(session: Session) -> None:
    here = BATCH.c.enrolment_id == _ENROLMENT.c.id
    moved = update(_ENROLMENT).where(here, BATCH.c.step_key.is_not(None))
    session.execute(moved.values(step_key=BATCH.c.step_key, wake_at=BATCH.c.at, is_waiting=BATCH.c.is_waiting))
    through = update(_ENROLMENT).where(here, BATCH.c.step_key.is_(None))
    session.execute(
        through.values(
            state=EnrolmentState.COMPLETED, step_key=None, wake_at=None, is_waiting=False, ended_at=BATCH.c.at
        )
    )
