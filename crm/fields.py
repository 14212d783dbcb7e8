"""How a room describes what segments can ask of it. Knows SQLAlchemy; knows no table and no engine.

A `Field` says what it is called, which values and operators make sense, and where its value comes from,
twice: as SQL for the compiler and as a reading of a member record for the evaluator in memory.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, CompoundSelect, FromClause, Select, SQLColumnExpression

from crm.events import Event
from crm.key_dates import KeyDate
from crm.words import Text, by_name

CENTS_PER_UNIT = 100
"""Amounts are stored in cents; definitions and words speak of whole units (yuan)."""

Sql = SQLColumnExpression[Any]
Words = Select[Any] | CompoundSelect[Any]
"""A query with one column of words."""
Record = Mapping[str, Any]
"""One member in memory, as `crm.segments.records` reads it and `nurture members export` prints it."""
Qualifiers = Mapping[str, tuple[str, ...]]
"""Narrows the rows that a field looks at, e.g. {"channel": ("email",)}."""


@dataclass(frozen=True)
class Viewpoint:
    """From where a definition is read: which day is today, where days end, who is asking."""

    today: date
    zone: ZoneInfo
    me_id: int | None = None
    """Account that `@me` stands for."""
    has_facts: bool = False
    """Whether the facts that rooms keep of members stand for this day and for every row there is."""
    is_past: bool = False
    """Whether `today` is a past day, after which nothing counts."""


class Kind(StrEnum):
    """What the value of a field is; decides the operators."""

    CHOICE = "choice"
    """One of some words."""
    NUMBER = "number"
    FLAG = "flag"
    DAY = "day"
    """A moment, compared by its local day."""
    MONTH_DAY = "month_day"
    """A day that comes back each year."""
    SET = "set"
    """Any number of words."""
    MEMBERSHIP = "membership"
    """Things that the member took part in, by name."""


class Unit(StrEnum):
    MONEY = "money"
    COUNT = "count"
    POINTS = "points"
    YEARS = "years"
    WEEKS = "weeks"
    SCORE = "score"
    PROBABILITY = "probability"
    RATIO = "ratio"
    """1 is as usual."""


WHOLE_UNITS = frozenset({Unit.COUNT, Unit.POINTS, Unit.YEARS, Unit.WEEKS})


class Op(StrEnum):
    EQ = "="
    NE = "!="
    GT = ">"
    GE = ">="
    LT = "<"
    LE = "<="
    BETWEEN = "between"
    IN = "in"
    NOT_IN = "not_in"
    CONTAINS_ANY = "contains_any"
    CONTAINS_ALL = "contains_all"
    CONTAINS_NONE = "contains_none"
    MONTH_DAY_BETWEEN = "month_day_between"
    ANNIVERSARY_BETWEEN = "anniversary_between"
    ANY = "any"
    NONE = "none"
    TOP_PERCENT = "top_percent"
    """Among the members with the highest values, as a share of all members: ties with the last one are in."""
    KNOWN = "known"
    """Whether there is a value at all: true or false."""


OPS: Mapping[Kind, tuple[Op, ...]] = {
    Kind.CHOICE: (Op.IN, Op.NOT_IN, Op.EQ, Op.NE),
    Kind.NUMBER: (Op.EQ, Op.NE, Op.GT, Op.GE, Op.LT, Op.LE, Op.BETWEEN, Op.TOP_PERCENT),
    Kind.FLAG: (Op.EQ, Op.NE),
    Kind.DAY: (Op.EQ, Op.NE, Op.GT, Op.GE, Op.LT, Op.LE, Op.BETWEEN),
    Kind.MONTH_DAY: (Op.MONTH_DAY_BETWEEN,),
    Kind.SET: (Op.CONTAINS_ANY, Op.CONTAINS_ALL, Op.CONTAINS_NONE),
    Kind.MEMBERSHIP: (Op.IN, Op.NOT_IN, Op.ANY, Op.NONE),
}


class WhenMissing(StrEnum):
    """What a comparison says of a member who has no value."""

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"
    """Neither the comparison nor its opposite holds."""


@dataclass(frozen=True, eq=False)
class Reference:
    """A stored key that people call by the name of the thing it points to."""

    keys: Callable[[tuple[str, ...], Viewpoint], Select[Any]]
    """The keys that some names stand for."""
    name: Callable[[Sql], ColumnElement[Any]]
    """The name of a key, for groups."""
    is_called: Callable[[Record, tuple[str, ...], Viewpoint], bool]
    """Whether the record's thing bears one of some names."""


@dataclass(frozen=True, eq=False)
class Value:
    """At most one value a member."""

    expression: Callable[[Viewpoint], Sql]
    member_id: Sql | None = None
    """The key of the table that holds it, one row a member; None when it stands in the member's own row."""
    read: Callable[[Record, Viewpoint], Any] | None = None
    """How the value is worked out from a record; None: it is stored in the record under the field's name."""
    reference: Reference | None = None
    kept: Sql | None = None
    """The same value in `member_facts`, which is quicker to read."""
    keeps_history: bool = False
    """Whether the value of a past day can still be told."""


@dataclass(frozen=True, eq=False)
class Presence:
    """True when a row exists, false when it does not; never unknown."""

    member_id: Sql
    condition: ColumnElement[bool] | None = None
    keeps_history: bool = False


class Aggregate(StrEnum):
    """What many rows give."""

    COUNT = "count"
    SUM = "sum"
    AVERAGE = "average"
    FIRST = "first"
    LAST = "last"
    SET = "set"


ZERO_WITHOUT_ROWS = frozenset({Aggregate.COUNT, Aggregate.SUM})
"""No orders are 0 orders; but there is no last order."""


@dataclass(frozen=True, eq=False)
class RowColumns:
    """The rows of members as SQL: whose, when, and what of them counts."""

    member_id: Sql
    at: Sql | None = None
    value: Sql | None = None
    """Summed, averaged or collected."""
    distinct_key: Sql | None = None
    """Counts things instead of rows when several rows can stand for one thing."""
    conditions: tuple[ColumnElement[bool], ...] = ()
    source: FromClause | None = None
    """The join to read; None: the one table that the columns stand in."""


Window = tuple[date | None, date | None]
"""Whole local days, both ends included; None is open."""


@dataclass(frozen=True, eq=False)
class KeptRows:
    """Rows that stand for many, e.g. one a category, and what they come to."""

    columns: RowColumns
    aggregate: Aggregate
    is_single: bool = False
    """Whether a member has at most one of them, so that the row itself can be compared."""


class Keeper(Protocol):
    """How a room answers from its facts what a field would add up from rows. Used when they are complete."""

    def amount(self, qualifiers: Qualifiers, window: Window | None, viewpoint: Viewpoint) -> Sql | KeptRows | None:
        """What the rows come to, as an expression over `member_facts` or few rows; None: not kept."""
        ...

    def newest(self, qualifiers: Qualifiers) -> Sql | RowColumns | None:
        """The moment of the newest row, NULL without one: decides whether there is any since some day."""
        ...


@dataclass(frozen=True)
class Fact:
    """One row of a member in memory."""

    key: Any
    """Facts with the same key are counted once."""
    at: str | None = None
    """Local ISO time; its first ten characters are the local day."""
    value: Any = None
    """Cents where the field is money."""


@dataclass(frozen=True, eq=False)
class Qualifier:
    """A word that narrows rows: the category of orders, the channel or campaign of messages."""

    name: str
    matches: Callable[[Sql, tuple[str, ...]], ColumnElement[bool]]
    label: Callable[[Sql], Sql]
    """The word of a row, for records."""
    values: tuple[str, ...] | Select[Any]
    """The words there are: a closed list, or a query."""
    text: Text
    values_zh: Mapping[str, str] = field(default_factory=dict)
    """Chinese for words that are stored in English."""
    names: Words | None = None
    """Every name there is, when an unknown one is a mistake (a campaign) and not an empty result (a category)."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Many rows a member, brought down to one value or set."""

    aggregate: Aggregate
    columns: Callable[[Qualifiers], RowColumns]
    facts: Callable[[Record, Qualifiers], Iterable[Fact]]
    qualifiers: tuple[Qualifier, ...] = ()
    has_windows: bool = True
    keeper: Keeper | None = None

    @property
    def keeps_history(self) -> bool:
        """Rows with a moment can be counted as of a past day."""
        return self.columns({}).at is not None


Source = Value | Presence | Rows


@dataclass(frozen=True, eq=False, kw_only=True)
class Field:
    """One thing that a segment can ask about a member. Two fields are the same only if they are one object."""

    name: str
    kind: Kind
    source: Source
    label: Text
    """A noun that reads well before `is`."""
    words_en: tuple[str, ...] = ()
    words_zh: tuple[str, ...] = ()
    """Words by which people call it."""
    unit: Unit | None = None
    more_ops: tuple[Op, ...] = ()
    missing: str | None = None
    """What a missing value means; None: the value is never missing."""
    values: tuple[str, ...] | Select[Any] | None = None
    """The words there are: a closed list, a query, or None for a field without words."""
    values_zh: Mapping[str, str] = field(default_factory=dict)
    """Chinese for words that are stored in English."""
    names: Words | None = None
    """Every name there is, when an unknown one is a mistake (a campaign) and not an empty result (a city)."""
    is_sensitive: bool = False

    @cached_property
    def ops(self) -> tuple[Op, ...]:
        known = (Op.KNOWN,) if self.missing is not None else ()
        return OPS[self.kind] + self.more_ops + known

    def when_missing(self, op: Op) -> WhenMissing | None:
        """What `op` says of a member without a value; None where there always is one, and for `known`, which asks."""
        if self.missing is None or op is Op.KNOWN:
            return None
        if self.kind is not Kind.CHOICE:
            return WhenMissing.UNKNOWN
        return WhenMissing.FAILS if op in (Op.IN, Op.EQ) else WhenMissing.HOLDS

    @property
    def is_money(self) -> bool:
        return self.unit is Unit.MONEY

    @property
    def is_whole(self) -> bool:
        return self.unit in WHOLE_UNITS

    @property
    def has_windows(self) -> bool:
        return isinstance(self.source, Rows) and self.source.has_windows

    @property
    def keeps_history(self) -> bool:
        """Whether a segment as of a past day can ask it."""
        return self.source.keeps_history

    @property
    def qualifiers(self) -> tuple[Qualifier, ...]:
        return self.source.qualifiers if isinstance(self.source, Rows) else ()

    @property
    def can_order(self) -> bool:
        return self.kind in (Kind.NUMBER, Kind.DAY, Kind.MONTH_DAY)

    @property
    def can_group(self) -> bool:
        """Choices, flags, sets and whole numbers make groups; amounts and days do not."""
        one_word = self.kind in (Kind.CHOICE, Kind.FLAG, Kind.SET, Kind.MEMBERSHIP)
        return one_word or (isinstance(self.source, Value) and self.is_whole)


@dataclass(frozen=True, eq=False)
class Collection:
    """Rows of a member as they stand in a record, e.g. its orders with their lines."""

    name: str
    member_id: Sql
    columns: Mapping[str, Sql]
    """Key in the record's row and the column behind it. Moments become local ISO times."""
    money: frozenset[str] = frozenset()
    """Keys whose column holds cents and whose value is shown in whole units."""
    source: FromClause | None = None
    """The join to read; None: the one table that the columns stand in."""
    children: tuple["Collection", ...] = ()
    """Rows that hang below these; their first column is the id of the row above."""


class Catalog:
    """What the rooms bring: fields that segments know, collections of a record, events and key dates of journeys,
    kinds of things that send, and what needs an approval."""

    def __init__(
        self,
        fields: Iterable[Field],
        collections: Iterable[Collection] = (),
        profile: Mapping[str, Sql] | None = None,
        events: Iterable[Event] = (),
        key_dates: Iterable[KeyDate] = (),
        kinds: Iterable[Any] = (),
        approvables: Iterable[Any] = (),
    ) -> None:
        self.fields = tuple(fields)
        self.collections = tuple(collections)
        self.profile = dict(profile or {})
        """What else a record holds from the member's row: id, name, birthday."""
        self.events = by_name(events)
        self.key_dates = by_name(key_dates)
        self.kinds: dict[str, Any] = {kind.name: kind for kind in kinds}
        """`Kind` (journeys/kind.py): what sends."""
        self.approvables: dict[str, Any] = {each.kind: each for each in approvables}
        """`Approvable` (access/approvable.py): what needs an approval."""
        self._by_name = by_name(self.fields)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._by_name)

    def get(self, name: str) -> Field | None:
        return self._by_name.get(name)

    def field(self, name: str) -> Field:
        """The field called `name`. Raises KeyError; `parse_definition` names the near ones instead."""
        return self._by_name[name]
