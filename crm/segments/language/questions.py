"""What the reader must ask: words without an agreed meaning, and conditions that lack their essential part."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crm.segments.language.clauses import Clause
from crm.segments.language.kinds import Entity, Kind
from crm.segments.language.selected import Selection

_OF_TIME = frozenset(
    {
        "recent",
        "recently",
        "lately",
        "often",
        "frequently",
        "rarely",
        "a while",
        "a while ago",
        "long time",
        "ages",
        "最近",
        "近期",
        "很久",
        "经常",
    }
)
"""Vague words of time: a period beside them says what they mean."""
_OF_PEOPLE_BEFORE = frozenset({Kind.HEAD, Kind.REFINE})
_AGENTS = ("buyer", "shopper", "spender", "purchaser", "客户", "spenders", "joiners", "subscriber")
_SILENT_VALUES = frozenset({Kind.VALUE, Kind.STOP, Kind.VAGUE, Kind.LEVEL, Kind.ME})
_LEVEL_FREE = frozenset({"churn_risk", "activity", "activity_trend"})

_WORDS = {
    "audience_definition": (
        "What makes a member “{words}”? For example a tier, spend or orders in a period, CLV or churn risk.",
        "“{words}”具体指什么？例如等级、某段时间的消费或订单、终身价值或流失风险。",
    ),
    "window": (
        "“{words}”: over which period? For example the last 30 days, this quarter, or since January.",
        "“{words}”指多长时间？例如近30天、本季度或1月以来。",
    ),
    "channel": (
        "“{words}”: on which channel — email, SMS or push?",
        "“{words}”：哪个渠道？邮件、短信还是推送？",
    ),
    "threshold": (
        "“{words}”: from which value on? For example CLV over 20,000 or at least 5,000 points.",
        "“{words}”：从多少算起？例如终身价值超过20000，或积分至少5000。",
    ),
    "day": (
        "There is no day “{words}”. Which day do you mean?",
        "没有“{words}”这一天，您指的是哪一天？",
    ),
    "order": (
        "The top {words} by what? For example spend this year, points or CLV.",
        "按什么取前{words}？例如今年消费、积分或终身价值。",
    ),
}


@dataclass(frozen=True)
class Question:
    """What the reader needs to know before it can answer: slots for programs, words for the person."""

    slots: tuple[str, ...]
    words: str


def ask(gaps: Iterable[tuple[str, str]], language: str) -> Question | None:
    """One question for all gaps, each a slot with the words it comes from."""
    found = dict(gaps)
    if not found:
        return None
    index = 1 if language == "zh" else 0
    return Question(tuple(found), " ".join(_WORDS[slot][index].format(words=words) for slot, words in found.items()))


def find_gaps(items: Sequence[Entity], empty: Sequence[Clause], chosen: Selection) -> list[tuple[str, str]]:
    """Slots that the words leave open, with those words."""
    has_order = chosen.order_by is not None or bool(chosen.group_by)
    gaps = [*_days_that_are_none(items), *_vague_words(items, has_order=has_order), *_incomplete(empty)]
    if chosen.limit_percent is not None and chosen.order_by is None:
        gaps.append(("order", f"{chosen.limit_percent:g}%"))
    return gaps


def _days_that_are_none(items: Sequence[Entity]) -> Iterable[tuple[str, str]]:
    return (("day", item.text) for item in items if item.kind is Kind.NO_DAY)


def _vague_words(items: Sequence[Entity], *, has_order: bool) -> Iterable[tuple[str, str]]:
    has_period = any(item.kind in (Kind.PERIOD, Kind.DURATION) for item in items)
    for index, item in enumerate(items):
        if item.kind is Kind.VAGUE and item.text in _OF_TIME:
            if not has_period:
                yield "window", item.text
        elif _is_bare_ranking(items, index) and not has_order and (noun := _noun_after(items, index)) is not None:
            yield "audience_definition", f"{item.text} {noun.text}".strip()


def _is_bare_ranking(items: Sequence[Entity], index: int) -> bool:
    """ "best customers", "top members", "most valuable clients"."""
    item = items[index]
    following = items[index + 1].kind if index + 1 < len(items) else None
    if item.kind is Kind.VAGUE:
        return True
    return item.kind in (Kind.TOP, Kind.SUPERLATIVE) and following is not Kind.NUMBER


def _noun_after(items: Sequence[Entity], index: int) -> Entity | None:
    """The noun for people that the word at `index` describes."""
    for item in items[index + 1 :]:
        if item.kind in _OF_PEOPLE_BEFORE:
            return item
        if item.kind is Kind.ANCHOR and item.text.startswith(_AGENTS):
            return item
        if item.kind not in _SILENT_VALUES or item.text in (".", "?", "!"):
            return None
    return None


def _incomplete(empty: Sequence[Clause]) -> Iterable[tuple[str, str]]:
    """Clauses that speak of a field and say too little."""
    for clause in empty:
        words = _spoken(clause)
        if clause.anchor == "silent" or clause.has(Kind.SINCE):
            yield "window", words
        elif clause.anchor in ("consent", "opt_out"):
            yield "channel", words
        elif clause.has(Kind.LEVEL) and clause.anchor is not None and clause.anchor not in _LEVEL_FREE:
            yield "threshold", words


def _spoken(clause: Clause) -> str:
    parts = sorted((e for e in clause.entities if e.kind is not Kind.STOP), key=lambda entity: entity.start)
    return " ".join(entity.text for entity in parts)


_CONTENT = frozenset({Kind.VALUE, Kind.PERIOD, Kind.COMPARISON, Kind.NUMBER, Kind.LEVEL, Kind.UNKNOWN})
_WEAK_ALONE = frozenset({"campaign", "message", "used", "tagged", "activity", "purchase", "tags"})
"""Anchors whose lonely mention asks for nothing: "draft a campaign for"."""


def unread_words(items: Sequence[Entity], empty: Sequence[Clause]) -> list[Entity]:
    """What carries meaning and found no place."""
    found = [item for item in items if item.kind is Kind.UNKNOWN]
    for clause in empty:
        for entity in clause.entities:
            is_bare_anchor = entity.kind is Kind.ANCHOR and entity.value not in _WEAK_ALONE
            if entity.kind in _CONTENT or is_bare_anchor:
                found.append(entity)
    return sorted({(entity.start, entity.end): entity for entity in found}.values(), key=lambda entity: entity.start)
