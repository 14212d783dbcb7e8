"""How a room describes days of members that journeys start around: birthdays, anniversaries, expiries.

A `KeyDate` says what it is called and who has it on which day. Journeys know none by name: they are given those of
the catalog.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, FromClause
from sqlalchemy.orm import Session

from crm.words import Text

LeapDay = Literal["feb_28", "mar_1"]
"""When 29 February is kept in other years."""


@dataclass(frozen=True)
class Keeping:
    """How days that come back are kept."""

    every_months: int
    leap_day: LeapDay


@dataclass(frozen=True, eq=False)
class Holders:
    """The members who have the key date on some day."""

    source: FromClause
    member_id: ColumnElement[Any]
    condition: ColumnElement[bool]
    instance: ColumnElement[Any]
    """Which instance of it, as text: the year in which it is kept, or the id of what expires; never the date itself.
    A member takes part once for each."""


class KeyDays(Protocol):
    """On which days anybody has it, as it stands at one moment."""

    def on(self, day: date, zone: ZoneInfo) -> Holders | None:
        """Who has it on a day of a zone's calendar; None: nobody can. Narrowed to the zone's members by the caller."""
        ...


@dataclass(frozen=True, eq=False, kw_only=True)
class KeyDate:
    name: str
    label: str
    """In a list to choose from: "Birthday"."""
    words: Text
    """After "on the": "birthday"."""
    read: Callable[[Session, Keeping], KeyDays]
    comes_by_months: bool = False
    """Whether it can come back more often than once a year."""
