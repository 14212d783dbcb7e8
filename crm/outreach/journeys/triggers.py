"""Letting members into journeys: each trigger finds who enters, in one statement for all of them.

A member enters once for each occurrence, in whatever version of the journey. Statements run under the
lock of the journey (`walk.py`), so that what they find missing is missing until they have written it.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    CursorResult,
    FromClause,
    Select,
    String,
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    type_coerce,
)
from sqlalchemy import cast as cast_to
from sqlalchemy.orm import Session

from crm.access.policy import LeapDay, get_policy
from crm.clock import day_end, day_start, local_day
from crm.columns import distinct_words
from crm.database import UtcDateTime
from crm.loyalty.models import StageChange
from crm.members.models import Member
from crm.outreach.assignment import is_drawn
from crm.outreach.journey import JourneySpec, OnEvent, OnKeyDate, OnStage
from crm.outreach.journeys.conditions import entry_definition, fitting
from crm.outreach.journeys.happenings import occurrences
from crm.outreach.ledger import LAUNCH
from crm.outreach.models import Arm, Enrolment, EnrolmentState, Journey
from crm.outreach.moments import earlier
from crm.outreach.rules import anniversary_days, kept_on, moment_of
from crm.segments.definition import EVERYONE
from crm.segments.scope import SegmentScope

NEWS_DELAY = timedelta(days=1)
"""How late events may be told and still let somebody in, e.g. by a nightly import. They are looked at again for so
long; an occurrence that was let in is not let in again."""

Candidates = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]
"""Member id, occurrence, moment and, where there is a key date, the first moment of that day."""


@dataclass(frozen=True)
class Entered:
    asked: int
    entered: int

    @property
    def refused(self) -> int:
        """Not a member (of the person who asked), not of those who may enter, or not again yet."""
        return self.asked - self.entered


@dataclass(frozen=True)
class _Entry:
    """A journey that members are about to enter."""

    session: Session
    journey: Journey
    spec: JourneySpec
    scope: SegmentScope


def enrol_due(session: Session, journey: Journey, spec: JourneySpec, scope: SegmentScope, now: datetime) -> int:
    """Let in everyone for whom the trigger held since the engine looked last; how many."""
    entry, trigger = _Entry(session, journey, spec, scope), spec.trigger
    since, seen = journey.entries_since or now, journey.seen_until or now
    if isinstance(trigger, OnKeyDate):
        leap_day = get_policy(session).leap_day
        return sum(_enrol(entry, found) for found in _key_dates(session, trigger, scope.zone, seen, now, leap_day))
    after = max(since, seen - NEWS_DELAY)
    if isinstance(trigger, OnStage):
        return _enrol(entry, _stages(trigger, after, now))
    if isinstance(trigger, OnEvent):
        return _enrol(entry, _with_day(occurrences(trigger.event, after=after, until=now)))
    return 0


def enrol_audience(session: Session, journey: Journey, spec: JourneySpec, scope: SegmentScope, now: datetime) -> int:
    """Let in everyone who fits now, once; how many."""
    everyone = select(Member.id, literal(LAUNCH, String), _moment(now), _no_day())
    return _enrol(_Entry(session, journey, spec, scope), everyone)


def enrol_members(
    session: Session,
    journey: Journey,
    spec: JourneySpec,
    scope: SegmentScope,
    now: datetime,
    *,
    member_ids: Collection[int],
    owner_id: int | None,
    request_id: str,
) -> Entered:
    """Let in members that a person chose, of them those that `owner_id` looks after (None: of anyone)."""
    chosen = set(member_ids)
    occurrence = literal(f"hand-{request_id}", String)
    found = select(Member.id, occurrence, _moment(now), _no_day()).where(Member.id.in_(chosen))
    if owner_id is not None:
        found = found.where(Member.owner_id == owner_id)
    return Entered(len(chosen), _enrol(_Entry(session, journey, spec, scope), found))


def next_entry(session: Session, spec: JourneySpec, after: datetime, default: ZoneInfo) -> datetime | None:
    """When members may enter next for a key date, strictly after a moment; None where it cannot be known before."""
    if not isinstance(spec.trigger, OnKeyDate):
        return None
    time_of_day = time.fromisoformat(spec.trigger.at)
    days = {zone: local_day(after, zone) for zone in _zones(session, default)}
    moments = [
        moment_of(datetime.combine(day + timedelta(days=ahead), time_of_day), zone)
        for zone, day in days.items()
        for ahead in (0, 1)
    ]
    return min(moment for moment in moments if moment > after)


def _zones(session: Session, default: ZoneInfo) -> list[ZoneInfo]:
    names = session.scalars(distinct_words(Member.zone_name)).all()
    return [ZoneInfo(name) for name in sorted({default.key, *names})]


def _key_dates(
    session: Session, trigger: OnKeyDate, default: ZoneInfo, seen: datetime, now: datetime, leap_day: LeapDay
) -> Iterator[Candidates]:
    """For each zone and each of its days on which members enter between two moments: those who do."""
    joined_first = session.scalar(select(func.min(Member.joined_at)))
    if joined_first is None:
        return
    for zone in _zones(session, default):
        day = local_day(seen, zone)
        while day <= local_day(now, zone):
            moment = moment_of(datetime.combine(day, time.fromisoformat(trigger.at)), zone)
            if seen < moment <= now:
                on = day + timedelta(days=trigger.days_before)
                has_it = _has_key_date(trigger, on, zone, local_day(joined_first, zone), leap_day)
                if has_it is not None:
                    lives_there = Member.zone_name == zone.key
                    if zone == default:
                        lives_there = or_(lives_there, Member.zone_name.is_(None))
                    starts = literal(day_start(on, zone), UtcDateTime)
                    occurrence = literal(_occurrence(trigger, on), String)
                    yield select(Member.id, occurrence, _moment(moment), starts).where(has_it, lives_there)
            day += timedelta(days=1)


def _occurrence(trigger: OnKeyDate, on: date) -> str:
    is_yearly = trigger.date == "birthday" or trigger.every_months == 12
    return f"{trigger.date}-{on.year}" if is_yearly else f"{trigger.date}-{on:%Y-%m}"


def _has_key_date(
    trigger: OnKeyDate, on: date, zone: ZoneInfo, first: date, leap_day: LeapDay
) -> ColumnElement[bool] | None:
    """Whether members of a zone have their key date on a day; None: nobody can."""
    if trigger.date == "birthday":
        return Member.birth_month_day.in_(kept_on(on, leap_day))
    days = anniversary_days(on, trigger.every_months, first, leap_day)
    ranges = [and_(Member.joined_at >= day_start(day, zone), Member.joined_at < day_end(day, zone)) for day in days]
    return or_(*ranges) if ranges else None


def _stages(trigger: OnStage, after: datetime, until: datetime) -> Candidates:
    occurrence = literal("stage-", String) + cast_to(StageChange.id, String)
    return select(StageChange.member_id, occurrence, StageChange.changed_at, _no_day()).where(
        StageChange.changed_at > after, StageChange.changed_at <= until, StageChange.to_stage.in_(trigger.stages)
    )


def _with_day(found: Candidates) -> Candidates:
    each = found.subquery()
    return select(each.c.member_id, each.c.occurrence, each.c.at, _no_day())


def _moment(moment: datetime) -> ColumnElement[datetime]:
    return literal(moment, UtcDateTime)


def _no_day() -> ColumnElement[Any]:
    return type_coerce(cast_to(null(), BigInteger), UtcDateTime)


def _enrol(entry: _Entry, candidates: Candidates) -> int:
    """Write the enrolments of those candidates who may enter; how many."""
    spec, session = entry.spec, entry.session
    found = _numbered(candidates)
    member_id, occurrence, moment, anchor, _ = found.c
    versions = select(Journey.id).where(Journey.name == entry.journey.name, Journey.is_walked)
    version_ids = session.scalars(versions).all()
    may_enter = [~_took_part(version_ids, member_id, Enrolment.occurrence == occurrence)]
    may_enter += _reentry(spec, version_ids, found)
    definition = entry_definition(spec, entry.scope.catalog)
    if definition != EVERYONE or entry.scope.row_owner_id is not None:
        among = None if definition.is_limited else select(member_id)
        may_enter.append(member_id.in_(fitting(session, definition, entry.scope, among).subquery().select()))
    columns = Enrolment.__table__.c
    held_out = is_drawn(spec.experiment, member_id, spec.holdout_share)
    arm = case((held_out, literal(Arm.HOLDOUT, columns.arm.type)), else_=literal(Arm.TREATMENT, columns.arm.type))
    values: dict[str, ColumnElement[Any]] = {
        "journey_id": literal(entry.journey.id),
        "member_id": member_id,
        "occurrence": occurrence,
        "arm": arm,
        "enrolled_at": moment,
        "state": literal(EnrolmentState.ACTIVE, columns.state.type),
        "step_key": literal(spec.steps[0].key, String),
        "wake_at": moment,
        "is_waiting": literal(False, columns.is_waiting.type),
        "anchor_at": anchor,
    }
    rows = select(*values.values()).where(*may_enter).order_by(moment, member_id)
    # Kept on purpose: on PostgreSQL an insert forgets how many rows it made.
    done = session.execute(
        insert(Enrolment).from_select(list(values), rows), execution_options={"preserve_rowcount": True}
    )
    return cast(CursorResult[Any], done).rowcount


def _numbered(candidates: Candidates) -> FromClause:
    """The candidates with the place of each among the occurrences of its member, from 1 on."""
    each = candidates.subquery("each")
    member_id, occurrence, moment, _ = each.c
    place = func.row_number().over(partition_by=member_id, order_by=(moment, occurrence))
    return select(*each.c, place.label("place")).subquery("candidates")


def _took_part(
    version_ids: Collection[int], member_id: ColumnElement[int], *conditions: ColumnElement[bool]
) -> ColumnElement[bool]:
    return exists().where(Enrolment.journey_id.in_(version_ids), Enrolment.member_id == member_id, *conditions)


def _reentry(spec: JourneySpec, version_ids: Collection[int], found: FromClause) -> list[ColumnElement[bool]]:
    """What the rule asks; where it lets a member in once, the earliest of several occurrences counts."""
    rule = spec.reentry_rule
    if rule.rule == "each_occurrence":
        return []
    member_id, _, moment, _, nth = found.c
    since = [] if rule.days is None else [Enrolment.enrolled_at > earlier(moment, timedelta(days=rule.days))]
    return [~_took_part(version_ids, member_id, *since), nth == 1]
