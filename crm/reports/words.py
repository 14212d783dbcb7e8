"""Sentences of the reports in both languages of the product, and how numbers are written in them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from crm.channels import CHANNELS

Language = Literal["en", "zh"]

CURRENCY_SIGNS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


class Words(BaseModel):
    """One sentence, written by code in English and in Chinese."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str
    zh: str

    def in_language(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


def money_words(cents: float, currency: str) -> str:
    """Minor units as people write them: `¥1,234.50`; whole units from 10,000 on, where cents are noise."""
    amount = abs(cents) / 100
    digits = 0 if amount >= 10_000 else 2
    written = f"{amount:,.{digits}f}"
    sign = "-" if cents < 0 and float(written.replace(",", "")) != 0 else ""
    return f"{sign}{CURRENCY_SIGNS.get(currency, currency + ' ')}{written}"


def share_words(share: float) -> str:
    """0.1234 as `12.3%`."""
    return f"{share * 100:.1f}%"


def points_words(difference: float) -> str:
    """A difference of two shares in percentage points: 0.012 as `+1.2 pp`."""
    return f"{difference * 100:+.1f} pp"


def signed_money_words(cents: float, currency: str) -> str:
    """Like `money_words`, with a plus sign for gains: effects are differences."""
    written = money_words(cents, currency)
    return written if written.startswith("-") else f"+{written}"


CHANNEL_WORDS = {channel.value: Words(en=traits.short.en, zh=traits.words.zh) for channel, traits in CHANNELS.items()}


def channel_words(channel: str) -> Words:
    return CHANNEL_WORDS.get(channel, Words(en=channel, zh=channel))


REASON_WORDS = {
    "suppressed": Words(en="on the blacklist", zh="黑名单"),
    "no_consent": Words(en="no consent or unsubscribed", zh="未同意或已退订"),
    "unreachable": Words(en="no usable address", zh="无可用地址"),
    "duplicate_person": Words(en="same person twice", zh="同一人重复"),
    "duplicate_address": Words(en="same address twice", zh="同一地址重复"),
    "frequency_cap": Words(en="frequency cap reached", zh="达到频次上限"),
    "too_late": Words(en="due too long ago", zh="超过发送时限"),
    "no_stock": Words(en="benefit out of stock", zh="权益库存不足"),
    "campaign_paused": Words(en="too late because of a pause", zh="暂停期间错过时间"),
}


def reason_words(reason: str) -> Words:
    return REASON_WORDS.get(reason, Words(en=reason, zh=reason))
