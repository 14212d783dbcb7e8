"""What a brief must fulfil before it is stored: decisions on values alone."""

from collections.abc import Collection
from datetime import date, datetime, time

from crm.campaigns.brief import CampaignBrief
from crm.errors import InvalidRequest
from crm.loyalty.models import OfferKind

_TITLES = {"en": "Campaign", "zh": "活动"}


def start_has_passed(start: datetime | None, local_now: datetime) -> bool:
    """Whether a start lies in the past. Today without a time (midnight) means at once, and so does none."""
    now = local_now.replace(tzinfo=None, second=0, microsecond=0)
    today = datetime.combine(now.date(), time.min)
    return start is not None and start < now and start != today


def check_start(brief: CampaignBrief, local_now: datetime) -> None:
    """Raises InvalidRequest for a start that has passed."""
    if not start_has_passed(brief.start, local_now):
        return
    raise InvalidRequest(
        f"the start {brief.start:%Y-%m-%d %H:%M} lies in the past; it is {local_now:%Y-%m-%d %H:%M} now", path="start"
    )


def check_percents(brief: CampaignBrief) -> None:
    """Raises InvalidRequest for a percentage between 0 and 1: nobody can tell a tenth from a thousandth in it."""
    if 0 < brief.holdout_pct < 1:
        raise InvalidRequest(_which_percent("a holdout", brief.holdout_pct), path="holdout_pct")
    for offer in brief.offers:
        if offer.kind is OfferKind.PERCENT_OFF and offer.value is not None and offer.value < 1:
            raise InvalidRequest(_which_percent("a discount", float(offer.value)), path="offers")


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
    """The tiers that a definition asks for, as far as it says so plainly."""
    if isinstance(node, dict):
        if node.get("field") == "tier" and node.get("op") in ("in", "="):
            value = node.get("value")
            return [str(tier) for tier in (value if isinstance(value, list) else [value])]
        return [tier for part in node.get("all", ()) for tier in _tiers(part)]
    return []
