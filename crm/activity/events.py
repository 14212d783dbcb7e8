"""What members do: orders, visits, service, participation, feedback."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select

from crm.activity.models import ActivityEvent, EventKind, Order, OrderLine, Product
from crm.events import Event, EventQualifier, EventRows
from crm.words import Text

_ORDER = Order.__table__
_EVENT = ActivityEvent.__table__


def _has_category(categories: Sequence[str]) -> ColumnElement[bool]:
    bought = select(OrderLine.id).where(OrderLine.order_id == _ORDER.c.id, OrderLine.category.in_(categories))
    return bought.correlate(_ORDER).exists()


_CATEGORY = EventQualifier(
    name="category",
    label="Of orders: category",
    of="orders",
    noun="category",
    words=Text("orders {value}", "购买{value}"),
    condition=_has_category,
    values=select(Product.category).distinct().order_by(Product.category),
    any_value="any category",
)


def _of_kind(kind: EventKind, label: str, words: Text) -> Event:
    rows = EventRows(_EVENT, _EVENT.c.id, _EVENT.c.member_id, _EVENT.c.occurred_at, (_EVENT.c.kind == kind,))
    return Event(name=kind.value, label=label, words=words, rows=rows)


EVENTS = (
    Event(
        name="ordered",
        label="Ordered",
        words=Text("orders", "下单"),
        rows=EventRows(_ORDER, _ORDER.c.id, _ORDER.c.member_id, _ORDER.c.ordered_at),
        qualifiers=(_CATEGORY,),
    ),
    _of_kind(EventKind.VISIT, "Visited", Text("visits", "到访")),
    _of_kind(EventKind.SERVICE, "Used a service", Text("uses a service", "使用服务")),
    _of_kind(EventKind.PARTICIPATION, "Took part in an activity", Text("takes part in an activity", "参加活动")),
    _of_kind(EventKind.FEEDBACK, "Gave feedback", Text("gives feedback", "提交反馈")),
)
