"""Where the events that journeys start on, wait for and ask about stand, and how to find them set by set."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Integer,
    Select,
    String,
    Table,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy import cast as cast_to

from crm.activity.models import ActivityEvent, EventKind, Order, OrderLine
from crm.database import UtcDateTime
from crm.loyalty.models import Coupon, CouponRedemption
from crm.members.models import Member
from crm.outreach.models import LEDGER, MessageEvent, MessageEventKind
from crm.outreach.spec import EventMatch

_ANSWERS = cast(Table, MessageEvent.__table__)


@dataclass(frozen=True, eq=False)
class _Source:
    """The rows in which one event stands."""

    rows: FromClause
    row_id: ColumnElement[Any]
    member_id: ColumnElement[Any]
    at: ColumnElement[Any]
    conditions: tuple[ColumnElement[bool], ...] = ()
    enrolment_id: ColumnElement[Any] | None = None
    """Of an answer to a message: the enrolment that the message belonged to."""


def _source(name: str, match: EventMatch) -> _Source:
    if name == "joined":
        member = Member.__table__.c
        return _Source(Member.__table__, member.id, member.id, member.joined_at)
    if name == "ordered":
        order = Order.__table__.c
        bought = select(OrderLine.id).where(OrderLine.order_id == order.id, OrderLine.category == match.category)
        of_category = () if match.category is None else (bought.correlate(Order.__table__).exists(),)
        return _Source(Order.__table__, order.id, order.member_id, order.ordered_at, of_category)
    if name == "redeemed":
        used = CouponRedemption.__table__.c
        coupon_id = select(Coupon.id).where(Coupon.code == match.coupon_code).scalar_subquery()
        of_coupon = () if match.coupon_code is None else (used.coupon_id == coupon_id,)
        return _Source(CouponRedemption.__table__, used.id, used.member_id, used.redeemed_at, of_coupon)
    if name in set(EventKind):
        event = ActivityEvent.__table__.c
        of_kind = (event.kind == EventKind(name),)
        return _Source(ActivityEvent.__table__, event.id, event.member_id, event.occurred_at, of_kind)
    answer = _ANSWERS.c
    rows = _ANSWERS.join(LEDGER, LEDGER.c.id == answer.message_id)
    by_people: tuple[ColumnElement[bool], ...] = (
        answer.kind == MessageEventKind(name),
        answer.by_machine.is_(False),
        *([LEDGER.c.step_key == match.step] if match.step is not None else []),
    )
    return _Source(rows, answer.id, answer.member_id, answer.occurred_at, by_people, LEDGER.c.enrolment_id)


def occurrences(match: EventMatch, *, after: datetime, until: datetime) -> Select[Any] | CompoundSelect[Any]:
    """What happened after one moment and up to another: member, occurrence (e.g. `ordered-17`), moment."""
    found = []
    for name in match.events:
        source = _source(name, match)
        occurrence = literal(f"{name}-", String) + cast_to(source.row_id, String)
        rows = select(
            source.member_id.label("member_id"), occurrence.label("occurrence"), source.at.label("at")
        ).select_from(source.rows)
        found.append(rows.where(source.at > after, source.at <= until, *source.conditions))
    return union_all(*found) if len(found) > 1 else found[0]


def recent(match: EventMatch, *, after: datetime, until: datetime) -> CTE:
    """What happened after one moment and up to another, read by time: member, moment, enrolment (None: of any)."""
    found = []
    for name in match.events:
        source = _source(name, match)
        enrolment_id = cast_to(null(), Integer) if source.enrolment_id is None else source.enrolment_id
        rows = select(
            source.member_id.label("member_id"), source.at.label("at"), enrolment_id.label("enrolment_id")
        ).select_from(source.rows)
        found.append(rows.where(source.at > after, source.at <= until, *source.conditions))
    all_of_them = union_all(*found) if len(found) > 1 else found[0]
    return all_of_them.cte("happened").prefix_with("MATERIALIZED")


def first_of_each(
    match: EventMatch, who: FromClause, *, until: datetime, condition: ColumnElement[bool]
) -> Select[Any]:
    """For each row of `who` that had the event after it was enrolled: its enrolment and the first such moment.

    Read member by member, by index. `who` has enrolment_id, member_id and enrolled_at; `condition` narrows it.
    """
    found = []
    for name in match.events:
        source = _source(name, match)
        of_the_same = [] if source.enrolment_id is None else [source.enrolment_id == who.c.enrolment_id]
        rows = select(who.c.enrolment_id.label("enrolment_id"), source.at.label("at")).select_from(
            who.join(source.rows, source.member_id == who.c.member_id)
        )
        in_time = (source.at > who.c.enrolled_at, source.at <= until)
        found.append(rows.where(condition, *in_time, *of_the_same, *source.conditions))
    each = (union_all(*found) if len(found) > 1 else found[0]).subquery("happened")
    return select(each.c.enrolment_id, func.min(each.c.at).label("at")).group_by(each.c.enrolment_id)


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
