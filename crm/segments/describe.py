"""Reads a definition back in plain words: complete, unambiguous, with every relative day as a date."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from crm.fields import Field, Kind, Op
from crm.members.fields import ME
from crm.segments.days import DayRange, FixedPeriod, RelativeDay
from crm.segments.definition import AllOf, Condition, Definition, Node, Not, Term, conditions_of
from crm.segments.fields import SEGMENT
from crm.segments.phrases import PHRASES, Language, Phrases
from crm.segments.scope import SegmentScope
from crm.words import Text

CURRENCY_SIGNS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}


def describe(definition: Definition, scope: SegmentScope, *, language: Language = "en") -> str:
    """The segment in words. Definitions that can differ in their members differ in their words."""
    reader = _Reader(scope, language)
    phrases = reader.phrases
    words = phrases.everyone
    if definition.root != AllOf():
        words = phrases.members.format(conditions=reader.node(definition.root, is_inner=False))
    if scope.row_owner_id is not None:
        words = phrases.own_members.format(segment=words)
    if definition.order_by is not None:
        order = phrases.order[definition.order_by.term.field.kind][definition.order_by.direction]
        words += order.format(subject=reader.subject(definition.order_by.term))
    if definition.limit is not None:
        words += phrases.limit.format(limit=f"{definition.limit:,}")
    if definition.limit_percent is not None:
        words += phrases.limit_percent.format(percent=definition.limit_percent)
    return words + phrases.as_of.format(day=scope.today) if scope.as_of else words


def describe_condition(node: Node, scope: SegmentScope, *, language: Language = "en") -> str:
    """One condition, or a part of a tree, in words."""
    return _Reader(scope, language).node(node, is_inner=False)


class _Reader:
    """Puts the parts of a definition into the words of one language, as seen on one day."""

    def __init__(self, scope: SegmentScope, language: Language) -> None:
        self.scope = scope
        self.language = language
        self.phrases: Phrases = PHRASES[language]

    def node(self, node: Node, *, is_inner: bool) -> str:
        if isinstance(node, Condition):
            return self._condition(node)
        if isinstance(node, Not):
            return self._negation(node)
        if not node.parts:
            return self.phrases.everyone
        parts = [self.node(part, is_inner=is_inner or len(node.parts) > 1) for part in node.parts]
        joined = (self.phrases.both if isinstance(node, AllOf) else self.phrases.either).join(parts)
        return f"({joined})" if is_inner and len(parts) > 1 else joined

    def _negation(self, node: Not) -> str:
        words = self.phrases.negation.format(condition=self.node(node.part, is_inner=False))
        fields = dict.fromkeys(condition.field for condition in conditions_of(node))
        labels = [self._in_language(field.label) for field in fields if _can_be_unknown(field)]
        return words + self.phrases.missing_note.format(labels=self.phrases.or_word.join(labels)) if labels else words

    def _condition(self, condition: Condition) -> str:
        field, op = condition.field, condition.op
        subject = self.subject(condition.term)
        if op is Op.KNOWN:
            return self.phrases.known[bool(condition.value)].format(subject=subject)
        words = self.phrases.sentences[field.kind][op].format(subject=subject, value=self._value(condition))
        keeps_missing = field.kind is Kind.CHOICE and field.missing is not None and op in (Op.NOT_IN, Op.NE)
        return words + self.phrases.or_missing if keeps_missing else words

    def subject(self, term: Term) -> str:
        """The field, the rows of it that count, and when."""
        names = {qualifier.name: qualifier for qualifier in term.field.qualifiers}
        qualifiers = "".join(
            self.phrases.qualifier.format(
                name=self._in_language(names[name].text), words=self._words(words, names[name].values_zh)
            )
            for name, words in term.qualifiers
        )
        return self._in_language(term.field.label) + qualifiers + self._window(term)

    def _window(self, term: Term) -> str:
        window = term.window
        if window is None:
            return self.phrases.lifetime if term.field.has_windows else ""
        days = window.days(self.scope.today)
        if isinstance(window, FixedPeriod):
            return self._fixed_period(days)
        return self.phrases.last[window.unit].format(amount=window.amount, first=days.first, last=days.last)

    def _fixed_period(self, days: DayRange) -> str:
        if days.first is None:
            return self.phrases.until.format(last=days.last)
        if days.last is None:
            return self.phrases.since.format(first=days.first, today=self.scope.today)
        return self.phrases.from_to.format(first=days.first, last=days.last)

    def _value(self, condition: Condition) -> str:
        value: Any = condition.value
        if isinstance(value, bool):
            return self.phrases.flags[value == (condition.op is Op.EQ)]
        if condition.field.kind in (Kind.CHOICE, Kind.SET, Kind.MEMBERSHIP):
            return self._versions(condition, self._words(value or (), condition.field.values_zh))
        if isinstance(value, tuple):
            low, high = (self._single(condition.field, end) for end in value)
            return self.phrases.range.format(low=low, high=high)
        return f"{value}%" if condition.op is Op.TOP_PERCENT else self._single(condition.field, value)

    def _versions(self, condition: Condition, words: str) -> str:
        """The words with the versions of saved segments that were written down."""
        frozen = self.scope.frozen
        if frozen is None or condition.field.name != SEGMENT or not isinstance(condition.value, tuple):
            return words
        named = ((_quoted(str(name)), frozen.by_name.get(str(name))) for name in condition.value)
        shown = (
            name if base is None else self.phrases.version.format(name=name, number=base.version)
            for name, base in named
        )
        return self.phrases.or_word.join(shown)

    def _single(self, field: Field, value: Any) -> str:
        if isinstance(value, RelativeDay):
            day = value.on(self.scope.today)
            return self.phrases.ago[value.unit].format(day=day, amount=value.amount)
        if field.kind is not Kind.NUMBER:
            return str(value)
        if not field.is_money:
            return f"{value:,}"
        amount = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
        sign = CURRENCY_SIGNS.get(self.scope.currency)
        return f"{sign}{amount}" if sign else f"{amount} {self.scope.currency}"

    def _words(self, words: tuple[str, ...], chinese: Mapping[str, str]) -> str:
        translated = chinese if self.language == "zh" else {}
        taken = frozenset(translated.values())
        shown = (self.phrases.me if word == ME else translated.get(word, _quoted(word, taken)) for word in words)
        return self.phrases.or_word.join(shown)

    def _in_language(self, text: Text) -> str:
        return text.in_language(self.language)


_WORDS_OF_THE_SENTENCE = frozenset({"or", "and", "not", "me", "known", "unknown", "我"})


def _quoted(word: str, taken: Collection[str] = ()) -> str:
    """A word that could be taken for part of the sentence, or for another word's translation, stands in quotes."""
    is_plain = word.replace("-", "").replace("_", "").isalnum()
    is_taken = word in taken or word.lower() in _WORDS_OF_THE_SENTENCE
    return word if is_plain and not is_taken else json.dumps(word, ensure_ascii=False)


def _can_be_unknown(field: Field) -> bool:
    return field.missing is not None and field.kind is not Kind.CHOICE
