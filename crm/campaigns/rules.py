"""What a brief must fulfil before it is stored: decisions on values alone."""

from collections.abc import Collection, Iterator
from datetime import date

from crm.campaigns.brief import CampaignBrief
from crm.errors import InvalidRequest
from crm.journeys.house_rules import Finding
from crm.loyalty.models import OfferKind

_TITLES = {"en": "Campaign", "zh": "活动"}


def percents_in_doubt(brief: CampaignBrief) -> Iterator[Finding]:
    """Percentages between 0 and 1: nobody can tell a tenth from a thousandth in them."""
    if 0 < brief.holdout_pct < 1:
        yield Finding("holdout_pct", _which_percent("a holdout", brief.holdout_pct))
    for offer in brief.offers:
        if offer.kind is OfferKind.PERCENT_OFF and offer.value is not None and offer.value < 1:
            yield Finding("offers", _which_percent("a discount", float(offer.value)))


def check_percents(brief: CampaignBrief) -> None:
    """Raises InvalidRequest for a percentage between 0 and 1."""
    for finding in percents_in_doubt(brief):
        raise InvalidRequest(finding.sentence, path=finding.path)


def _which_percent(what: str, value: float) -> str:
    return (
        f"{what} of {value:g}: is {value:g}% meant or {value * 100:g}%? "
        f"Percentages are numbers from 1 on, so {value * 100:g}% is {value * 100:g}"
    )


def automatic_name(brief: CampaignBrief, today: date, taken: Collection[str]) -> str:
    """A name from the goal, the tiers and the start, e.g. `Win-back platinum 5 Jun`; numbered when it is taken."""
    goal = brief.goal.strip().rstrip(".")
    words = goal if 0 < len(goal) <= 40 else _TITLES[brief.language]
    day = brief.start.date() if brief.start is not None else today
    shown = f"{day.month}月{day.day}日" if brief.language == "zh" else f"{day.day} {day:%b}"
    tiers = [tier for tier in _tiers(brief.audience) if tier.casefold() not in words.casefold()]
    name = " ".join([words[0].upper() + words[1:], *tiers, shown])[:70]
    numbers = (f"{name} ({number})" for number in range(2, len(taken) + 3))
    return next(each for each in (name, *numbers) if each not in taken)


def _tiers(node: object) -> list[str]:
    """The tiers that a definition asks for, as far as it says so plainly; of what is no definition none."""
    if not isinstance(node, dict):
        return []
    if node.get("field") == "tier" and node.get("op") in ("in", "="):
        value = node.get("value")
        return [tier for tier in (value if isinstance(value, list) else [value]) if isinstance(tier, str)]
    parts = node.get("all")
    return [tier for part in parts for tier in _tiers(part)] if isinstance(parts, list | tuple) else []
