"""Pieces of the sentences that say what a journey does. English and Chinese."""

from collections.abc import Mapping
from typing import Any

from crm.journeys.event_sources import Asked, event_of
from crm.journeys.template_texts import Language
from crm.outreach.spec import Duration, JourneySpec
from crm.segments.definition import parse_definition
from crm.segments.describe import describe
from crm.segments.scope import SegmentScope
from crm.words import Text


class Phrases:
    """How things are said of one journey in one language; `scope`: in which definitions are read."""

    def __init__(self, spec: JourneySpec, scope: SegmentScope, language: Language) -> None:
        self.spec, self.scope, self._language = spec, scope, language

    def text(self, words: Text) -> str:
        return words.in_language(self._language)

    def who(self, definition: Mapping[str, Any]) -> str:
        found = describe(parse_definition(definition, self.scope.catalog), self.scope, language=self._language)
        return found[:1].lower() + found[1:]

    def event(self, event: Asked) -> str:
        words = [self._narrowed(name, event) for name in event.events]
        joined = self.say(" or ", "或").join(words)
        return joined + (self.say(f" (step {event.step})", f"（步骤 {event.step}）") if event.step else "")

    def _narrowed(self, name: str, match: Asked) -> str:
        event = event_of(self.scope.catalog.events, name)
        asked = match.qualifiers
        for qualifier in event.qualifiers:
            if qualifier.name in asked:
                called = qualifier.value_words
                values = [
                    called[value].in_language(self._language) if value in called else value
                    for value in asked[qualifier.name]
                ]
                return qualifier.words.in_language(self._language).format(value=self.say(" or ", "或").join(values))
        return event.words.in_language(self._language)

    def length(self, length: Duration) -> str:
        parts = [(length.days, "day", "天"), (length.hours, "hour", "小时"), (length.minutes, "minute", "分钟")]
        return self.say(" ", "").join(self.counted(number, en, zh) for number, en, zh in parts if number)

    def days(self, number: int) -> str:
        return self.counted(number, "day", "天")

    def counted(self, number: int, en: str, zh: str) -> str:
        return self.say(f"{number} {en}{'' if number == 1 else 's'}", f"{number} {zh}")

    def listed(self, parts: list[str]) -> str:
        return self.say(", ", "、").join(parts)

    def say(self, en: str, zh: str) -> str:
        return zh if self._language == "zh" else en
