"""Small worlds for tests: each builder adds one thing with sensible values and returns it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from crm.access.models import Account, Role
from crm.activity.models import Order, OrderLine, Product
from crm.channels import SENDABLE_CHANNELS, Channel
from crm.members.models import Consent, ContactPoint, Member, MemberTag

_numbers = count(1)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


def make_account(session: Session, **changes: Any) -> Account:
    number = next(_numbers)
    values: dict[str, Any] = {
        "username": f"person{number}",
        "display_name": f"Person {number}",
        "role": Role.OPERATIONS,
        "password_hash": "",
    }
    account = Account(**values | changes)
    session.add(account)
    session.flush()
    return account


def make_member(
    session: Session,
    *,
    consents: Mapping[Channel, bool] | None = None,
    reachable_on: Sequence[Channel] = SENDABLE_CHANNELS,
    tags: Sequence[str] = (),
    **changes: Any,
) -> Member:
    """A gold member in Shanghai who agrees to every channel, unless told otherwise."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "external_ref": f"M{number}",
        "name": f"Member {number}",
        "gender": "female",
        "birthday_on": date(1990, 6, 1),
        "city": "Shanghai",
        "tier": "gold",
        "joined_at": LONG_AGO,
        "preferred_channel": Channel.EMAIL,
    }
    values |= changes
    born = values["birthday_on"]
    member = Member(**values, birth_month_day=born.month * 100 + born.day if born else None)
    session.add(member)
    session.flush()
    for channel in reachable_on:
        address = f"{channel.value}-{member.id}@example.com"
        session.add(ContactPoint(member_id=member.id, channel=channel, address=address, normalised=address))
    for channel, granted in (consents if consents is not None else dict.fromkeys(SENDABLE_CHANNELS, True)).items():
        session.add(Consent(member_id=member.id, channel=channel, granted=granted, changed_at=LONG_AGO, source="test"))
    session.add_all(MemberTag(member_id=member.id, tag=tag) for tag in tags)
    session.flush()
    return member


def make_order(
    session: Session,
    member: Member,
    *,
    ordered_at: datetime,
    amount_cents: int = 10_000,
    category: str = "coffee",
    more_lines: Sequence[str] = (),
) -> Order:
    """One order with one line, and one for each further category; every line costs the same."""
    categories = [category, *more_lines]
    total = amount_cents * len(categories)
    order = Order(member_id=member.id, ordered_at=ordered_at, amount_cents=total, source="import")
    session.add(order)
    session.flush()
    session.add_all(
        OrderLine(
            order_id=order.id,
            member_id=member.id,
            ordered_at=ordered_at,
            product_id=_product(session, name).id,
            category=name,
            quantity=1,
            amount_cents=amount_cents,
            discount_cents=0,
        )
        for name in categories
    )
    session.flush()
    return order


def _product(session: Session, category: str) -> Product:
    product = session.query(Product).filter_by(external_ref=f"P-{category}").one_or_none()
    if product is None:
        product = Product(external_ref=f"P-{category}", name=category.title(), category=category)
        session.add(product)
        session.flush()
    return product
