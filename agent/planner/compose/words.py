"""How answers write numbers, money, days and lists in English and Chinese."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.planner.language import Language
from crm.reports.words import Words, channel_words, money_words, reason_words, share_words
from tools.fence import unfence

_MARKS = re.compile(r"[*`\\]")
"""Of Markdown; what could be a link or a tag is made harmless where answers are drawn."""

_PREFERRED = Words(en="each member's preferred channel", zh="各自偏好的渠道")
_MORE_REASONS = {
    "holdout": Words(en="held out for measuring", zh="对照组"),
    "cancelled": Words(en="campaign cancelled", zh="活动已取消"),
}
STATES: dict[Language, dict[str, str]] = {
    "en": {
        "draft": "a draft",
        "awaiting_approval": "waiting for approval",
        "scheduled": "scheduled",
        "running": "running",
        "paused": "paused",
        "completed": "completed",
        "cancelled": "cancelled",
    },
    "zh": {
        "draft": "草稿",
        "awaiting_approval": "待审批",
        "scheduled": "已排期",
        "running": "进行中",
        "paused": "已暂停",
        "completed": "已完成",
        "cancelled": "已取消",
    },
}


def typed(value: object) -> str:
    """What somebody typed, as it reads within an answer: without fences, and its stars and backticks are no marks."""
    return _MARKS.sub(r"\\\g<0>", unfence(str(value)))


@dataclass(frozen=True)
class Voice:
    """The language of an answer and the ways to write things in it."""

    language: Language
    zone: ZoneInfo
    currency: str

    def say(self, en: str, zh: str) -> str:
        return zh if self.language == "zh" else en

    def count(self, number: float, one: str, many: str, zh: str) -> str:
        """'1 member', '12 members', '12 位会员'."""
        if self.language == "zh":
            return f"{self.number(number)} {zh}"
        return f"{self.number(number)} {one if number == 1 else many}"

    def number(self, value: float) -> str:
        if float(value).is_integer():
            return f"{int(value):,}"
        return f"{value:,.2f}".rstrip("0").rstrip(".")

    def share(self, value: float | None) -> str:
        return self.say("not measured", "无数据") if value is None else share_words(value)

    def money(self, cents: float) -> str:
        return money_words(cents, self.currency).removesuffix(".00")

    def day(self, value: Any) -> str:
        """A local day, or a moment in the workspace's zone, as people write it; other text as it is."""
        text = str(value)
        try:
            if len(text) == len("2026-06-01"):
                return self._date(date.fromisoformat(text))
            moment = datetime.fromisoformat(text)
        except ValueError:
            return text
        local = moment.astimezone(self.zone) if moment.tzinfo else moment
        return f"{self._date(local.date())} {local:%H:%M}"

    def listed(self, parts: Iterable[str]) -> str:
        return self.say(", ", "、").join(parts)

    def channel(self, name: str) -> str:
        return (_PREFERRED if name == "preferred" else channel_words(name)).in_language(self.language)

    def state(self, name: str) -> str:
        return STATES[self.language].get(name, name.replace("_", " "))

    def standing(self, result: Mapping[str, Any]) -> str:
        """Where something that sends stands; once it has ended, why."""
        return self.state(str(result.get("end_reason") or result.get("state") or ""))

    def reason(self, name: str) -> str:
        return _MORE_REASONS.get(name, reason_words(name)).in_language(self.language)

    def words(self, value: Any) -> str:
        """Words that came as plain text or as {"en": .., "zh": ..}."""
        if isinstance(value, Mapping):
            return typed(value.get(self.language) or value.get("en") or "")
        return typed(value)

    def _date(self, day: date) -> str:
        if self.language == "zh":
            return f"{day.year}年{day.month}月{day.day}日"
        return f"{day:%a} {day.day} {day:%b %Y}"
