"""What segments can ask of orders, visits and the activity derived from them."""

from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Float, cast, func, select

from crm.activity.fact_access import OrderFacts
from crm.activity.models import (
    MEMBER_FACTS,
    ActivityEvent,
    EventKind,
    MemberActivity,
    Order,
    OrderLine,
    Product,
)
from crm.clock import day_start
from crm.columns import distinct_words, plain_qualifier, stored
from crm.fields import (
    CENTS_PER_UNIT,
    Aggregate,
    Collection,
    Fact,
    Field,
    Kind,
    Qualifiers,
    Record,
    RowColumns,
    Rows,
    Sql,
    Unit,
    Value,
    Viewpoint,
)
from crm.members.models import Member
from crm.words import Text

NOT_SCORED = "not scored yet: no comparison holds, and neither does its opposite"
NO_USUAL_WEEK = (
    "nothing happened in the four weeks before last week: no comparison holds, and neither does its opposite"
)
WEEK_DAYS = 7
NEVER_BOUGHT = "the member never bought: no comparison holds, and neither does its opposite"

CATEGORIES = distinct_words(Product.category)
CATEGORY = plain_qualifier("category", CATEGORIES, Text("category", "品类"))


def _orders(qualifiers: Qualifiers) -> RowColumns:
    """Whole orders; with a category, the lines of that category."""
    categories = qualifiers.get("category")
    if categories is None:
        return RowColumns(Order.member_id, at=Order.ordered_at, value=Order.amount_cents)
    return RowColumns(
        OrderLine.member_id,
        at=OrderLine.ordered_at,
        value=OrderLine.amount_cents,
        distinct_key=OrderLine.order_id,
        conditions=(CATEGORY.matches(OrderLine.category, categories),),
    )


def _order_facts(record: Record, qualifiers: Qualifiers) -> Iterator[Fact]:
    categories = qualifiers.get("category")
    for order in record["orders"]:
        if categories is None:
            yield Fact(order["id"], order["at"], cents(order["amount"]))
            continue
        for line in order["lines"]:
            if line["category"] in categories:
                yield Fact(order["id"], order["at"], cents(line["amount"]))


def _bought_categories(_qualifiers: Qualifiers) -> RowColumns:
    return RowColumns(OrderLine.member_id, at=OrderLine.ordered_at, value=OrderLine.category)


def _bought_category_facts(record: Record, _qualifiers: Qualifiers) -> Iterator[Fact]:
    for order in record["orders"]:
        for line in order["lines"]:
            yield Fact(line["category"], order["at"], line["category"])


def _weekly_ratio(viewpoint: Viewpoint) -> Sql:
    """Events of the week that ended yesterday, against the mean of the four weeks before it."""

    def events(first: int, last: int) -> ColumnElement[int]:
        today, zone = viewpoint.today, viewpoint.zone
        found = select(func.count()).where(
            ActivityEvent.member_id == Member.id,
            ActivityEvent.occurred_at >= day_start(today - timedelta(days=first), zone),
            ActivityEvent.occurred_at < day_start(today - timedelta(days=last), zone),
        )
        return found.correlate(Member).scalar_subquery()

    return cast(events(WEEK_DAYS, 0) * 4, Float) / func.nullif(events(5 * WEEK_DAYS, WEEK_DAYS), 0)


def _weekly_ratio_in_record(record: Record, viewpoint: Viewpoint) -> float | None:
    days_ago = [(viewpoint.today - date.fromisoformat(event["at"][:10])).days for event in record["events"]]
    week = sum(1 <= days <= WEEK_DAYS for days in days_ago)
    four_weeks = sum(WEEK_DAYS < days <= 5 * WEEK_DAYS for days in days_ago)
    return week * 4 / four_weeks if four_weeks else None


def cents(amount: float) -> int:
    """An amount of a record, in whole units, as exact cents."""
    return round(amount * CENTS_PER_UNIT)


def _events(kind: EventKind, en: str, zh: str, words_en: tuple[str, ...]) -> Field:
    def columns(_qualifiers: Qualifiers) -> RowColumns:
        return RowColumns(
            ActivityEvent.member_id,
            at=ActivityEvent.occurred_at,
            conditions=(ActivityEvent.kind == kind,),
        )

    def facts(record: Record, _qualifiers: Qualifiers) -> Iterator[Fact]:
        return (Fact(event["id"], event["at"]) for event in record["events"] if event["kind"] == kind)

    return Field(
        name=f"{kind.value}.count",
        kind=Kind.NUMBER,
        source=Rows(Aggregate.COUNT, columns, facts),
        label=Text(f"number of {en}", f"{zh}次数"),
        words_en=words_en,
        words_zh=(zh, f"{zh}次数"),
        unit=Unit.COUNT,
    )


FIELDS = (
    Field(
        name="orders.count",
        kind=Kind.NUMBER,
        source=Rows(Aggregate.COUNT, _orders, _order_facts, qualifiers=(CATEGORY,), keeper=OrderFacts(Aggregate.COUNT)),
        label=Text("number of orders", "订单数"),
        words_en=("orders", "order count", "purchases", "bought", "ordered", "placed orders", "transactions"),
        words_zh=("订单", "订单数", "下单", "购买", "购买次数"),
        unit=Unit.COUNT,
    ),
    Field(
        name="orders.spend",
        kind=Kind.NUMBER,
        source=Rows(Aggregate.SUM, _orders, _order_facts, qualifiers=(CATEGORY,), keeper=OrderFacts(Aggregate.SUM)),
        label=Text("amount spent", "消费金额"),
        words_en=("spend", "spent", "spending", "revenue", "purchase amount", "paid"),
        words_zh=("消费", "消费金额", "消费额", "花费"),
        unit=Unit.MONEY,
    ),
    Field(
        name="orders.average",
        kind=Kind.NUMBER,
        source=Rows(
            Aggregate.AVERAGE,
            lambda _qualifiers: _orders({}),
            lambda record, _qualifiers: _order_facts(record, {}),
            keeper=OrderFacts(Aggregate.AVERAGE),
        ),
        label=Text("average order value", "客单价"),
        words_en=("average order value", "aov", "average order", "basket size", "avg order value"),
        words_zh=("客单价", "平均订单金额"),
        unit=Unit.MONEY,
        missing=NEVER_BOUGHT,
    ),
    Field(
        name="orders.category",
        kind=Kind.SET,
        source=Rows(Aggregate.SET, _bought_categories, _bought_category_facts, keeper=OrderFacts(Aggregate.SET)),
        label=Text("categories bought", "购买品类"),
        words_en=("category", "categories", "bought category"),
        words_zh=("品类", "类目", "购买品类"),
        values=CATEGORIES,
    ),
    Field(
        name="last_order_at",
        kind=Kind.DAY,
        source=Rows(
            Aggregate.LAST,
            _orders,
            _order_facts,
            qualifiers=(CATEGORY,),
            has_windows=False,
            keeper=OrderFacts(Aggregate.LAST),
        ),
        label=Text("day of the last order", "最近下单日期"),
        words_en=("last order", "last purchase", "last bought", "most recent order"),
        words_zh=("最近下单", "上次购买", "最近一次消费"),
        missing=NEVER_BOUGHT,
    ),
    Field(
        name="first_order_at",
        kind=Kind.DAY,
        source=Rows(
            Aggregate.FIRST,
            _orders,
            _order_facts,
            qualifiers=(CATEGORY,),
            has_windows=False,
            keeper=OrderFacts(Aggregate.FIRST),
        ),
        label=Text("day of the first order", "首次下单日期"),
        words_en=("first order", "first purchase"),
        words_zh=("首单", "首次购买", "首次下单"),
        missing=NEVER_BOUGHT,
    ),
    Field(
        name="activity_score",
        kind=Kind.NUMBER,
        source=Value(stored(MemberActivity.score), member_id=MemberActivity.member_id),
        label=Text("activity score", "活跃度"),
        words_en=("activity score", "activity", "engagement score"),
        words_zh=("活跃度", "活跃分"),
        unit=Unit.SCORE,
        missing=NOT_SCORED,
    ),
    Field(
        name="activity_trend",
        kind=Kind.NUMBER,
        source=Value(stored(MemberActivity.declining_weeks), member_id=MemberActivity.member_id),
        label=Text("weeks in a row with falling activity", "活跃度连续下降周数"),
        words_en=("activity trend", "declining activity", "activity dropping", "activity fell", "losing activity"),
        words_zh=("活跃度下降", "活跃下滑", "连续下降"),
        unit=Unit.WEEKS,
        missing=NOT_SCORED,
    ),
    Field(
        name="weekly_activity_ratio",
        kind=Kind.NUMBER,
        source=Value(
            _weekly_ratio,
            read=_weekly_ratio_in_record,
            kept=MEMBER_FACTS.c.weekly_activity_ratio,
            keeps_history=True,
        ),
        label=Text("last week's activity as a share of a usual week", "上周活动与平常一周之比"),
        words_en=("weekly activity ratio", "activity against a usual week", "share of usual activity"),
        words_zh=("周活动比", "上周活动占平常的比例"),
        unit=Unit.RATIO,
        missing=NO_USUAL_WEEK,
    ),
    _events(EventKind.VISIT, "visits", "到访", ("visits", "visited", "store visits")),
    _events(EventKind.SERVICE, "service uses", "服务使用", ("service uses", "used a service", "services used")),
    _events(EventKind.PARTICIPATION, "participations", "活动参与", ("participations", "took part", "events attended")),
    _events(EventKind.FEEDBACK, "feedbacks given", "反馈", ("feedbacks", "gave feedback", "reviews written")),
)

COLLECTIONS = (
    Collection(
        "orders",
        member_id=Order.member_id,
        columns={"id": Order.id, "at": Order.ordered_at, "amount": Order.amount_cents},
        money=frozenset({"amount"}),
        children=(
            Collection(
                "lines",
                member_id=OrderLine.member_id,
                columns={
                    "order_id": OrderLine.order_id,
                    "category": OrderLine.category,
                    "quantity": OrderLine.quantity,
                    "amount": OrderLine.amount_cents,
                },
                money=frozenset({"amount"}),
            ),
        ),
    ),
    Collection(
        "events",
        member_id=ActivityEvent.member_id,
        columns={"id": ActivityEvent.id, "kind": ActivityEvent.kind, "at": ActivityEvent.occurred_at},
    ),
)
