"""Writing who enters a walked journey, as people: records of one person share the arm of the first who entered.

Statements run under the lock of the journey (`walk.py`), so that what they find missing is missing until they have
written it.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    CursorResult,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.orm import Session, aliased

from crm.database import UtcDateTime
from crm.experiments.assignment import is_drawn
from crm.journeys.schedulers.planned.draft_tables import refresh_statistics
from crm.journeys.schedulers.planned.persons import JOINED, PERSONS, SHARED, join_records
from crm.journeys.schedulers.stepwise.conditions import entry_definition, fitting
from crm.members.models import ContactPoint
from crm.members.people import PERSON_CHANNELS
from crm.outreach.models import Arm, Enrolment, EnrolmentState, Journey
from crm.outreach.moments import earlier
from crm.outreach.spec import JourneySpec
from crm.segments.definition import EVERYONE
from crm.segments.scope import SegmentScope

Candidates = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]
"""Member id, occurrence, moment and, where there is a key date, the first moment of that day."""

_ARM = Enrolment.__table__.c.arm.type
_METADATA = MetaData()

_ENTERING = Table(
    "entering_members",
    _METADATA,
    Column("member_id", Integer),
    Column("occurrence", String),
    Column("moment", UtcDateTime),
    Column("anchor", UtcDateTime),
    Column("person_id", Integer),
    Column("first_arm", _ARM),
    prefixes=["TEMPORARY"],
)
"""Who enters. `first_arm`: that of the record of the same person that entered first, None where this is the first."""

_RECORDS = Table(
    "entering_records",
    _METADATA,
    Column("member_id", Integer, primary_key=True, autoincrement=False),
    Column("found_in", Integer),
    prefixes=["TEMPORARY"],
)
"""Records that may be one person: those that enter, and those under the journey that they lead to by addresses."""

_FIRSTS = Table(
    "entering_firsts",
    _METADATA,
    Column("person_id", Integer, primary_key=True, autoincrement=False),
    Column("enrolment_id", Integer),
    prefixes=["TEMPORARY"],
)
"""The first enrolment of each person of whom a record entered before."""


@dataclass(frozen=True)
class Entry:
    """A journey that members are about to enter."""

    session: Session
    journey: Journey
    spec: JourneySpec
    scope: SegmentScope


def enter(entry: Entry, candidates: Candidates) -> int:
    """Write the enrolments of those candidates who may enter; how many."""
    version_ids = _version_ids(entry)
    may_enter = _entering(entry, candidates, version_ids)
    if entry.session.execute(may_enter.limit(1)).first() is None:
        return 0
    with _tables(entry.session):
        columns = ["member_id", "occurrence", "moment", "anchor"]
        entry.session.execute(insert(_ENTERING).from_select(columns, may_enter))
        refresh_statistics(entry.session, _ENTERING)
        _find_persons(entry.session, version_ids)
        return _write(entry)


@contextmanager
def _tables(session: Session) -> Iterator[None]:
    connection = session.connection()
    for tables in (_METADATA, PERSONS):
        tables.create_all(connection, checkfirst=False)
    yield
    for tables in (_METADATA, PERSONS):
        tables.drop_all(connection, checkfirst=False)


def _version_ids(entry: Entry) -> Collection[int]:
    versions = select(Journey.id).where(Journey.name == entry.journey.name, Journey.is_walked)
    return entry.session.scalars(versions).all()


def _entering(entry: Entry, candidates: Candidates, version_ids: Collection[int]) -> Select[*tuple[Any, ...]]:
    """Those candidates who may enter, one occurrence each unless each occurrence counts."""
    found = candidates.subquery("candidates")
    member_id, occurrence, moment, _ = found.c
    may_enter = [~_took_part(version_ids, member_id, Enrolment.occurrence == occurrence)]
    rule = entry.spec.reentry_rule
    if rule.rule != "each_occurrence":
        since = [] if rule.days is None else [Enrolment.enrolled_at > earlier(moment, timedelta(days=rule.days))]
        may_enter.append(~_took_part(version_ids, member_id, *since))
    definition = entry_definition(entry.spec, entry.scope.catalog)
    if definition != EVERYONE or entry.scope.row_owner_id is not None:
        among = None if definition.is_limited else select(member_id)
        may_enter.append(member_id.in_(fitting(entry.session, definition, entry.scope, among).subquery().select()))
    place = func.row_number().over(partition_by=member_id, order_by=(moment, occurrence))
    each = select(*found.c, place.label("place")).where(*may_enter).subquery("each")
    *columns, numbered = each.c
    return select(*columns) if rule.rule == "each_occurrence" else select(*columns).where(numbered == 1)


def _took_part(
    version_ids: Collection[int], member_id: ColumnElement[int], *conditions: ColumnElement[bool]
) -> ColumnElement[bool]:
    return exists().where(Enrolment.journey_id.in_(version_ids), Enrolment.member_id == member_id, *conditions)


def _find_persons(session: Session, version_ids: Collection[int]) -> None:
    """Fill in `person_id` and `first_arm` of those who enter.

    Each is joined, over any number of shared addresses, with all who enter or entered the journey before, in
    whatever version. The person is the one of the record that entered first; of those who enter together it is the
    one with the lowest id.
    """
    records = select(_ENTERING.c.member_id, literal(0)).distinct()
    session.execute(insert(_RECORDS).from_select(["member_id", "found_in"], records))
    refresh_statistics(session, _RECORDS)
    took_part = Enrolment.journey_id.in_(version_ids)
    anyone_before = session.scalar(select(Enrolment.id).where(took_part).limit(1)) is not None
    if anyone_before:
        _find_earlier_records(session, took_part)
    _join(session)
    own = JOINED.c.member_id == _ENTERING.c.member_id
    session.execute(update(_ENTERING).values(person_id=_ENTERING.c.member_id))
    session.execute(update(_ENTERING).where(own).values(person_id=JOINED.c.person_id))
    if anyone_before:
        _take_after_the_first(session, took_part)


def _find_earlier_records(session: Session, took_part: ColumnElement[bool]) -> None:
    """Round after round, those who took part before and share an address with a record found in the last round."""
    mine, theirs = aliased(ContactPoint), aliased(ContactPoint)
    found_in, new = 0, 1
    while new:
        same = and_(theirs.channel == mine.channel, theirs.normalised == mine.normalised)
        of_journey = exists().where(Enrolment.member_id == theirs.member_id, took_part)
        known = exists().where(_RECORDS.c.member_id == theirs.member_id).correlate(theirs)
        further = (
            select(theirs.member_id, literal(found_in + 1))
            .select_from(_RECORDS)
            .join(mine, and_(mine.member_id == _RECORDS.c.member_id, _names_a_person(mine)))
            .join(theirs, same)
            .where(_RECORDS.c.found_in == found_in, theirs.member_id != mine.member_id, of_journey, ~known)
            .distinct()
        )
        done = session.execute(
            insert(_RECORDS).from_select(["member_id", "found_in"], further),
            execution_options={"preserve_rowcount": True},
        )
        found_in, new = found_in + 1, cast(CursorResult[Any], done).rowcount


def _names_a_person(contact: type[ContactPoint]) -> ColumnElement[bool]:
    return and_(contact.channel.in_(PERSON_CHANNELS), contact.normalised != "")


def _join(session: Session) -> None:
    """Fill `JOINED` with those of the records that share an address with another of them."""
    point, other = aliased(ContactPoint), aliased(ContactPoint)
    among = select(_RECORDS.c.member_id)
    elsewhere = exists().where(
        other.channel == point.channel,
        other.normalised == point.normalised,
        other.member_id != point.member_id,
        other.member_id.in_(among),
    )
    shared = select(point.member_id, point.channel, point.normalised)
    shared = shared.where(point.member_id.in_(among), _names_a_person(point), elsewhere)
    session.execute(insert(SHARED).from_select(["member_id", "channel", "address"], shared))
    join_records(session)


def _take_after_the_first(session: Session, took_part: ColumnElement[bool]) -> None:
    """Who entered before keeps person and arm, and whoever turns out to be the same person gets them."""
    person = func.coalesce(JOINED.c.person_id, _RECORDS.c.member_id)
    firsts = (
        select(person, func.min(Enrolment.id))
        .select_from(_RECORDS)
        .outerjoin(JOINED, JOINED.c.member_id == _RECORDS.c.member_id)
        .join(Enrolment, Enrolment.member_id == _RECORDS.c.member_id)
        .where(took_part)
        .group_by(person)
    )
    session.execute(insert(_FIRSTS).from_select(["person_id", "enrolment_id"], firsts))
    first = (_FIRSTS.c.person_id == _ENTERING.c.person_id, Enrolment.id == _FIRSTS.c.enrolment_id)
    named = func.coalesce(Enrolment.person_id, Enrolment.member_id)
    session.execute(update(_ENTERING).where(*first).values(person_id=named, first_arm=Enrolment.arm))


def _write(entry: Entry) -> int:
    spec, columns, entering = entry.spec, Enrolment.__table__.c, _ENTERING.c
    drawn = is_drawn(spec.experiment, entering.person_id, spec.holdout_share)
    arm = case((drawn, literal(Arm.HOLDOUT, _ARM)), else_=literal(Arm.TREATMENT, _ARM))
    values: dict[str, ColumnElement[Any]] = {
        "journey_id": literal(entry.journey.id),
        "member_id": entering.member_id,
        "person_id": entering.person_id,
        "occurrence": entering.occurrence,
        # Where nobody is held back any more, that goes for those too who were once.
        "arm": func.coalesce(entering.first_arm, arm) if spec.holdout_share else arm,
        "enrolled_at": entering.moment,
        "state": literal(EnrolmentState.ACTIVE, columns.state.type),
        "step_key": literal(spec.steps[0].key, String),
        "wake_at": entering.moment,
        "is_waiting": literal(False, columns.is_waiting.type),
        "anchor_at": entering.anchor,
    }
    # In the order of members, in which dispatch locks them, too: neither waits for the other in a circle.
    rows = select(*values.values()).order_by(entering.member_id, entering.moment)
    # Kept on purpose: on PostgreSQL an insert forgets how many rows it made.
    done = entry.session.execute(
        insert(Enrolment).from_select(list(values), rows), execution_options={"preserve_rowcount": True}
    )
    return cast(CursorResult[Any], done).rowcount
