"""Which stocked coupon stands behind each offer."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from crm.campaigns.brief import CampaignBrief, Offer
from crm.campaigns.copywriting import offer_in_words, offers_in_words
from crm.fields import CENTS_PER_UNIT
from crm.journeys.house_rules import Promise
from crm.loyalty.models import OfferKind
from crm.loyalty.rules import NEEDS_COUPON
from crm.loyalty.service import find_coupon
from crm.outreach.spec import Benefits


def with_coupons(session: Session, brief: CampaignBrief, on: date) -> CampaignBrief:
    """The brief with the stocked coupon of each offer filled in, where there is one that is valid `on` that day."""
    offers = tuple(_with_coupon(session, offer, on) for offer in brief.offers)
    return brief.model_copy(update={"offers": offers})


def _with_coupon(session: Session, offer: Offer, on: date) -> Offer:
    if offer.coupon_code is not None:
        return offer
    found = find_coupon(
        session,
        offer.kind,
        value=_stored_value(offer),
        min_spend_cents=_cents(offer.min_spend),
        item=offer.item,
        on=on,
    )
    return offer if found is None else offer.model_copy(update={"coupon_code": found.code})


def benefits_of(brief: CampaignBrief, currency: str) -> Benefits:
    """What the journey grants and says, from a brief with its coupons filled in."""
    return Benefits(
        words=offers_in_words(brief.offers, brief.language, currency),
        coupon_codes=tuple(dict.fromkeys(offer.coupon_code for offer in brief.offers if offer.coupon_code is not None)),
        unbacked=tuple(offer_in_words(offer, brief.language, currency) for offer in unbacked(brief.offers)),
    )


def promises_of(brief: CampaignBrief) -> tuple[Promise, ...]:
    """The offers as the rules of the house read them."""
    return tuple(
        Promise(offer.kind, offer.value, offer.min_spend, offer.currency, offer.coupon_code) for offer in brief.offers
    )


def unbacked(offers: Sequence[Offer]) -> list[Offer]:
    """Offers that need a coupon and have none."""
    return [offer for offer in offers if offer.kind in NEEDS_COUPON and offer.coupon_code is None]


def _stored_value(offer: Offer) -> int | None:
    if offer.value is None:
        return None
    return _cents(offer.value) if offer.kind is OfferKind.AMOUNT_OFF else int(offer.value)


def _cents(amount: Decimal | None) -> int | None:
    return None if amount is None else int(amount * CENTS_PER_UNIT)
