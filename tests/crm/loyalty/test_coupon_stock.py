from datetime import date, datetime

import pytest
from sqlalchemy import literal, select, union_all
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.errors import NotFound
from crm.loyalty.models import Coupon, CouponGrant, GrantState, OfferKind
from crm.loyalty.rules import CouponStock, best_match
from crm.loyalty.service import find_coupon, issue, release, reserve, stock_for
from tests.builders import make_member
from tests.journeys import make_coupon

TODAY = date(2026, 6, 1)


def recipients(session: Session, count: int) -> list[tuple[int, int]]:
    return [(1_000 + number, make_member(session).id) for number in range(count)]


def reserve_for(session: Session, people: list[tuple[int, int]], now: datetime) -> int:
    rows = union_all(
        *[
            select(literal(enrolment).label("enrolment_id"), literal(member).label("member_id"))
            for enrolment, member in people
        ]
    )
    each = rows.subquery()
    return reserve(session, "C50", select(each.c.enrolment_id, each.c.member_id), now=now)


def figures(session: Session) -> tuple[int, int]:
    coupon = session.scalars(select(Coupon).execution_options(populate_existing=True)).one()
    return coupon.reserved, coupon.issued


def test_stock_is_reserved_then_issued_or_released(session: Session, now: datetime) -> None:
    make_coupon(session, stock_total=5)
    people = recipients(session, 4)
    assert reserve_for(session, people, now) == 4
    assert figures(session) == (4, 0)
    issue(session, CouponGrant.enrolment_id == people[0][0], now=now)
    release(session, CouponGrant.enrolment_id.in_([people[1][0], people[2][0]]), now=now)
    assert figures(session) == (1, 1)
    assert stock_for(session, ["C50"], on=TODAY)[0].available == 3


def test_issuing_or_releasing_again_changes_nothing(session: Session, now: datetime) -> None:
    make_coupon(session)
    people = recipients(session, 2)
    reserve_for(session, people, now)
    mine = CouponGrant.enrolment_id == people[0][0]
    for _ in range(2):
        issue(session, mine, now=now)
    release(session, mine, now=now)
    assert figures(session) == (1, 1)
    assert session.scalars(select(CouponGrant.state).where(mine)).one() is GrantState.ISSUED


def test_the_database_refuses_to_promise_more_than_there_is(session: Session, now: datetime) -> None:
    make_coupon(session, stock_total=2)
    with pytest.raises(IntegrityError, match="stock_adds_up"):
        reserve_for(session, recipients(session, 3), now)


def test_a_coupon_past_its_date_has_no_stock(session: Session) -> None:
    make_coupon(session, valid_until=date(2026, 5, 31))
    assert stock_for(session, ["C50"], on=TODAY)[0].available == 0


def test_an_unknown_coupon_is_named(session: Session) -> None:
    with pytest.raises(NotFound, match="there is no coupon NONE"):
        stock_for(session, ["NONE"], on=TODAY)


def test_an_offer_finds_the_coupon_of_its_kind_and_value(session: Session) -> None:
    make_coupon(session, "TEN", value=1_000)
    make_coupon(session, "FIFTY", value=5_000)
    make_coupon(session, "SHIP", kind=OfferKind.FREE_SHIPPING, value=None)
    found = find_coupon(session, OfferKind.AMOUNT_OFF, value=5_000, min_spend_cents=None, item=None, on=TODAY)
    assert found is not None
    assert found.code == "FIFTY"


def stock(code: str, *, value: int | None = 4_000, min_spend: int | None = None, available: int = 10) -> CouponStock:
    return CouponStock(code, f"Coupon {code}", value, min_spend, 0, available)


@pytest.mark.parametrize(
    ("stocks", "min_spend_cents", "expected"),
    [
        ([stock("A")], None, "A"),
        ([stock("A", value=3_000)], None, None),
        # A coupon that asks for more than the promise would break it; one that asks for less keeps it.
        ([stock("A", min_spend=30_000)], None, None),
        ([stock("A"), stock("B", min_spend=30_000)], 30_000, "B"),
        ([stock("A", min_spend=20_000), stock("B", min_spend=40_000)], 30_000, "A"),
        ([stock("A", available=1), stock("B", available=5)], None, "B"),
        ([stock("B"), stock("A")], None, "A"),
        ([], None, None),
    ],
)
def test_the_coupon_that_keeps_the_promise_best_is_chosen(
    stocks: list[CouponStock], min_spend_cents: int | None, expected: str | None
) -> None:
    found = best_match(stocks, value=4_000, min_spend_cents=min_spend_cents, item=None)
    assert (found.code if found else None) == expected


def test_a_gift_is_found_by_what_it_is() -> None:
    gifts = [stock("MUG", value=None), stock("SAMPLE", value=None)]
    found = best_match(gifts, value=None, min_spend_cents=None, item="Sample")
    assert found is not None
    assert found.code == "SAMPLE"
