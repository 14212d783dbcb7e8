"""Orders come in once, the wrong ones come back with a reason, and facts follow."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.activity.facts import check_facts, facts_stand_for
from crm.activity.ingest import Ingested, OrderBatch, RejectedOrder, ingest_orders
from crm.activity.models import MEMBER_FACTS, MemberCategory, Order, OrderLine
from crm.clock import local_day
from tests.builders import make_member, make_order


def batch_of(*orders: tuple[str, str, datetime, list[tuple[str, int]]]) -> OrderBatch:
    """Orders as (key, member's key, moment, lines of product key and cents)."""
    lines = [(position, line) for position, (*_, lines) in enumerate(orders) for line in lines]
    return OrderBatch(
        external_refs=[key for key, *_ in orders],
        member_refs=[member for _, member, *_ in orders],
        ordered_at=[int(at.timestamp()) for _, _, at, _ in orders],
        line_positions=[position for position, _ in lines],
        product_refs=[product for _, (product, _) in lines],
        quantities=[1] * len(lines),
        amounts_cents=[cents for _, (_, cents) in lines],
        discounts_cents=[0] * len(lines),
    )


def test_new_orders_are_added_with_their_lines_and_facts(session: Session, zone: ZoneInfo, now: datetime) -> None:
    member = make_member(session, external_ref="M-1")
    make_order(session, member, ordered_at=now - timedelta(days=40), category="tea", amount_cents=100)
    batch = batch_of(("A", "M-1", now - timedelta(days=2), [("P-tea", 300), ("P-tea", 200)]))
    assert ingest_orders(session, batch, now=now, zone=zone) == Ingested(1, 0, 0, ())
    facts = session.execute(select(MEMBER_FACTS).where(MEMBER_FACTS.c.member_id == member.id)).one()
    assert (facts.order_count, facts.spend_cents, facts.orders_30d, facts.spend_30d) == (2, 600, 1, 500)
    tea = session.get_one(MemberCategory, (member.id, "tea"))
    assert (tea.order_count, tea.spend_cents) == (2, 600)
    assert check_facts(session) == []
    assert facts_stand_for(session, local_day(now, zone), zone)


def test_the_same_batch_twice_adds_nothing_the_second_time(session: Session, zone: ZoneInfo, now: datetime) -> None:
    make_order(session, make_member(session, external_ref="M-1"), ordered_at=now, category="tea")
    batch = batch_of(*((f"A{n}", "M-1", now, [("P-tea", n)]) for n in range(5)))
    assert ingest_orders(session, batch, now=now, zone=zone).added == 5
    assert ingest_orders(session, batch, now=now, zone=zone) == Ingested(0, 5, 0, ())
    assert session.scalar(select(func.count()).select_from(OrderLine)) == 6
    assert check_facts(session) == []


def test_a_wrong_order_comes_back_with_its_reason_and_the_others_are_added(
    session: Session, zone: ZoneInfo, now: datetime
) -> None:
    make_order(session, make_member(session, external_ref="M-1"), ordered_at=now, category="tea")
    line = [("P-tea", 100)]
    batch = batch_of(
        ("nobody", "M-2", now, line),
        ("tomorrow", "M-1", now + timedelta(days=1), line),
        ("empty", "M-1", now, []),
        ("unknown", "M-1", now, [*line, ("P-gold", 1)]),
        ("negative", "M-1", now, [("P-tea", -1)]),
        ("right", "M-1", now, line),
        ("right", "M-1", now, line),
    )
    result = ingest_orders(session, batch, now=now, zone=zone)
    assert (result.added, result.rejected_count) == (1, 6)
    assert result.rejected == (
        RejectedOrder(0, "nobody", "there is no such member"),
        RejectedOrder(1, "tomorrow", "it lies in the future"),
        RejectedOrder(2, "empty", "it has no line"),
        RejectedOrder(3, "unknown", "there is no such product"),
        RejectedOrder(4, "negative", "an amount is negative"),
        RejectedOrder(6, "right", "the key stands in this batch already"),
    )
    assert session.scalars(select(Order.external_ref).where(Order.external_ref.is_not(None))).all() == ["right"]


def test_an_empty_batch_changes_nothing(session: Session, zone: ZoneInfo, now: datetime) -> None:
    assert ingest_orders(session, batch_of(), now=now, zone=zone) == Ingested(0, 0, 0, ())
