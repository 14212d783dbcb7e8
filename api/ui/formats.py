"""Figures, moments and states in words. Pages show nothing that has not passed through here."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from crm import channels

_SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "HKD": "HK$", "SGD": "S$"}
MISSING = "–"
_ABBREVIATIONS = {"csm", "vip", "sms"}

REASONS = {
    "suppressed": "On the blacklist",
    "no_consent": "No consent for this channel",
    "unreachable": "No usable address",
    "duplicate_person": "Same person twice",
    "duplicate_address": "Same address twice",
    "frequency_cap": "Heard from us too often",
    "too_late": "Too late to send",
    "holdout": "Kept back as holdout",
    "no_stock": "Benefit out of stock",
    "campaign_paused": "Too late because of a pause",
    "cancelled": "Campaign cancelled",
    "left_journey": "Left the journey first",
    "quiet_hours": "Waits for the end of quiet hours",
    "asked_to_wait": "Provider asked to wait",
}
CHANNELS = {channel.value: traits.label for channel, traits in channels.CHANNELS.items()} | {
    channels.PREFERRED: "Preferred channel"
}


def count(value: float | None) -> str:
    if value is None:
        return MISSING
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share of 0 to 1 as a percentage."""
    return MISSING if share is None else f"{share * 100:.{digits}f}%"


def money(cents: float | None, currency: str) -> str:
    """Minor units as an amount; cents are shown only where there are some."""
    if cents is None:
        return MISSING
    amount = Decimal(str(cents)) / 100
    symbol = _SYMBOLS.get(currency, f"{currency} ")
    digits = 0 if amount == amount.to_integral() or abs(amount) >= 10_000 else 2
    sign = "-" if amount < 0 else ""
    return f"{sign}{symbol}{abs(amount):,.{digits}f}"


def as_moment(value: datetime | str | None) -> datetime | None:
    """A moment from a payload's ISO text; text without a zone is UTC."""
    if value is None or value == "":
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def moment(value: datetime | str | None, zone: ZoneInfo) -> str:
    at = as_moment(value)
    if at is None:
        return MISSING
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y %H:%M}"


def day(value: date | str | None) -> str:
    if value is None or value == "":
        return MISSING
    on = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return f"{on:%a} {on.day} {on:%b %Y}"


def short_day(value: date | str) -> str:
    on = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return f"{on.day} {on:%b}"


def words(code: str) -> str:
    """`awaiting_approval` as `Awaiting approval`."""
    if code in _ABBREVIATIONS:
        return code.upper()
    return code.replace("_", " ").replace(".", " ").strip().capitalize()


def reason(code: str) -> str:
    return REASONS.get(code, words(code))


def channel(code: str) -> str:
    return CHANNELS.get(code, words(code))


def initials(name: str) -> str:
    """Two letters for a Latin name, one character for a Chinese one."""
    parts = name.split()
    if not parts:
        return "?"
    if not parts[0].isascii():
        return parts[0][0]
    return "".join(part[0] for part in (parts[0], parts[-1])[: len(parts)]).upper()


def plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def count_noun(number: int, noun: str) -> str:
    """The noun that stands below a number."""
    return noun if number == 1 else f"{noun}s"


def duration(seconds: float) -> str:
    """`8 ms`, `1.4 s`, `2 min`."""
    if seconds < 1:
        return f"{max(1, round(seconds * 1000))} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.0f} min"


def age(seconds: float) -> str:
    """`just now`, `40 s ago`, `3 min ago`, `5 h ago`, `12 days ago`."""
    if seconds < 5:
        return "just now"
    for size, unit in ((86_400, "day"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {count_noun(number, unit) if unit == 'day' else unit} ago"
    return f"{int(seconds)} s ago"


def change(difference: int | None) -> str:
    """What became of a number within a week."""
    if difference is None:
        return "new this week"
    return f"{difference:+,} in a week" if difference else "as a week ago"


def measure(value: float | None, unit: str, currency: str) -> str:
    """A metric's value by its unit (`crm.reports.blocks.Unit`)."""
    if value is None:
        return MISSING
    if unit == "share":
        return percent(value)
    if unit == "share_difference":
        return f"{value * 100:+.1f} pp"
    if unit == "money_cents":
        return money(value, currency)
    if unit == "ratio":
        return f"{value:,.2f}×"
    return count(value)


def interval(low: float | None, high: float | None, unit: str, currency: str) -> str:
    """The 95% interval in words, empty where there is none."""
    if low is None or high is None:
        return ""
    return f"95% interval {measure(low, unit, currency)} to {measure(high, unit, currency)}"


def capitalised(words: str) -> str:
    """With its first letter in upper case; the rest as it is."""
    return f"{words[:1].upper()}{words[1:]}"


def sentence(words: str) -> str:
    """An error's message as a sentence."""
    return f"{capitalised(words)}{'' if words.endswith(('.', '!', '?', '。')) else '.'}"
