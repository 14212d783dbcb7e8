"""What an approval is bound to: one hash over everything that decides what members get and what it costs."""

import json
from hashlib import sha256

from crm.campaigns.audience import audience_json
from crm.campaigns.brief import CampaignBrief
from crm.campaigns.copywriting import complete_copy


def fingerprint(brief: CampaignBrief, audience_count: int) -> str:
    """SHA-256 over copy, audience definition and size, benefits, budget and schedule, for a brief with its coupons.

    Equal for briefs that do the same thing, different as soon as any of it changes.
    """
    data = brief.model_dump(mode="json")
    bound = {
        "name": data["name"],  # the random holdout is drawn by it
        "audience": audience_json(brief),
        "audience_count": audience_count,
        "copy": [copy.model_dump(mode="json") for copy in complete_copy(brief)],
        "language": data["language"],
        "offers": data["offers"],
        "budget_cents": data["budget_cents"],
        "priority": data["priority"],
        "schedule": {key: data[key] for key in ("start", "end", "steps", "channels")},
        "experiment": {key: data[key] for key in ("holdout_pct", "attribution_window_days")},
    }
    return sha256(json.dumps(bound, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
