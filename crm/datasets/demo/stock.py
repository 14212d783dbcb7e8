"""The coupons and gifts that the demo has in stock."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from crm.loyalty.models import Coupon, OfferKind

VALID_DAYS = 92


@dataclass(frozen=True)
class StockItem:
    code: str
    name: str
    kind: OfferKind
    value: int | None
    stock: int
    min_spend_cents: int | None = None
    unit_cost_cents: int = 0


STOCK = (
    StockItem("PCT10", "10% off", OfferKind.PERCENT_OFF, 10, 20_000),
    StockItem("PCT15", "15% off", OfferKind.PERCENT_OFF, 15, 12_000),
    StockItem("PCT20", "20% off", OfferKind.PERCENT_OFF, 20, 8_000),
    StockItem("CNY30", "¥30 off ¥200", OfferKind.AMOUNT_OFF, 3_000, 10_000, min_spend_cents=20_000),
    StockItem("CNY50", "¥50 off", OfferKind.AMOUNT_OFF, 5_000, 3_000),
    StockItem("CNY100", "¥100 off", OfferKind.AMOUNT_OFF, 10_000, 1_200),
    StockItem("M300-40", "满300减40 (¥40 off ¥300)", OfferKind.AMOUNT_OFF, 4_000, 9_000, min_spend_cents=30_000),
    StockItem("SHIP", "Free shipping", OfferKind.FREE_SHIPPING, None, 30_000, unit_cost_cents=1_200),
    StockItem("SAMPLE", "Sample gift", OfferKind.GIFT, None, 260, unit_cost_cents=1_800),
    StockItem("TEA-TIN", "Gift tin of tea", OfferKind.GIFT, None, 400, unit_cost_cents=4_500),
    StockItem("COFFEE-BOX", "Coffee tasting box", OfferKind.GIFT, None, 350, unit_cost_cents=6_000),
)


def make_coupons(session: Session, today: date, members: int) -> None:
    """Stock for a base of 6,000 members, scaled to the size of this one."""
    session.add_all(
        Coupon(
            code=item.code,
            name=item.name,
            kind=item.kind,
            value=item.value,
            min_spend_cents=item.min_spend_cents,
            unit_cost_cents=item.unit_cost_cents,
            stock_total=max(1, item.stock * members // 6_000),
            reserved=0,
            issued=0,
            valid_until=today + timedelta(days=VALID_DAYS),
        )
        for item in STOCK
    )
    session.flush()
