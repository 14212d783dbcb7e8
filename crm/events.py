"""How a room describes what happens to members: what journeys can start on, wait for, ask about and leave on.

An `Event` says what it is called, in which rows it stands and what narrows it. Journeys know none by name:
they are given those of the catalog.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select

from crm.words import Text

Column = ColumnElement[Any]


@dataclass(frozen=True, eq=False)
class EventRows:
    """The rows in which an event stands, one for each time that it happened."""

    source: FromClause
    row_id: Column
    member_id: Column
    at: Column
    conditions: tuple[ColumnElement[bool], ...] = ()
    enrolment_id: Column | None = None
    """Of an answer to a message: the enrolment that the message belonged to."""
    step_key: Column | None = None
    """Of an answer to a message: the step that sent it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class EventQualifier:
    """What narrows an event: the category of an order, the coupon of a redemption."""

    name: str
    label: str
    """How an input for it is called."""
    of: str
    """What has it, in the plural: "orders"."""
    noun: str
    """What it is: "category"."""
    words: Text
    """The event with it, after "the member": "orders {value}"."""
    condition: Callable[[Sequence[str]], ColumnElement[bool]]
    """Whether a row has one of some values."""
    values: tuple[str, ...] | Select[Any] | None = None
    """The values to choose from: a closed list, a query, or None for free text."""
    value_words: Mapping[str, Text] = field(default_factory=dict)
    """How values are called that are stored in English."""
    any_value: str = "any"
    """How "not narrowed" is called where there are values to choose from."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Event:
    """One thing that can happen to a member."""

    name: str
    label: str
    """In a list of what the member has done: "Ordered"."""
    words: Text
    """After "the member": "orders"."""
    rows: EventRows
    qualifiers: tuple[EventQualifier, ...] = ()
    begins_membership: bool = False
    """Whoever takes part in a journey has had it already: it can only start one."""
    occurrence: str | None = None
    """What the occurrences of members who enter for it begin with, before the id of its row; None: its name."""

    @property
    def answers_messages(self) -> bool:
        return self.rows.enrolment_id is not None

    def qualifier(self, name: str) -> EventQualifier | None:
        return next((each for each in self.qualifiers if each.name == name), None)

    def narrowed(self, qualifiers: Mapping[str, Sequence[str]]) -> tuple[ColumnElement[bool], ...]:
        """What its rows must fulfil; a qualifier that the event does not have narrows others."""
        own = [(each, qualifiers[each.name]) for each in self.qualifiers if each.name in qualifiers]
        return (*self.rows.conditions, *(each.condition(values) for each, values in own))
