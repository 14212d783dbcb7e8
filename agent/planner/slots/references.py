"""Which campaign a request means: by its name, a slip of it, a part of it ('the win-back'), or its number."""

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz

from agent.planner.slots.names import find_quoted
from agent.planner.slots.span import Span, is_free
from crm.channels import SENDABLE_CHANNELS

NEAR_NAME = 90
"""rapidfuzz score (0 to 100) from which a stretch of the text counts as a slip of a campaign's name."""
NEAR_WORD = 86
ENOUGH_OF_A_NAME = 0.3
"""Share of a name's weight that the text must hold to speak of that campaign in part."""
SHORTEST_SLIP = 8
"""Letters a name needs before a slip of it can be told from another word."""

_WORD = re.compile(r"[a-z0-9']+")
_DIGITS = re.compile(r"\d+")
_NUMBER = re.compile(
    r"(?:\bcampaign|\bdraft|活动)\s?(?:no\.?\s?|number\s|id\s?|#|编号)?\s?(?P<id>\d{1,6})\b(?!\s?%)"
    r"|#(?P<hash>\d{1,6})\b"
)
_CAPITALS = re.compile(r"(?<=[a-z] )[A-Z][\w'-]+(?: (?:[A-Z][\w'-]*|\d+))+")
"""Two or more capitalised words after a word that is not one of them."""
_GENERIC = frozenset({"campaign", "the", "a", "of", "and", "for", "week", "day", "up", "you", *SENDABLE_CHANNELS})


@dataclass(frozen=True)
class CampaignMention:
    """A campaign that the text names outright."""

    reference: str
    span: Span


def find_campaigns(text: str, names: Iterable[str]) -> tuple[CampaignMention, ...]:
    """Campaigns named in full, with slips of spelling or spacing forgiven, or by number; in the text's order."""
    found: list[CampaignMention] = []
    lowered = text.lower().replace("’", "'")
    by_length = sorted(set(names), key=lambda name: (-len(name), name))
    for find in (_find_name, _find_slip):
        for name in by_length:
            span = find(lowered, name.lower())
            if span is not None and is_free(span, found):
                found.append(CampaignMention(name, span))
    if not found:
        found.extend(
            CampaignMention(match.group("id") or match.group("hash"), Span(match.start(), match.end()))
            for match in _NUMBER.finditer(lowered)
        )
    return tuple(sorted(found, key=lambda each: each.span.start))


def guess_campaigns(text: str, names: Iterable[str]) -> tuple[str, ...]:
    """The campaigns that a part of the text fits best; several when it fits them equally, none when it fits none.

    A word that many names share weighs less, as in inverse document frequency.
    """
    words = [word for word in _WORD.findall(text.lower()) if word != "members"]
    names = tuple(names)
    counts = Counter(word for name in names for word in _name_words(name))
    scores = {name: _share_named(name, words, counts, len(names)) for name in names}
    named = {name: _words_named(name, words) for name in names if scores[name] >= ENOUGH_OF_A_NAME}
    # 'the gold win-back' is the one that has the gold, however long the rest of its name.
    fullest = [name for name in named if not any(named[name] < others for others in named.values())]
    best = max((scores[name] for name in fullest), default=0.0)
    return tuple(name for name in fullest if math.isclose(scores[name], best, abs_tol=0.05))


def fits_as_well(text: str, name: str, guesses: Iterable[str]) -> bool:
    """Whether the part of a name that the text holds ('the win-back') is a part of `name` as much as of each guess."""
    words = _WORD.findall(text.lower())
    named = _words_named(name, words)
    return bool(named) and all(_words_named(guess, words) <= named for guess in guesses)


def unknown_name(text: str, other_names: Iterable[str]) -> str | None:
    """A name in quotes or in capitals, which may be a campaign that the vocabulary has not heard of.

    Names of other things (`other_names`: members, cities, tiers), alone or put together, are none.
    """
    if quoted := find_quoted(text):
        return quoted[0].name
    capitals = _CAPITALS.findall(text)
    if not capitals:
        return None
    others = {name.lower() for name in other_names} | {"member", "members", "customers"}
    return next((name for name in capitals if not _is_made_of(name.lower(), others)), None)


def _is_made_of(name: str, others: set[str]) -> bool:
    return name in others or all(word in others for word in name.split())


def _find_name(text: str, name: str) -> Span | None:
    pattern = r"[\s_-]*".join(re.escape(word) for word in re.split(r"[\s_-]+", name))
    match = re.search(rf"(?<![a-z0-9]){pattern}(?![a-z0-9])", text)
    return Span(match.start(), match.end()) if match else None


def _find_slip(text: str, name: str) -> Span | None:
    """Where the text holds the name with a slip of spelling. Digits are never a slip: campaign 18 is not 15."""
    if len(name) < SHORTEST_SLIP:
        return None
    near = fuzz.partial_ratio_alignment(name, text, score_cutoff=NEAR_NAME)
    if near is None or len(text) < len(name) - 2:
        return None
    same_digits = _DIGITS.findall(text[near.dest_start : near.dest_end]) == _DIGITS.findall(name)
    return Span(near.dest_start, near.dest_end) if same_digits else None


def _name_words(name: str) -> frozenset[str]:
    words = frozenset(_WORD.findall(name.lower())) - _GENERIC
    return words or frozenset(_WORD.findall(name.lower()))


def _share_named(name: str, words: list[str], counts: Counter[str], total: int) -> float:
    weights = {word: 1 + math.log(total / counts[word]) for word in _name_words(name)}
    if not weights:  # no Latin letter and no digit in it: such a name is meant only when it is said
        return 0.0
    return sum(weights[word] for word in _words_named(name, words)) / sum(weights.values())


def _words_named(name: str, words: list[str]) -> frozenset[str]:
    return frozenset(word for word in _name_words(name) if any(_same_word(word, other) for other in words))


def _same_word(word: str, other: str) -> bool:
    return word == other or (min(len(word), len(other)) >= 5 and fuzz.ratio(word, other) >= NEAR_WORD)
