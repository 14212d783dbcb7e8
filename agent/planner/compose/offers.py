"""Offers in words, from the arguments or the brief of a campaign."""

from collections.abc import Iterable, Mapping
from typing import Any

from agent.planner.compose.words import Voice


def say_offers(voice: Voice, offers: Iterable[Mapping[str, Any]]) -> str:
    return voice.listed(_say_offer(voice, offer) for offer in offers)


def _say_offer(voice: Voice, offer: Mapping[str, Any]) -> str:
    kind, value = offer.get("kind"), offer.get("value")
    number = voice.number(float(value)) if value is not None else ""
    if kind == "percent_off":
        return voice.say(f"{number}% off", f"减{number}%")
    if kind == "amount_off":
        return _say_amount(voice, offer, voice.money(float(value or 0) * 100))
    if kind == "points_multiplier":
        return voice.say(f"{number}x points", f"{number}倍积分")
    if kind == "points_bonus":
        return voice.say(f"{number} bonus points", f"送{number}积分")
    if kind == "free_shipping":
        return voice.say("free shipping", "包邮")
    item = offer.get("item")
    return voice.say(f"a gift ({item})" if item else "a gift", f"赠品（{item}）" if item else "赠品")


def _say_amount(voice: Voice, offer: Mapping[str, Any], amount: str) -> str:
    least = offer.get("min_spend")
    if least is None:
        return voice.say(f"{amount} off", f"立减{amount}")
    spend = voice.money(float(least) * 100)
    return voice.say(f"{amount} off from {spend}", f"满{spend}减{amount}")
