"""No promise without a benefit: what texts promise must be attached to the campaign as an offer."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from crm.campaigns.brief import Copy, Offer
from crm.errors import InvalidRequest
from crm.loyalty.models import OfferKind
from crm.outreach.wording import OFFER_FIELDS, fields_of

_NUMBER = r"(\d+(?:[.,]\d+)?)"
_CLAIMS: tuple[tuple[OfferKind, str], ...] = (
    (OfferKind.PERCENT_OFF, rf"{_NUMBER}\s*(?:%|percent)\s*(?:off|discount|优惠)"),
    (OfferKind.PERCENT_OFF, rf"save\s+(?:up\s+to\s+)?{_NUMBER}\s*(?:%|percent)"),
    (OfferKind.AMOUNT_OFF, rf"[¥￥$€£]\s*{_NUMBER}\s*(?:off|discount|coupon|voucher|优惠券|代金券|券)"),
    (OfferKind.AMOUNT_OFF, rf"{_NUMBER}\s*(?:yuan|元)\s*(?:off|coupon|voucher|优惠券|代金券|券)"),
    (OfferKind.AMOUNT_OFF, rf"减\s*[¥￥]?\s*{_NUMBER}"),
    (OfferKind.POINTS_BONUS, rf"{_NUMBER}\s*(?:bonus\s+|extra\s+)?(?:points|积分)"),
    (OfferKind.POINTS_MULTIPLIER, rf"{_NUMBER}\s*(?:x|×|倍)\s*(?:points|积分)"),
    (OfferKind.FREE_SHIPPING, r"free\s+(?:shipping|delivery)|包邮|免运费"),
    (OfferKind.GIFT, r"free\s+(?:gift|sample)|gift\s+for\s+free|赠品|免费礼品|送礼"),
)
_ZHE = re.compile(r"(\d(?:\.\d)?|\d{2})\s*折")
_MULTIPLES = {"double": Decimal(2), "triple": Decimal(3), "双倍": Decimal(2), "三倍": Decimal(3)}
_MULTIPLE = re.compile(r"(double|triple)\s+points|(双倍|三倍)积分", re.IGNORECASE)


@dataclass(frozen=True)
class Claim:
    """Something that a text promises."""

    kind: OfferKind
    value: Decimal | None
    words: str


def claims_in(text: str) -> list[Claim]:
    """The promises that a text makes in so many words."""
    return list(_claims(text))


def _claims(text: str) -> Iterator[Claim]:
    for kind, pattern in _CLAIMS:
        for match in re.finditer(pattern, text, re.IGNORECASE):
            value = Decimal(match[1].replace(",", "")) if match.lastindex else None
            yield Claim(kind, value, match[0].strip())
    for match in _ZHE.finditer(text):
        kept = Decimal(match[1])
        yield Claim(OfferKind.PERCENT_OFF, 100 - (kept * 10 if kept < 10 else kept), match[0])
    for match in _MULTIPLE.finditer(text):
        yield Claim(OfferKind.POINTS_MULTIPLIER, _MULTIPLES[match[match.lastindex or 0].casefold()], match[0])


def check_copy(copies: Sequence[Copy], offers: Sequence[Offer]) -> None:
    """Raises InvalidRequest for an unknown field and for a promise that no attached offer keeps."""
    for copy in copies:
        for text in (copy.subject, copy.body):
            if text is None:
                continue
            promised = fields_of(text) & OFFER_FIELDS
            if promised and not offers:
                field = min(promised)
                raise InvalidRequest(
                    f"the {copy.channel} text names {{{{ {field} }}}}, but the campaign has no offer; attach one first"
                )
            for claim in claims_in(text):
                if not any(_keeps(offer, claim) for offer in offers):
                    raise InvalidRequest(
                        f"the {copy.channel} text promises “{claim.words}”, but no such offer is attached; "
                        "attach the offer or change the text"
                    )


def _keeps(offer: Offer, claim: Claim) -> bool:
    return offer.kind is claim.kind and (claim.value is None or offer.value == claim.value)
