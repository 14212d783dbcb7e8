"""The one set of rules for whatever sends, campaign or journey: offers behind promises, ceilings, coupons that hold.

Pure but for `outgoing_of` and `require_obeyed`, which read what the coupons give. Who may use sensitive fields stands
in `crm/access/sensitive.py`; the way out that each message carries is written by `letter.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.policy import Policy, get_policy
from crm.access.uses import Thing
from crm.errors import CrmError, InvalidRequest
from crm.fields import CENTS_PER_UNIT
from crm.journeys.offer_claims import Claim, claims_in, readings
from crm.loyalty.models import Coupon, OfferKind
from crm.outreach.priority import Priority
from crm.outreach.spec import Benefits, JourneySpec
from crm.outreach.template import OFFER_FIELDS, fields_of
from crm.workspace import get_workspace

_WITHOUT_COUPON = frozenset({OfferKind.POINTS_BONUS, OfferKind.POINTS_MULTIPLIER})
"""Credited by the points ledger: saying that they are offered is enough."""


_MAY_BE_A_COUPON = frozenset({OfferKind.PERCENT_OFF, OfferKind.AMOUNT_OFF, OfferKind.FREE_SHIPPING, OfferKind.GIFT})

COUPON_KIND = "coupon"
"""As a thing that something builds on."""


@dataclass(frozen=True)
class Promise:
    """One benefit that is attached. Values are percent, money in whole units, points or a factor, by kind."""

    kind: OfferKind
    value: Decimal | None = None
    min_spend: Decimal | None = None
    currency: str | None = None
    """None: that of the workspace."""
    coupon_code: str | None = None


@dataclass(frozen=True)
class CouponTerms:
    """A stocked coupon and what it gives by itself, whatever is said of it."""

    gives: Promise
    available: int
    valid_until: date | None


@dataclass(frozen=True)
class OutgoingText:
    """One subject, body or line of offers, with what its step brings."""

    path: str
    place: str
    """In words, e.g. `the sms text`."""
    template: str
    language: str
    offer_words: str
    codes: str
    promises: tuple[Promise, ...]


@dataclass(frozen=True)
class Outgoing:
    """Everything of a campaign or journey that the rules look at."""

    texts: tuple[OutgoingText, ...]
    offers: tuple[Promise, ...]
    """Attached to a campaign as offers; a journey has its coupons alone."""
    coupons: tuple[CouponTerms, ...]
    currency: str
    is_service: bool = False
    """Sent as what members need to know: no cap holds it back, and it has no way to opt out."""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, or worth knowing: where, and in a sentence."""

    path: str
    sentence: str
    candidates: tuple[str, ...] = ()
    """What may have been meant."""
    error: type[CrmError] = InvalidRequest
    """What it is refused with."""


def findings(outgoing: Outgoing, max_discount_percent: int) -> tuple[Finding, ...]:
    """Everything that keeps it from being sent, whenever that may be; empty when nothing does."""
    return _findings(outgoing, max_discount_percent)


@lru_cache(maxsize=256)
def _findings(outgoing: Outgoing, max_discount_percent: int) -> tuple[Finding, ...]:
    """Kept: running journeys are asked in every turn of the engine."""
    found = [
        *_of_discounts(outgoing, max_discount_percent),
        *_of_offers(outgoing),
        *_of_service(outgoing),
        *(finding for text in outgoing.texts for finding in _of_text(text, outgoing.currency)),
    ]
    return tuple(dict.fromkeys(found))


def stock_findings(outgoing: Outgoing, first_day: date, last_day: date) -> tuple[Finding, ...]:
    """Coupons of which nothing is left on the first day of sending, or that do not last until the last one."""
    return tuple(_of_stock(outgoing, first_day, last_day))


def _of_stock(outgoing: Outgoing, first_day: date, last_day: date) -> Iterator[Finding]:
    for terms in outgoing.coupons:
        code = terms.gives.coupon_code
        if terms.valid_until is not None and terms.valid_until < last_day:
            when = f"is valid until {terms.valid_until}, before the last message of {last_day}"
            yield Finding("offers", f"the coupon {code} {when}; take one that lasts, or send earlier")
        elif terms.available <= 0:
            yield Finding("offers", f"nothing is left of the coupon {code} for {first_day}; add stock or take another")


def _of_discounts(outgoing: Outgoing, most: int) -> Iterator[Finding]:
    for offer in (*outgoing.offers, *(terms.gives for terms in outgoing.coupons)):
        percent = discount_percent(offer)
        if percent is not None and percent > most:
            whose = f" (coupon {offer.coupon_code})" if offer not in outgoing.offers else ""
            yield Finding(
                "offers",
                f"a discount of {float(percent):g}%{whose} is above the ceiling of {most}%; "
                "lower it, or ask an administrator to change the policy",
            )


def discount_percent(offer: Promise) -> Decimal | None:
    """What an offer takes off; of an amount its share of the lowest order, None where it has none to compare with."""
    if offer.kind is OfferKind.PERCENT_OFF:
        return offer.value
    if offer.kind is OfferKind.AMOUNT_OFF and offer.value is not None and offer.min_spend:
        return 100 * offer.value / offer.min_spend
    return None


def _of_offers(outgoing: Outgoing) -> Iterator[Finding]:
    """A coupon keeps what the offer in front of it says."""
    given = {terms.gives.coupon_code: terms.gives for terms in outgoing.coupons}
    for offer in outgoing.offers:
        if offer.currency not in (None, outgoing.currency):
            sentence = f"the offer is in {offer.currency}, but coupons are in {outgoing.currency}; give it in that"
            yield Finding("offers", sentence)
        coupon = given.get(offer.coupon_code)
        if coupon is None or offer.coupon_code is None:
            continue
        keeps_value = offer.value is None or coupon.value == offer.value
        if coupon.kind is not offer.kind or not keeps_value or (coupon.min_spend or 0) > (offer.min_spend or 0):
            yield Finding("offers", f"the coupon {offer.coupon_code} does not give what the offer says; take another")


def _of_service(outgoing: Outgoing) -> Iterator[Finding]:
    """What sells is no service, whatever it is called: members can have enough of it, and opt out of it."""
    if not outgoing.is_service:
        return
    sells = [f"the coupon {terms.gives.coupon_code}" for terms in outgoing.coupons]
    sells += ["an offer"] if outgoing.offers else []
    for text in outgoing.texts:
        sells += [f"“{text.offer_words}”"] if text.offer_words else []
        sells += _selling_words(text)
    if sells:
        yield Finding(
            "priority",
            f"it is sent as service, but it sells: {', '.join(dict.fromkeys(sells))}; "
            "give it the priority campaign or care, or take the offer out",
        )


def _selling_words(text: OutgoingText) -> list[str]:
    try:
        found = ["suggested products"] if "goods" in fields_of(text.template) else []
        claims = [claim for reading in readings(text.template, text.language) for claim in claims_in(reading)]
    except InvalidRequest:
        return []  # said of the text itself
    return found + [f"“{claim.words}”" for claim in claims]


def _of_text(text: OutgoingText, currency: str) -> Iterator[Finding]:
    try:
        named = fields_of(text.template) & OFFER_FIELDS
    except InvalidRequest as error:
        yield Finding(text.path, error.message)
        return
    if named and not text.promises and not text.offer_words:
        sentence = f"{text.place} names {{{{ {min(named)} }}}}, but the campaign has no offer; attach one first"
        yield Finding(text.path, sentence)
    broken: dict[str, None] = {}
    for reading in readings(text.template, text.language, offer=text.offer_words, code=text.codes):
        for claim in claims_in(reading):
            if not any(_keeps(promise, claim, currency) for promise in text.promises):
                broken[claim.words] = None
    for words in broken:
        yield Finding(
            text.path,
            f"{text.place} promises “{words}”, but no such offer is attached; attach the offer or change the text",
        )


def _keeps(promise: Promise, claim: Claim, currency: str) -> bool:
    if claim.kind is None:
        return promise.coupon_code is not None or promise.kind in _MAY_BE_A_COUPON
    if promise.kind is not claim.kind or (claim.value is not None and promise.value != claim.value):
        return False
    return claim.currency in (None, promise.currency or currency)


def outgoing_of(session: Session, spec: JourneySpec, offers: Sequence[Promise] | None = None) -> Outgoing:
    """What a journey, or the journey of a campaign, would send. `offers` are those attached to a campaign; without
    them a step offers what its coupons give, and points of which its benefits speak."""
    given = _coupons(session, codes_of(spec))
    texts = [text for index in range(len(spec.steps)) for text in _texts(spec, index, given, offers)]
    if offers is None:
        texts += _words_of_benefits(spec, given)
    currency, is_service = get_workspace(session).currency, spec.priority is Priority.SERVICE
    return Outgoing(tuple(texts), tuple(offers or ()), tuple(given.values()), currency, is_service)


def _texts(
    spec: JourneySpec, index: int, given: dict[str, CouponTerms], offers: Sequence[Promise] | None
) -> Iterator[OutgoingText]:
    step = spec.steps[index]
    if step.kind != "send":
        return
    benefits = spec.benefits_of(step)
    promises = tuple(_promises(benefits, given) if offers is None else offers)
    for number, wording in enumerate(step.wordings):
        for name, template in (("subject", wording.subject), ("body", wording.body)):
            if template:
                yield OutgoingText(
                    path=f"steps[{index}].wordings[{number}].{name}",
                    place=f"the {wording.channel} text",
                    template=template,
                    language=spec.language,
                    offer_words=benefits.words,
                    codes=", ".join(benefits.coupon_codes),
                    promises=promises,
                )


def _words_of_benefits(spec: JourneySpec, given: dict[str, CouponTerms]) -> Iterator[OutgoingText]:
    named = [("benefits", spec.benefits)]
    named += [(f"steps[{index}].benefits", step.benefits) for index, step in enumerate(spec.steps)
              if step.kind == "send" and step.benefits is not None]  # fmt: skip
    for path, benefits in named:
        if benefits.words:
            template = "{{ offer }}"
            promises = tuple(_promises(benefits, given))
            yield OutgoingText(
                f"{path}.words", "the offer in words", template, spec.language, benefits.words, "", promises
            )


def _promises(benefits: Benefits, given: dict[str, CouponTerms]) -> Iterator[Promise]:
    yield from (given[code].gives for code in benefits.coupon_codes if code in given)
    said = [claim for claim in claims_in(benefits.words) if claim.kind in _WITHOUT_COUPON]
    # What is known to have no stock is sent to nobody.
    said += [claim for words in benefits.unbacked for claim in claims_in(words)]
    yield from (Promise(claim.kind, claim.value, currency=claim.currency) for claim in said if claim.kind is not None)


def codes_of(spec: JourneySpec) -> tuple[str, ...]:
    """The codes of all coupons that it grants."""
    benefits = (spec.benefits, *map(spec.benefits_of, spec.sends))
    return tuple(sorted({code for each in benefits for code in each.coupon_codes}))


def _coupons(session: Session, codes: Sequence[str]) -> dict[str, CouponTerms]:
    coupons = session.scalars(select(Coupon).where(Coupon.code.in_(codes)).order_by(Coupon.code)) if codes else ()
    return {coupon.code: _terms(coupon) for coupon in coupons}


def coupon_ids(session: Session, codes: Sequence[str]) -> list[Thing]:
    """The coupons of these codes, as things that something builds on."""
    ids = session.scalars(select(Coupon.id).where(Coupon.code.in_(codes))) if codes else ()
    return [(COUPON_KIND, coupon_id) for coupon_id in ids]


def _terms(coupon: Coupon) -> CouponTerms:
    value = None if coupon.value is None else Decimal(coupon.value)
    if value is not None and coupon.kind is OfferKind.AMOUNT_OFF:
        value /= CENTS_PER_UNIT
    spend = None if coupon.min_spend_cents is None else Decimal(coupon.min_spend_cents) / CENTS_PER_UNIT
    gives = Promise(coupon.kind, value, spend, coupon_code=coupon.code)
    return CouponTerms(gives, coupon.stock_total - coupon.reserved - coupon.issued, coupon.valid_until)


def broken_rules(
    session: Session, spec: JourneySpec, offers: Sequence[Promise] | None = None, *, policy: Policy | None = None
) -> tuple[Finding, ...]:
    """What a journey, or the journey of a campaign, breaks now."""
    return broken_by(outgoing_of(session, spec, offers), policy or get_policy(session))


def broken_by(outgoing: Outgoing, policy: Policy) -> tuple[Finding, ...]:
    # How much is left is no matter of these rules, and would have everything read again.
    lasting = replace(outgoing, coupons=tuple(replace(terms, available=0) for terms in outgoing.coupons))
    return findings(lasting, policy.max_discount_percent)


def require_obeyed(session: Session, spec: JourneySpec, offers: Sequence[Promise] | None = None) -> None:
    """Raises InvalidRequest with everything that it breaks, `path` that of the first."""
    _refuse(broken_rules(session, spec, offers))


def _refuse(found: Sequence[Finding]) -> None:
    if found:
        raise InvalidRequest("; ".join(dict.fromkeys(finding.sentence for finding in found)), path=found[0].path)
