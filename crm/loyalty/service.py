"""Coupon stock: reserve, issue, release. Set-based; the check constraint of `coupons` guards every step."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Select,
    String,
    Update,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.orm import Session

from crm.errors import NotFound
from crm.loyalty.models import Coupon, CouponGrant, GrantState, OfferKind
from crm.loyalty.rules import CouponStock, best_match

_IN_STOCK = {GrantState.RESERVED: Coupon.reserved, GrantState.ISSUED: Coupon.issued}


def stock_for(session: Session, codes: Sequence[str], *, on: date) -> list[CouponStock]:
    """What is left of each coupon, in the order of `codes`. Raises NotFound for an unknown one."""
    coupons = {coupon.code: coupon for coupon in session.scalars(select(Coupon).where(Coupon.code.in_(codes)))}
    for code in codes:
        if code not in coupons:
            raise NotFound(f"there is no coupon {code}", candidates=tuple(coupons))
    return [CouponStock.of(coupons[code], on) for code in codes]


def coupon_terms(session: Session, codes: Collection[str]) -> dict[str, dict[str, Any]]:
    """What each coupon gives and until when, in JSON, by its code; not how many are left."""
    query = select(Coupon).where(Coupon.code.in_(codes)).order_by(Coupon.code)
    return {
        coupon.code: {
            "name": coupon.name,
            "kind": coupon.kind.value,
            "value": coupon.value,
            "min_spend_cents": coupon.min_spend_cents,
            "valid_until": None if coupon.valid_until is None else coupon.valid_until.isoformat(),
        }
        for coupon in session.scalars(query)
    }


def find_coupon(
    session: Session, kind: OfferKind, *, value: int | None, min_spend_cents: int | None, item: str | None, on: date
) -> CouponStock | None:
    """The stocked coupon that backs such an offer, the fullest first; None when there is none."""
    coupons = session.scalars(select(Coupon).where(Coupon.kind == kind))
    stocks = [CouponStock.of(coupon, on) for coupon in coupons]
    return best_match(stocks, value=value, min_spend_cents=min_spend_cents, item=item)


def lock_stock(session: Session, codes: Sequence[str]) -> None:
    """Hold the coupons until the end of the transaction, so that what was counted can be reserved."""
    locked = select(Coupon.id).where(Coupon.code.in_(codes)).order_by(Coupon.id).with_for_update()
    session.execute(locked).all()  # read to its end: SQLite drops no table while a query is open


def reserve(
    session: Session, code: str, recipients: Select[int, int], *, now: datetime, step_key: str | None = None
) -> int:
    """Set one coupon aside for each recipient (enrolment id, member id); how many it were.

    With `step_key` the grants hang on the messages of that step, otherwise on any of the enrolment.

    The database refuses more than the stock holds (IntegrityError): callers count and lock first.
    """
    coupon_id = session.scalars(select(Coupon.id).where(Coupon.code == code)).one()
    enrolment_id, member_id = recipients.subquery("recipients").c
    grants = select(
        literal(coupon_id),
        member_id,
        enrolment_id,
        literal(step_key, String),
        literal(GrantState.RESERVED, CouponGrant.__table__.c.state.type),
        literal(now, CouponGrant.__table__.c.changed_at.type),
    )
    columns = ["coupon_id", "member_id", "enrolment_id", "step_key", "state", "changed_at"]
    # Kept on purpose: on PostgreSQL an insert forgets how many rows it made.
    done = session.execute(
        insert(CouponGrant).from_select(columns, grants), execution_options={"preserve_rowcount": True}
    )
    reserved = cast(CursorResult[Any], done).rowcount
    session.execute(_add_reserved(coupon_id, reserved))
    return reserved


def _add_reserved(coupon_id: int, number: int) -> Update:
    more = update(Coupon).where(Coupon.id == coupon_id).values(reserved=Coupon.reserved + number)
    return more.execution_options(synchronize_session=False)


def reserve_again(session: Session, code: str, recipients: Select[int, int], *, step_key: str, now: datetime) -> None:
    """Set one coupon aside for those recipients who were never granted it, or whose grant was released.

    `recipients`: enrolment id, member id; the grants hang on the messages of a step. The database refuses
    more than the stock holds.
    """
    coupon_id = session.scalars(select(Coupon.id).where(Coupon.code == code)).one()
    each = recipients.subquery("recipients")
    enrolment_id, member_id = each.c
    mine = (CouponGrant.coupon_id == coupon_id, CouponGrant.state == GrantState.RELEASED)
    again = update(CouponGrant).where(*mine, CouponGrant.enrolment_id.in_(select(enrolment_id)))
    again = again.values(state=GrantState.RESERVED, step_key=step_key, changed_at=now)
    renewed = session.execute(again.execution_options(synchronize_session=False))
    session.execute(_add_reserved(coupon_id, cast(CursorResult[Any], renewed).rowcount))
    has_it = exists().where(CouponGrant.coupon_id == coupon_id, CouponGrant.enrolment_id == enrolment_id)
    reserve(session, code, select(enrolment_id, member_id).where(~has_it), step_key=step_key, now=now)


def issue(session: Session, enrolments: ColumnElement[bool], *, now: datetime) -> None:
    """Hand over what is reserved for the enrolments: their first message was delivered."""
    _move(session, enrolments, GrantState.ISSUED, now)


def release(session: Session, enrolments: ColumnElement[bool], *, now: datetime) -> None:
    """Put back what is reserved for the enrolments: nothing was delivered and nothing will be."""
    _move(session, enrolments, GrantState.RELEASED, now)


def _move(session: Session, enrolments: ColumnElement[bool], to: GrantState, now: datetime) -> None:
    """Move reserved grants on, and the stock with them. `enrolments` is a condition on `CouponGrant`."""
    reserved = (CouponGrant.state == GrantState.RESERVED, enrolments)
    by_coupon = select(CouponGrant.coupon_id, func.count()).where(*reserved).group_by(CouponGrant.coupon_id)
    counts = session.execute(by_coupon.order_by(CouponGrant.coupon_id)).all()
    if not counts:
        return
    session.execute(
        update(CouponGrant)
        .where(*reserved)
        .values(state=to, changed_at=now)
        .execution_options(synchronize_session=False)
    )
    for coupon_id, count in counts:
        changes: dict[str, Any] = {"reserved": Coupon.reserved - count}
        if to is GrantState.ISSUED:
            changes["issued"] = Coupon.issued + count
        session.execute(
            update(Coupon).where(Coupon.id == coupon_id).values(changes).execution_options(synchronize_session=False)
        )
