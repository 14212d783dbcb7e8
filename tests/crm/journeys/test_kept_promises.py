"""Clauses that are stated beside the code, each with a test that fails when it is turned round."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.activity.models import MemberCategory, Order, OrderLine, Product
from crm.channels import Channel
from crm.database import Sessions, read_only, unit_of_work
from crm.loyalty.models import CouponGrant, GrantState
from crm.outreach.dispatch import dispatch_due
from crm.outreach.models import Message, MessageState
from crm.outreach.product_suggestions import goods_of
from crm.outreach.spec import Benefits
from tests.builders import make_member
from tests.journeys import journey_spec, launch, make_coupon, send_step
from tests.providers import FakeProvider


@pytest.mark.parametrize(
    ("word", "state", "kept"),
    [
        ("silent", MessageState.UNKNOWN, GrantState.RESERVED),
        ("down", MessageState.UNKNOWN, GrantState.RESERVED),
        ("accept", MessageState.SENT, GrantState.RESERVED),
        ("deliver", MessageState.DELIVERED, GrantState.ISSUED),
        ("refuse", MessageState.FAILED, GrantState.RELEASED),
        ("bounce", MessageState.FAILED, GrantState.RELEASED),
    ],
)
def test_the_coupon_of_a_message_that_may_have_arrived_is_kept(
    sessions: Sessions, now: datetime, word: str, state: MessageState, kept: GrantState
) -> None:
    with unit_of_work(sessions) as session:
        make_member(session)
        make_coupon(session)
        launch(session, journey_spec(send_step(), benefits=Benefits(coupon_codes=("C50",))), now)
    provider = FakeProvider(honours_idempotency_key=False, script=[word])
    dispatch_due(sessions, {Channel.EMAIL: provider}, now=now, worker="one")
    dispatch_due(sessions, {Channel.EMAIL: provider}, now=now + timedelta(hours=1), worker="one")
    with read_only(sessions) as session:
        assert session.scalars(select(Message)).one().state is state
        assert session.scalars(select(CouponGrant)).one().state is kept


@pytest.mark.parametrize(
    ("spend", "expected"),
    [
        ({"tea": 900, "coffee": 100}, "tea of today"),
        ({"tea": 100, "coffee": 900}, "coffee of today"),
        ({"tea": 500, "coffee": 499, "wine": 1}, "tea of today"),
        ({"wine": 2, "coffee": 1}, "wine of today"),
    ],
)
def test_goods_are_suggested_from_the_category_that_the_member_spent_most_on(
    session: Session, now: datetime, spend: dict[str, int], expected: str
) -> None:
    products = [
        Product(external_ref=f"P-{category}", name=f"{category} of today", category=category)
        for category in ("coffee", "tea", "wine")
    ]
    session.add_all(products)
    member, others = make_member(session), make_member(session)
    session.flush()
    order = Order(member_id=others.id, ordered_at=now, amount_cents=300, source="import")
    session.add(order)
    session.flush()
    session.add_all(
        OrderLine(
            order_id=order.id,
            member_id=others.id,
            ordered_at=now,
            product_id=each.id,
            category=each.category,
            quantity=1,
            amount_cents=100,
            discount_cents=0,
        )
        for each in products
    )
    session.add_all(
        MemberCategory(
            member_id=member.id, category=category, order_count=1, spend_cents=cents, first_at=now, last_at=now
        )
        for category, cents in spend.items()
    )
    session.flush()
    assert goods_of(session, [member.id], "en") == {member.id: expected}
