"""Letting members into journeys: each trigger finds who enters, in one statement for all of them.

A member enters once for each occurrence, in whatever version of the journey. Statements run under the
lock of the journey (`walk.py`), so that what they find missing is missing until they have written it.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    String,
    literal,
    null,
    or_,
    select,
    type_coerce,
)
from sqlalchemy import cast as cast_to
from sqlalchemy.orm import Session

from crm.access.policy import get_policy
from crm.clock import day_start, local_day, zone_or
from crm.columns import distinct_words
from crm.database import UtcDateTime
from crm.errors import InvalidRequest
from crm.journeys.event_sources import occurrences
from crm.journeys.schedulers.stepwise.entering import Candidates, Entry, enter
from crm.key_dates import Holders, Keeping, KeyDate, KeyDays
from crm.members.models import Member
from crm.outreach.ledger import LAUNCH
from crm.outreach.models import Journey
from crm.outreach.rules import moment_of
from crm.outreach.spec import JourneySpec, OnEvent, OnKeyDate, OnStage
from crm.segments.scope import SegmentScope

KeyDates = Mapping[str, KeyDate]
"""Those of the catalog, by name."""

NEWS_DELAY = timedelta(days=1)
"""How late events may be told and still let somebody in, e.g. by a nightly import. They are looked at again for so
long; an occurrence that was let in is not let in again."""


@dataclass(frozen=True)
class Entered:
    asked: int
    entered: int

    @property
    def refused(self) -> int:
        """Not a member (of the person who asked), not of those who may enter, or not again yet."""
        return self.asked - self.entered


def enrol_due(session: Session, journey: Journey, spec: JourneySpec, scope: SegmentScope, now: datetime) -> int:
    """Let in everyone for whom the trigger held since the engine looked last; how many."""
    entry, trigger = Entry(session, journey, spec, scope), spec.trigger
    since, seen = journey.entries_since or now, journey.seen_until or now
    if isinstance(trigger, OnKeyDate):
        calendar = _Calendar.read(session, trigger, scope.catalog.key_dates, scope.zone)
        return sum(enter(entry, found) for found in _key_dates(calendar, scope.zone, max(since, seen), now))
    after = max(since, seen - NEWS_DELAY)
    if isinstance(trigger, OnStage):
        return enter(entry, _with_day(occurrences(scope.catalog.events, trigger, after=after, until=now)))
    if isinstance(trigger, OnEvent):
        return enter(entry, _with_day(occurrences(scope.catalog.events, trigger.event, after=after, until=now)))
    return 0


def enrol_audience(session: Session, journey: Journey, spec: JourneySpec, scope: SegmentScope, now: datetime) -> int:
    """Let in everyone who fits now, once; how many."""
    everyone = select(Member.id, literal(LAUNCH, String), _moment(now), _no_day())
    return enter(Entry(session, journey, spec, scope), everyone)


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
    return Entered(len(chosen), enter(Entry(session, journey, spec, scope), found))


def next_entry(
    session: Session, spec: JourneySpec, after: datetime, default: ZoneInfo, key_dates: KeyDates
) -> datetime | None:
    """When members may enter next for a key date, strictly after a moment; None where it cannot be known before."""
    if not isinstance(spec.trigger, OnKeyDate):
        return None
    calendar = _Calendar.read(session, spec.trigger, key_dates, default)
    moments = (calendar.first_entry(zone, after) for zone in calendar.zones)
    return min((moment for moment in moments if moment is not None), default=None)


@dataclass(frozen=True)
class _Calendar:
    """On which days members can have the key date of a trigger."""

    trigger: OnKeyDate
    days: KeyDays
    zones: tuple[ZoneInfo, ...]
    """Where members live."""
    unknown_zones: tuple[str, ...]
    """Names that are no zone: whoever has one lives by the workspace's clock."""

    @classmethod
    def read(cls, session: Session, trigger: OnKeyDate, key_dates: KeyDates, default: ZoneInfo) -> "_Calendar":
        key_date = key_dates.get(trigger.date)
        if key_date is None:
            raise InvalidRequest(f"there is no key date {trigger.date!r} that a journey can start on")
        names = session.scalars(distinct_words(Member.zone_name)).all()
        zones = {name: zone_or(name, default) for name in sorted({default.key, *names})}
        return cls(
            trigger,
            key_date.read(session, Keeping(trigger.every_months, get_policy(session).leap_day)),
            tuple(zone for name, zone in zones.items() if zone.key == name),
            tuple(name for name, zone in zones.items() if zone.key != name),
        )

    def entry_on(self, day: date, zone: ZoneInfo) -> datetime:
        """When members of a zone enter on a day."""
        return moment_of(datetime.combine(day, time.fromisoformat(self.trigger.at)), zone)

    def first_entry(self, zone: ZoneInfo, after: datetime) -> datetime | None:
        """When somebody in a zone may enter next; None: nobody in a year to come."""
        today = local_day(after, zone)
        for ahead in range(_YEAR_DAYS):
            day = today + timedelta(days=ahead)
            moment = self.entry_on(day, zone)
            if moment > after and self.days.on(day + timedelta(days=self.trigger.days_before), zone) is not None:
                return moment
        return None


_YEAR_DAYS = 367
"""After so many days every day of a year has come once."""


def _key_dates(calendar: _Calendar, default: ZoneInfo, seen: datetime, now: datetime) -> Iterator[Candidates]:
    """For each zone and each of its days on which members enter between two moments: those who do."""
    name = calendar.trigger.date
    for zone in calendar.zones:
        lives_there = Member.zone_name == zone.key
        if zone == default:
            lives_there = or_(lives_there, Member.zone_name.is_(None), Member.zone_name.in_(calendar.unknown_zones))
        first, last = local_day(seen, zone), local_day(now, zone)
        for day in (first + timedelta(days=ahead) for ahead in range((last - first).days + 1)):
            moment, on = calendar.entry_on(day, zone), day + timedelta(days=calendar.trigger.days_before)
            holders = calendar.days.on(on, zone) if seen < moment <= now else None
            if holders is not None:
                starts = literal(day_start(on, zone), UtcDateTime)
                occurrence = literal(f"{name}-", String) + holders.instance
                found = select(holders.member_id, occurrence, _moment(moment), starts).where(holders.condition)
                yield found.select_from(_with_members(holders)).where(lives_there)


def _with_members(holders: Holders) -> FromClause:
    members = Member.__table__
    return members if holders.source is members else holders.source.join(members, members.c.id == holders.member_id)


def _with_day(found: Candidates) -> Candidates:
    each = found.subquery()
    return select(each.c.member_id, each.c.occurrence, each.c.at, _no_day())


def _moment(moment: datetime) -> ColumnElement[datetime]:
    return literal(moment, UtcDateTime)


def _no_day() -> ColumnElement[Any]:
    return type_coerce(cast_to(null(), BigInteger), UtcDateTime)
