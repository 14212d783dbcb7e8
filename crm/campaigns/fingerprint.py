"""What an approval is bound to: everything that decides what members get and what it costs, part by part."""

from typing import Any

from sqlalchemy.orm import Session

from crm.campaigns.brief import CampaignBrief, Copy
from crm.campaigns.copywriting import complete_copy
from crm.loyalty.service import coupon_terms

_PARTS = (
    "name",  # the random holdout is drawn by it
    "audience",
    "exclude_campaigns",
    "language",
    "offers",
    "budget_cents",
    "priority",
    "start",
    "end",
    "steps",
    "channels",
    "holdout_pct",
    "attribution_window_days",
)


def campaign_parts(session: Session, brief: CampaignBrief) -> dict[str, Any]:
    """The parts of a brief with its coupons, in JSON, with what the coupons give.

    Equal for briefs that do the same thing, different as soon as any of it changes.
    """
    codes = [offer.coupon_code for offer in brief.offers if offer.coupon_code is not None]
    return {**brief_parts(brief), "coupons": coupon_terms(session, codes)}


def brief_parts(brief: CampaignBrief) -> dict[str, Any]:
    data = brief.model_dump(mode="json")
    copies = {_place(copy): copy.model_dump(mode="json") for copy in complete_copy(brief)}
    return {**{part: data[part] for part in _PARTS}, "copy": copies}


def _place(copy: Copy) -> str:
    return f"{copy.step} by {copy.channel}, variant {copy.variant}"
