"""The closed set of things that words can be, and one such thing found in a sentence."""

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Any, Literal


class Kind(StrEnum):
    VALUE = "value"
    """A value of a field: a tier, a city, a tag, a campaign's name."""
    ANCHOR = "anchor"
    """What a condition is about: bought, opened, joined, points."""
    FIELD = "field"
    """A field that members can be grouped by: tier, city, channel."""
    NEGATION = "negation"
    EXCEPT = "except"
    COMPARE = "compare"
    BETWEEN = "between"
    NUMBER = "number"
    COMPARISON = "comparison"
    """An operator with its amount."""
    DURATION = "duration"
    PERIOD = "period"
    NO_DAY = "no_day"
    """A day that no calendar has: 31 June."""
    AGO = "ago"
    LEVEL = "level"
    AND = "and"
    OR = "or"
    BUT = "but"
    COMMA = "comma"
    STOP = "stop"
    OPEN = "open"
    """Opens a relative phrase: who, with, whose."""
    VERB = "verb"
    """An auxiliary verb: have, are, did."""
    HEAD = "head"
    """A noun for the members themselves."""
    ME = "me"
    EACH = "each"
    """Groups: by, per, across."""
    SPREAD = "spread"
    """Asks for groups without saying by: breakdown, distribution."""
    WHOLE = "whole"
    """A whole condition that was read at once."""
    TOP = "top"
    SUPERLATIVE = "superlative"
    SORT = "sort"
    DIRECTION = "direction"
    AGGREGATE = "aggregate"
    VAGUE = "vague"
    REFINE = "refine"
    ALL_OF = "all_of"
    ANY_OF = "any_of"
    SINCE = "since"
    RULE = "rule"
    """A noun for a condition of the segment: filter, condition, 条件."""
    FILLER = "filler"
    MASKED = "masked"
    UNKNOWN = "unknown"


Relation = Literal["in", "since", "before", "after", "until"]


@dataclass(frozen=True)
class Quantity:
    """A number with what the words say it counts: money (major units), percent, points, times, age, or nothing.

    `window` is the number of "the last 90", whose unit stands elsewhere.
    """

    amount: int | float
    unit: Literal["", "money", "percent", "percent_off", "points", "times", "age", "window"] = ""


@dataclass(frozen=True)
class Duration:
    """A length of time; `days` is None when it was given in months or years."""

    count: int
    unit: Literal["day", "month", "year"]
    in_weeks: int | None = None
    """The number of weeks when that is how it was said."""


@dataclass(frozen=True)
class Period:
    """A stretch of local days. A rolling one has `days` or `months`; the others have both ends, inclusive."""

    start: date | None = None
    end: date | None = None
    days: int | None = None
    months: int | None = None
    relation: Relation = "in"
    is_future: bool = False
    is_named: bool = False
    """Whether the words name days or months, and no distance from today."""
    ends_month: bool = False
    """Whether it ends because a month does, and not on a day that the words name."""


@dataclass(frozen=True)
class Comparison:
    """An operator with one amount, or two for `between`. `op` is "" for a bare amount."""

    op: str
    amount: Quantity | Duration
    upper: Quantity | Duration | None = None


@dataclass(frozen=True)
class FieldValue:
    """One or more values of a field: a city, a group of cities, "gold or silver"."""

    field: str
    values: tuple[str, ...]
    means_all: bool = False
    """"both vegan and runner": every one of the values at once."""


@dataclass(frozen=True)
class Moment:
    """A point in time that somebody named: a day, a time of day, or both; `last_day` when a range was named."""

    day: date | None
    time: time | None
    start: int
    end: int
    last_day: date | None = None


@dataclass(frozen=True, eq=False)
class WholeCondition:
    """A condition in its JSON form. A window that was said apart from it may still come into `node`."""

    node: dict[str, Any]


Payload = str | Quantity | Duration | Period | Comparison | FieldValue | WholeCondition | None


@dataclass(frozen=True)
class Entity:
    """Words between two positions of the working text, and what they are."""

    kind: Kind
    value: Payload
    start: int
    end: int
    text: str
