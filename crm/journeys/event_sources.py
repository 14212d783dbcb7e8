"""How events that journeys start on, wait for and ask about are found, set by set: in the rows that rooms name."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Integer,
    Select,
    String,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy import cast as cast_to

from crm.database import UtcDateTime
from crm.errors import InvalidRequest
from crm.events import Event, EventRows

Events = Mapping[str, Event]
"""Those of the catalog, by name."""


class Asked(Protocol):
    """Some events, and what narrows them: an `EventMatch`, or a trigger that is one of its own."""

    @property
    def events(self) -> tuple[str, ...]: ...

    @property
    def qualifiers(self) -> Mapping[str, Sequence[str]]: ...

    @property
    def step(self) -> str | None: ...


Conditions = tuple[ColumnElement[bool], ...]
_Rows = Select[*tuple[Any, ...]]


def event_of(events: Events, name: str) -> Event:
    """Raises InvalidRequest for one that the catalog does not hold (any more): a stored journey may name it."""
    found = events.get(name)
    if found is None:
        raise InvalidRequest(f"there is no event {name!r} that a journey can ask about")
    return found


def _asked(events: Events, match: Asked) -> Iterator[tuple[Event, EventRows, Conditions]]:
    """Of each event that is asked for: it, its rows, and what they must fulfil."""
    for name in match.events:
        event = event_of(events, name)
        conditions = event.narrowed(match.qualifiers)
        if match.step is not None and event.rows.step_key is not None:
            conditions = (*conditions, event.rows.step_key == match.step)
        yield event, event.rows, conditions


def occurrences(events: Events, match: Asked, *, after: datetime, until: datetime) -> _Rows | CompoundSelect[Any]:
    """What happened after one moment and up to another: member, occurrence (e.g. `ordered-17`), moment."""
    found: list[_Rows] = []
    for event, source, conditions in _asked(events, match):
        occurrence = literal(f"{event.occurrence or event.name}-", String) + cast_to(source.row_id, String)
        rows = select(
            source.member_id.label("member_id"), occurrence.label("occurrence"), source.at.label("at")
        ).select_from(source.source)
        found.append(rows.where(source.at > after, source.at <= until, *conditions))
    return _together(found)


def recent(events: Events, match: Asked, *, after: datetime, until: datetime) -> CTE:
    """What happened after one moment and up to another, read by time: member, moment, enrolment (None: of any)."""
    found: list[_Rows] = []
    for _, source, conditions in _asked(events, match):
        enrolment_id = cast_to(null(), Integer) if source.enrolment_id is None else source.enrolment_id
        rows = select(
            source.member_id.label("member_id"), source.at.label("at"), enrolment_id.label("enrolment_id")
        ).select_from(source.source)
        found.append(rows.where(source.at > after, source.at <= until, *conditions))
    return _together(found).cte("happened").prefix_with("MATERIALIZED")


def first_of_each(
    events: Events, match: Asked, who: FromClause, *, until: datetime, condition: ColumnElement[bool]
) -> Select[Any]:
    """For each row of `who` that had the event after it was enrolled: its enrolment and the first such moment.

    Read member by member, by index. `who` has enrolment_id, member_id and enrolled_at; `condition` narrows it.
    """
    found: list[_Rows] = []
    for _, source, conditions in _asked(events, match):
        of_the_same = [] if source.enrolment_id is None else [source.enrolment_id == who.c.enrolment_id]
        rows = select(who.c.enrolment_id.label("enrolment_id"), source.at.label("at")).select_from(
            who.join(source.source, source.member_id == who.c.member_id)
        )
        in_time = (source.at > who.c.enrolled_at, source.at <= until)
        found.append(rows.where(condition, *in_time, *of_the_same, *conditions))
    each = _together(found).subquery("happened")
    return select(each.c.enrolment_id, func.min(each.c.at).label("at")).group_by(each.c.enrolment_id)


def _together(found: list[_Rows]) -> _Rows | CompoundSelect[Any]:
    if len(found) == 1:
        return found[0]
    return union_all(*found)


def concerns(happened: CTE, enrolment: FromClause) -> ColumnElement[bool]:
    """Whether something of `recent` counts for an enrolment."""
    return (
        (happened.c.member_id == enrolment.c.member_id)
        & (happened.c.at > enrolment.c.enrolled_at)
        & or_(happened.c.enrolment_id.is_(None), happened.c.enrolment_id == enrolment.c.id)
    )


def as_seconds(moment: ColumnElement[Any]) -> ColumnElement[int]:
    return type_coerce(moment, BigInteger)


def as_moment(seconds: ColumnElement[Any]) -> ColumnElement[datetime]:
    return type_coerce(seconds, UtcDateTime)
