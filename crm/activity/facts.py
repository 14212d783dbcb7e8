"""Keeps the facts of members equal to their orders and events; the only writer of these tables.

`refresh_facts` adds up what is new and moves the kept starts on to today, whichever way rows came in.
Whoever inserts orders or events holds `lock_facts` before the rows are numbered: then numbers up to
the stored ones are exactly the rows that are added up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Subquery,
    Table,
    case,
    delete,
    func,
    insert,
    inspect,
    literal,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from crm.activity.fact_window import EVENT_STARTS, ORDER_STARTS, Start
from crm.activity.models import (
    COPIED_FROM_MEMBER,
    MEMBER_FACTS,
    ActivityEvent,
    FactsState,
    MemberCategory,
    Order,
    OrderLine,
)
from crm.clock import day_end, day_start
from crm.members.changes import Change, mark_everyone_changed, mark_members_changed
from crm.members.models import Member

STATE_ID = 1
MOMENTS = ("first_order_at", "last_order_at")
"""Facts that are missing for a member who never ordered."""
ADDED_UP = tuple(
    column.name
    for column in MEMBER_FACTS.c
    if column.computed is None and column.name not in ("member_id", *COPIED_FROM_MEMBER, *MOMENTS)
)
CATEGORIES: Table = inspect(MemberCategory).local_table  # type: ignore[assignment]


@dataclass(frozen=True)
class Drift:
    """Members for whom one stored column differs from the same column added up anew."""

    column: str
    members: int


def facts_stand_for(session: Session, today: date, zone: ZoneInfo) -> bool:
    """Whether facts answer for `today`: seen from that day, everything added up, and nothing lies after it."""
    end = day_end(today, zone)
    is_current = (
        select(FactsState.id)
        .where(
            FactsState.as_of_on == today,
            FactsState.zone_name == zone.key,
            FactsState.last_member_id == _highest(Member.id),
            FactsState.last_order_id == _highest(Order.id),
            FactsState.last_event_id == _highest(ActivityEvent.id),
            ~select(Order.id).where(Order.ordered_at >= end).exists(),
            ~select(ActivityEvent.id).where(ActivityEvent.occurred_at >= end).exists(),
        )
        .limit(1)
    )
    return session.scalar(is_current) is not None


def lock_facts(session: Session) -> FactsState | None:
    """Let no other transaction add orders or events until this one ends; None when nothing is kept yet.

    Then, too, only one goes on: the next one finds what this one keeps.
    """
    state = session.get(FactsState, STATE_ID, with_for_update=True)
    if state is None and session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("nurture:facts", 0))))
        state = session.get(FactsState, STATE_ID, with_for_update=True)
    return state


def refresh_facts(session: Session, today: date, zone: ZoneInfo) -> None:
    """Add up new members, orders and events, note whose they are, and see the kept starts from `today`. Idempotent."""
    state = lock_facts(session)
    if state is None or state.zone_name != zone.key or today < state.as_of_on:
        rebuild_facts(session, today, zone)
        return
    _add_members(session, state)
    _add_orders(session, state, zone)
    _add_events(session, state, zone)
    if today > state.as_of_on:
        _roll_forward(session, state, today, zone)
    session.flush()


def rebuild_facts(session: Session, today: date, zone: ZoneInfo) -> None:
    """Add everything up anew, as seen from `today`."""
    for what in (Change.MEMBER, Change.ORDERS, Change.EVENTS):
        mark_everyone_changed(session, what)
    session.execute(delete(MEMBER_FACTS))
    session.execute(delete(CATEGORIES))
    session.execute(delete(FactsState))
    facts = _facts_from_rows(today, zone)
    session.execute(insert(MEMBER_FACTS).from_select([column.name for column in facts.selected_columns], facts))
    categories = _categories_from_rows()
    session.execute(insert(CATEGORIES).from_select([column.name for column in CATEGORIES.c], categories))
    session.add(
        FactsState(
            id=STATE_ID,
            as_of_on=today,
            zone_name=zone.key,
            last_member_id=session.scalar(select(_highest(Member.id))),
            last_order_id=session.scalar(select(_highest(Order.id))),
            last_event_id=session.scalar(select(_highest(ActivityEvent.id))),
        )
    )
    session.flush()


def check_facts(session: Session) -> list[Drift]:
    """Compare every stored column with the same added up anew from the rows; what differs, nothing when all agree."""
    state = session.get(FactsState, STATE_ID)
    if state is None:
        return []
    zone = ZoneInfo(state.zone_name)
    return [
        *_differences(session, MEMBER_FACTS, _facts_from_rows(state.as_of_on, zone).subquery(), ("member_id",)),
        *_differences(session, CATEGORIES, _categories_from_rows().subquery(), ("member_id", "category")),
    ]


def _differences(session: Session, kept: Table, anew: Subquery, keys: Sequence[str]) -> Iterable[Drift]:
    columns = [column.name for column in kept.c if column.computed is None and column.name not in keys]
    differs = [func.count().filter(kept.c[name].is_distinct_from(anew.c[name])).label(name) for name in columns]
    same_key = [kept.c[key] == anew.c[key] for key in keys]
    joined = kept.join(anew, same_key[0] if len(same_key) == 1 else same_key[0] & same_key[1])
    in_both, *counts = session.execute(select(func.count(), *differs).select_from(joined)).one()
    for name, members in zip(columns, counts, strict=True):
        if members:
            yield Drift(f"{kept.name}.{name}", members)
    for name, table in (("superfluous", kept), ("missing", anew)):
        rows = session.scalar(select(func.count()).select_from(table)) or 0
        if rows != in_both:
            yield Drift(f"{kept.name} rows {name}", rows - in_both)


def _highest(key: Any) -> ColumnElement[int]:
    return select(func.coalesce(func.max(key), 0)).scalar_subquery()


def _add_members(session: Session, state: FactsState) -> None:
    newest = session.scalar(select(_highest(Member.id))) or 0
    if newest == state.last_member_id:
        return
    new = Member.__table__.c
    rows = select(new.id, *(new[name] for name in COPIED_FROM_MEMBER), *(literal(0) for _ in ADDED_UP))
    names = ["member_id", *COPIED_FROM_MEMBER, *ADDED_UP]
    session.execute(insert(MEMBER_FACTS).from_select(names, rows.where(new.id > state.last_member_id)))
    mark_members_changed(session, select(Member.id).where(Member.id > state.last_member_id), Change.MEMBER)
    state.last_member_id = newest


def _add_orders(session: Session, state: FactsState, zone: ZoneInfo) -> None:
    newest = session.scalar(select(_highest(Order.id))) or 0
    if newest == state.last_order_id:
        return
    new = _order_sums(state.as_of_on, zone, _new_rows(Order, state.last_order_id)).subquery()
    facts = MEMBER_FACTS.c
    moments = {
        "first_order_at": _earlier(facts.first_order_at, new.c.first_order_at),
        "last_order_at": _later(facts.last_order_at, new.c.last_order_at),
    }
    _change(session, new, {name: facts[name] + new.c[name] for name in _sums(new)} | moments)
    _add_categories(session, state.last_order_id)
    mark_members_changed(session, select(_new_rows(Order, state.last_order_id).c.member_id), Change.ORDERS)
    state.last_order_id = newest


def _new_rows(model: Any, after_id: int, key: str = "id") -> FromClause:
    """The rows numbered after an id, read by that number: a grouping would go through an index of all rows instead."""
    table = model.__table__
    return select(table).where(table.c[key] > after_id).cte("new_rows").prefix_with("MATERIALIZED")


def _add_categories(session: Session, last_order_id: int) -> None:
    insert_into = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(CATEGORIES)
    names = [column.name for column in CATEGORIES.c]
    lines = _new_rows(OrderLine, last_order_id, key="order_id")
    # SQLite takes ON CONFLICT for a part of a FROM that no WHERE ends.
    statement = insert_into.from_select(names, _categories_from_rows(lines).where(true()))
    new = statement.excluded
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["member_id", "category"],
            set_={
                "order_count": CATEGORIES.c.order_count + new.order_count,
                "spend_cents": CATEGORIES.c.spend_cents + new.spend_cents,
                "first_at": _earlier(CATEGORIES.c.first_at, new.first_at),
                "last_at": _later(CATEGORIES.c.last_at, new.last_at),
            },
        )
    )


def _add_events(session: Session, state: FactsState, zone: ZoneInfo) -> None:
    newest = session.scalar(select(_highest(ActivityEvent.id))) or 0
    if newest == state.last_event_id:
        return
    new = _event_sums(state.as_of_on, zone, _new_rows(ActivityEvent, state.last_event_id)).subquery()
    _change(session, new, {name: MEMBER_FACTS.c[name] + new.c[name] for name in _sums(new)})
    mark_members_changed(session, select(_new_rows(ActivityEvent, state.last_event_id).c.member_id), Change.EVENTS)
    state.last_event_id = newest


def _sums(rows: Subquery) -> list[str]:
    """The columns that can be added to and taken off."""
    return [name for name in rows.c.keys() if not name.endswith(("_id", "_at"))]  # noqa: SIM118 - no mapping


def _change(session: Session, rows: Subquery, changes: Mapping[str, Any]) -> None:
    session.execute(update(MEMBER_FACTS).where(MEMBER_FACTS.c.member_id == rows.c.member_id).values(changes))


def _roll_forward(session: Session, state: FactsState, today: date, zone: ZoneInfo) -> None:
    """Take off the rows of the days that a kept start has moved past."""
    moves = _Moves(state.as_of_on, today, zone)
    orders = moves.fallen_out(ORDER_STARTS, Order.member_id, Order.ordered_at, Order.amount_cents)
    events = moves.fallen_out(EVENT_STARTS, ActivityEvent.member_id, ActivityEvent.occurred_at, literal(0))
    for kind, fallen in (("orders", orders), ("events", events)):
        if fallen is not None:
            gone = _gone(fallen, kind)
            _change(session, gone, {name: MEMBER_FACTS.c[name] - gone.c[name] for name in _sums(gone)})
    state.as_of_on = today


@dataclass(frozen=True)
class _Fallen:
    """Rows that starts have moved past, one for each start: member, name of the start, cents."""

    rows: Subquery
    starts: tuple[str, ...]


@dataclass(frozen=True)
class _Moves:
    """The kept starts on their way from one day to a later one."""

    before: date
    today: date
    zone: ZoneInfo

    def fallen_out(self, starts: Mapping[str, Start], member_id: Any, at: Any, cents: Any) -> _Fallen | None:
        """The rows that starts have moved past; None when none has moved."""
        moved = {
            name: (start(self.before), start(self.today))
            for name, start in starts.items()
            if start(self.before) < start(self.today)
        }
        slices = [
            select(member_id.label("member_id"), literal(name).label("start"), cents.label("cents")).where(
                at >= day_start(old, self.zone), at < day_start(new, self.zone)
            )
            for name, (old, new) in moved.items()
        ]
        return _Fallen(union_all(*slices).subquery(), tuple(moved)) if slices else None


def _gone(fallen: _Fallen, kind: str) -> Subquery:
    """What the fallen rows come to: one row a member, named as the facts' columns."""
    rows = fallen.rows
    columns: list[Any] = [rows.c.member_id]
    for name in fallen.starts:
        is_of = rows.c.start == name
        columns.append(func.count().filter(is_of).label(f"{kind}_{name}"))
        if kind == "orders":
            columns.append(func.coalesce(func.sum(rows.c.cents).filter(is_of), 0).label(f"spend_{name}"))
    return select(*columns).group_by(rows.c.member_id).subquery()


def _order_sums(today: date, zone: ZoneInfo, rows: FromClause = Order.__table__) -> Select[Any]:
    """One row a member with orders; columns named as the facts'."""
    orders = rows.c
    columns: list[Any] = [
        orders.member_id,
        func.count().label("order_count"),
        func.sum(orders.amount_cents).label("spend_cents"),
        func.min(orders.ordered_at).label("first_order_at"),
        func.max(orders.ordered_at).label("last_order_at"),
    ]
    for name, start in ORDER_STARTS.items():
        is_since = orders.ordered_at >= day_start(start(today), zone)
        columns.append(func.count().filter(is_since).label(f"orders_{name}"))
        columns.append(func.coalesce(func.sum(orders.amount_cents).filter(is_since), 0).label(f"spend_{name}"))
    return select(*columns).group_by(orders.member_id)


def _event_sums(today: date, zone: ZoneInfo, rows: FromClause = ActivityEvent.__table__) -> Select[Any]:
    """One row a member with events since the earliest start; columns named as the facts'."""
    events = rows.c
    columns: list[Any] = [events.member_id]
    for name, start in EVENT_STARTS.items():
        is_since = events.occurred_at >= day_start(start(today), zone)
        columns.append(func.count().filter(is_since).label(f"events_{name}"))
    earliest = day_start(min(start(today) for start in EVENT_STARTS.values()), zone)
    return select(*columns).where(events.occurred_at >= earliest).group_by(events.member_id)


def _facts_from_rows(today: date, zone: ZoneInfo) -> Select[Any]:
    """Every written column of the facts, added up from the rows; one row a member."""
    orders, events = _order_sums(today, zone).subquery(), _event_sums(today, zone).subquery()
    member = Member.__table__.c
    columns: list[Any] = [member.id.label("member_id"), *(member[name] for name in COPIED_FROM_MEMBER)]
    columns += [orders.c[name] for name in MOMENTS]
    for name in ADDED_UP:
        columns.append(func.coalesce((orders if name in orders.c else events).c[name], 0).label(name))
    joined: FromClause = Member.__table__.outerjoin(orders, orders.c.member_id == Member.id)
    return select(*columns).select_from(joined.outerjoin(events, events.c.member_id == Member.id))


def _categories_from_rows(rows: FromClause = OrderLine.__table__) -> Select[Any]:
    """What each member bought of each category; columns in the order of the table's."""
    lines = rows.c
    columns: list[Any] = [
        lines.member_id,
        lines.category,
        func.count(lines.order_id.distinct()).label("order_count"),
        func.sum(lines.amount_cents).label("spend_cents"),
        func.min(lines.ordered_at).label("first_at"),
        func.max(lines.ordered_at).label("last_at"),
    ]
    return select(*columns).group_by(lines.category, lines.member_id)


def _earlier(kept: ColumnElement[Any], new: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((or_(kept.is_(None), new < kept), new), else_=kept)


def _later(kept: ColumnElement[Any], new: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((or_(kept.is_(None), new > kept), new), else_=kept)
