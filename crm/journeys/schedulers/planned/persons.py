"""Which records that take part together are one person: joined by shared e-mail addresses and phone numbers.

Transitively, but only over records that take part (decision 17). The random assignment draws by person, so that
nobody is written to and held out at the same time. All of it happens in temporary tables, in sets: ids never leave
the database.
"""

from typing import Any, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    CursorResult,
    Insert,
    Integer,
    MetaData,
    String,
    Table,
    Update,
    and_,
    case,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session

from crm.journeys.schedulers.planned.draft_tables import refresh_statistics
from crm.members.models import ContactPoint
from crm.outreach.models import Enrolment

PERSONS = MetaData()

SHARED = Table(
    "shared_addresses",
    PERSONS,
    Column("member_id", Integer),
    Column("channel", cast(Table, ContactPoint.__table__).c.channel.type),
    Column("address", String),
    Column("place", Integer),
    prefixes=["TEMPORARY"],
)
"""Records that share an address with another record that takes part; whoever calls `join_records` fills it. `place` is
for the caller: where it keeps the record."""

JOINED = Table(
    "joined_records",
    PERSONS,
    Column("member_id", Integer, primary_key=True, autoincrement=False),
    Column("person_id", Integer),
    prefixes=["TEMPORARY"],
)
"""The records of `SHARED` with the lowest member id among the records of their person."""

_MOVES = Table(
    "joining_moves",
    PERSONS,
    Column("person_id", Integer, primary_key=True, autoincrement=False),
    Column("goes_to", Integer),
    prefixes=["TEMPORARY"],
)
"""Of one round: persons who turned out to be another one, with a lower id."""


def person_of(enrolment: type[Enrolment] = Enrolment) -> ColumnElement[int]:
    """The person as whom a record was assigned: what a comparison counts once."""
    return func.coalesce(enrolment.person_id, enrolment.member_id)


def people_where(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """How many people have such enrolments, each counted once."""
    person = case((and_(*conditions), person_of())) if conditions else person_of()
    return func.count(person.distinct())


def join_records(session: Session) -> None:
    """Fill `JOINED` from `SHARED`.

    Each record begins as a person of its own. In each round a person becomes the lowest one that any of its
    addresses leads to. Ids only ever fall, so the rounds end; chains are cut short within a round, so that a chain
    of n records takes about log n of them.
    """
    records = select(SHARED.c.member_id, SHARED.c.member_id).distinct()
    session.execute(insert(JOINED).from_select(["member_id", "person_id"], records))
    for table in (SHARED, JOINED):
        refresh_statistics(session, table)
    while _rows(session, _find_moves()):
        further = _MOVES.alias("further")
        shortened = update(_MOVES).where(further.c.person_id == _MOVES.c.goes_to).values(goes_to=further.c.goes_to)
        while _rows(session, shortened):
            pass
        moved = update(JOINED).where(_MOVES.c.person_id == JOINED.c.person_id).values(person_id=_MOVES.c.goes_to)
        session.execute(moved)
        session.execute(delete(_MOVES))


def _find_moves() -> Insert:
    nearest = (
        select(SHARED.c.channel, SHARED.c.address, func.min(JOINED.c.person_id).label("person_id"))
        .join_from(SHARED, JOINED, JOINED.c.member_id == SHARED.c.member_id)
        .group_by(SHARED.c.channel, SHARED.c.address)
        .subquery("nearest")
    )
    at_one = and_(nearest.c.channel == SHARED.c.channel, nearest.c.address == SHARED.c.address)
    lowest = func.min(nearest.c.person_id)
    moves = (
        select(JOINED.c.person_id, lowest)
        .join_from(SHARED, JOINED, JOINED.c.member_id == SHARED.c.member_id)
        .join(nearest, at_one)
        .group_by(JOINED.c.person_id)
        .having(lowest < JOINED.c.person_id)
    )
    return insert(_MOVES).from_select(["person_id", "goes_to"], moves)


def _rows(session: Session, change: Insert | Update) -> int:
    # Kept on purpose: on PostgreSQL an insert forgets how many rows it made.
    done = session.execute(change, execution_options={"preserve_rowcount": True})
    return cast(CursorResult[Any], done).rowcount
