"""Sentences of the reports in both languages of the product, and how numbers are written in them."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

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


def day_words(day: date) -> str:
    return day.isoformat()
