"""Whether a member is among the top few percent of all members by some value."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, func, or_, select

from crm.fields import ZERO_WITHOUT_ROWS, KeptRows, Rows, Sql
from crm.members.models import Member
from crm.segments.definition import Condition
from crm.segments.fact_access import fact_amount
from crm.segments.plan import Plan, visible
from crm.segments.projection import project

PERCENT_STEPS = 10_000
"""Shares are whole hundredths of a percent."""


def in_top_share(condition: Condition, *, wanted: bool, plan: Plan) -> ColumnElement[bool]:
    """True of those whose value reaches the one at the last place; with `wanted` false, of those below.

    Places are a share of the members that have a value, rounded up; equal values are in together. Where no
    rows mean zero, zero never leads in: nobody is a top spender without spending.
    """
    kept = fact_amount(condition.term, plan.viewpoint)
    if plan.starts_at_facts and kept is not None and not isinstance(kept, KeptRows):
        source: FromClause = plan.base
        if conditions := visible(plan):
            source = source.join(Member, Member.id == plan.member_id)
        values: Select[Any] = select(kept.label("value")).select_from(source).where(*conditions)
        return _reaches(condition, kept, last_place(condition, values), wanted=wanted)
    members_plan = Plan(plan.viewpoint, plan.shape, row_owner_id=plan.row_owner_id)
    value = project(condition.term, members_plan)
    source = Member.__table__
    if value.join is not None:
        source = source.outerjoin(value.join, value.join.c.member_id == Member.id)
    columns: list[Any] = [Member.id.label("member_id"), value.expression.label("value")]
    ranked = select(*columns).select_from(source).where(*visible(members_plan)).correlate(None).cte()
    reached = _reaches(condition, ranked.c.value, last_place(condition, select(ranked.c.value)), wanted=wanted)
    return plan.member_id.in_(select(ranked.c.member_id).where(reached))


def last_place(condition: Condition, values: Select[Any]) -> ColumnElement[Any]:
    """The value at the last place that leads in, as a scalar; NULL when nobody has a value.

    `values` has one column `value`, one row a member.
    """
    known = values.correlate(None).subquery()
    # Where a value is never missing there is nothing to look at: counting all rows is a matter of milliseconds.
    is_known = () if condition.field.missing is None else (known.c.value.is_not(None),)
    total = select(func.count()).select_from(known).where(*is_known).correlate(None).scalar_subquery()
    share: Any = condition.value
    # The last of ceil(share * total) places, counted from 0.
    place = (total * round(share * PERCENT_STEPS / 100) - 1) // PERCENT_STEPS
    ordered = select(known.c.value).where(*is_known).order_by(known.c.value.desc()).limit(1).offset(place)
    return ordered.correlate(None).scalar_subquery()


def _reaches(condition: Condition, value: Sql, cut_off: ColumnElement[Any], *, wanted: bool) -> ColumnElement[bool]:
    source = condition.field.source
    if not (isinstance(source, Rows) and source.aggregate in ZERO_WITHOUT_ROWS):
        return value >= cut_off if wanted else value < cut_off
    return and_(value >= cut_off, value > 0) if wanted else or_(value < cut_off, value <= 0)
