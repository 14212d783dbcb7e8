"""Goods that a text suggests: of the category that a member spends most on, and none that they have already."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.activity.facts import rebuild_facts
from crm.activity.models import Order, OrderLine, Product
from crm.members.models import Member
from crm.outreach.product_suggestions import SUGGESTED, goods_of
from tests.builders import make_member

NOW = datetime(2026, 6, 1, 1, tzinfo=UTC)
SHELF = {
    "coffee": ("Espresso", "Mocha", "Filter", "Decaf", "Beans"),
    "snacks": ("Nuts", "Chips", "Bars", "Rusks", "Dates"),
    "tea": ("Oolong", "Sencha", "Assam", "Chai", "Matcha"),
}


@pytest.fixture
def shop(session: Session) -> Session:
    """Everything on the shelf was bought by somebody: of each category the first most often, tea most of all."""
    for category, names in SHELF.items():
        session.add_all(Product(external_ref=name, name=name, category=category) for name in names)
    session.flush()
    for category, names in SHELF.items():
        for place, name in enumerate(names):
            for _ in range(len(names) - place + (5 if category == "tea" else 0)):
                buy(session, make_member(session), name)
    return session


def buy(session: Session, member: Member, name: str, cents: int = 1_000) -> None:
    product = session.scalars(select(Product).where(Product.name == name)).one()
    order = Order(member_id=member.id, ordered_at=NOW, amount_cents=cents, source="import")
    session.add(order)
    session.flush()
    line = {"order_id": order.id, "member_id": member.id, "ordered_at": NOW, "category": product.category}
    session.add(OrderLine(**line, product_id=product.id, quantity=1, amount_cents=cents, discount_cents=0))
    session.flush()


def suggested(session: Session, *members: Member) -> list[list[str]]:
    rebuild_facts(session, date(2026, 6, 1), ZoneInfo("Asia/Shanghai"))
    found = goods_of(session, [member.id for member in members], "zh")
    return [found[member.id].replace("和", "、").split("、") for member in members]


@pytest.mark.parametrize(
    ("spent", "category"),
    [
        ({"Espresso": 3_000}, "coffee"),
        ({"Espresso": 3_000, "Oolong": 1_000}, "coffee"),
        ({"Oolong": 1_000, "Espresso": 3_000, "Nuts": 2_999}, "coffee"),
        # What counts is the money of a whole category, not that of one product, and not how often.
        ({"Espresso": 3_000, "Nuts": 1_600, "Chips": 1_600}, "snacks"),
        ({"Espresso": 1_000, "Mocha": 1_000, "Filter": 1_000, "Assam": 3_001}, "tea"),
        ({"Nuts": 1, "Oolong": 0}, "snacks"),
        ({"Espresso": 2_000, "Nuts": 2_000}, "coffee"),
    ],
)
def test_goods_come_from_the_category_that_a_member_spent_most_on(
    shop: Session, spent: Mapping[str, int], category: str
) -> None:
    member = make_member(shop, tags=("tea-drinker",))
    for name, cents in spent.items():
        buy(shop, member, name, cents)
    (goods,) = suggested(shop, member)
    assert goods == [name for name in SHELF[category] if name not in spent][:SUGGESTED]


def test_each_member_of_a_batch_has_goods_of_their_own(shop: Session) -> None:
    drinkers = [make_member(shop) for _ in range(3)]
    for member, name in zip(drinkers, ("Beans", "Dates", "Matcha"), strict=True):
        buy(shop, member, name, 9_000)
    assert suggested(shop, *drinkers) == [list(names[:SUGGESTED]) for names in SHELF.values()]


def test_who_has_bought_nothing_yet_is_known_by_a_tag_or_gets_what_everybody_buys(shop: Session) -> None:
    tagged, unknown = make_member(shop, tags=("snacks-lover", "vip")), make_member(shop)
    assert suggested(shop, tagged, unknown) == [list(SHELF["snacks"][:SUGGESTED]), list(SHELF["tea"][:SUGGESTED])]


def test_who_has_the_whole_category_is_suggested_nothing_of_it(shop: Session) -> None:
    member = make_member(shop)
    for name in SHELF["coffee"]:
        buy(shop, member, name)
    rebuild_facts(shop, date(2026, 6, 1), ZoneInfo("Asia/Shanghai"))
    assert goods_of(shop, [member.id], "en") == {}
