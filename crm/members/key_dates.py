"""Days of members that come back: the birthday, and the day on which they joined."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import String, and_, func, literal, or_, select
from sqlalchemy.orm import Session

from crm.clock import day_end, day_start, local_day
from crm.columns import distinct_words
from crm.key_dates import Holders, Keeping, KeyDate
from crm.members.models import Member
from crm.members.yearly_days import anniversary_days, kept_on
from crm.words import Text

_MEMBER = Member.__table__
_YEAR = 12


@dataclass(frozen=True)
class _Birthdays:
    keeping: Keeping
    there_are: frozenset[int]
    """Of anybody, as month * 100 + day."""

    @classmethod
    def read(cls, session: Session, keeping: Keeping) -> "_Birthdays":
        return cls(keeping, frozenset(session.scalars(distinct_words(Member.birth_month_day))))

    def on(self, day: date, zone: ZoneInfo) -> Holders | None:
        kept = [each for each in kept_on(day, self.keeping.leap_day) if each in self.there_are]
        if not kept:
            return None
        condition = _MEMBER.c.birth_month_day.in_(kept)
        return Holders(_MEMBER, _MEMBER.c.id, condition, literal(str(day.year), String))


@dataclass(frozen=True)
class _Anniversaries:
    keeping: Keeping
    first: datetime | None
    """The moment at which the first member joined; None: there is none."""

    @classmethod
    def read(cls, session: Session, keeping: Keeping) -> "_Anniversaries":
        return cls(keeping, session.scalar(select(func.min(Member.joined_at))))

    def on(self, day: date, zone: ZoneInfo) -> Holders | None:
        if self.first is None:
            return None
        months = self.keeping.every_months
        days = anniversary_days(day, months, local_day(self.first, zone), self.keeping.leap_day)
        joined = _MEMBER.c.joined_at
        ranges = [and_(joined >= day_start(each, zone), joined < day_end(each, zone)) for each in days]
        if not ranges:
            return None
        instance = f"{day.year}" if months == _YEAR else f"{day:%Y-%m}"
        return Holders(_MEMBER, _MEMBER.c.id, or_(*ranges), literal(instance, String))


KEY_DATES = (
    KeyDate(name="birthday", label="Birthday", words=Text("birthday", "生日"), read=_Birthdays.read),
    KeyDate(
        name="joined",
        label="Day of joining",
        words=Text("day of joining", "入会日"),
        read=_Anniversaries.read,
        comes_by_months=True,
    ),
)
