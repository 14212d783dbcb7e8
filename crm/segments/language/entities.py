"""A sentence as the things it speaks of, each with its place: numbers, periods, values, anchors, connectives."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from crm.segments.language.kinds import Entity, Kind
from crm.segments.language.lexicon import find_marks
from crm.segments.language.numbers import find_durations, find_numbers
from crm.segments.language.periods import find_periods
from crm.segments.language.saved_names import find_saved_names
from crm.segments.language.text import BLANK, Taken, Text, read_text, tokenize
from crm.segments.language.usual_activity import RATIO, find_usual_activity
from crm.segments.language.vocabulary import Vocabulary

_PREFERENCE = {Kind.MASKED: 0, Kind.VALUE: 1, Kind.PERIOD: 2, Kind.ANCHOR: 3, Kind.DURATION: 4, Kind.NUMBER: 5}
"""Which meaning wins where two take the same words; the others come after these."""
_PLACELESS = 6


@dataclass(frozen=True)
class Sentence:
    text: Text
    entities: tuple[Entity, ...]
    """In order, without overlaps; positions are those of the working text."""

    def source_span(self, entity: Entity) -> tuple[int, int]:
        return self.text.source_span(entity.start, entity.end)


def read_sentence(
    source: str, vocabulary: Vocabulary, today: date, masked_spans: Sequence[tuple[int, int]] = ()
) -> Sentence:
    """Find what `source` speaks of. Words inside `masked_spans` (positions in the source) are not read."""
    text = read_text(source, vocabulary.lexicon.mend)
    masks = list(_masks(text, masked_spans))
    working = _blank(text.working, masks)
    found = [
        *masks,
        *find_periods(working, today),
        *find_durations(working),
        *find_numbers(working),
        *find_saved_names(text, vocabulary.segments),
        *(find_usual_activity(working) if RATIO in vocabulary.fields else ()),
        *vocabulary.lexicon.find(working),
        *find_marks(working),
    ]
    chosen = _longest_first(found)
    chosen.extend(_unknown(working, chosen))
    return Sentence(text, tuple(sorted(chosen, key=lambda entity: entity.start)))


def _masks(text: Text, spans: Sequence[tuple[int, int]]) -> Iterable[Entity]:
    for first, last in spans:
        inside = [place for place, source in enumerate(text.origin[:-1]) if first <= source < last]
        if inside:
            yield Entity(Kind.MASKED, None, inside[0], inside[-1] + 1, text.working[inside[0] : inside[-1] + 1])


def _blank(working: str, masks: Iterable[Entity]) -> str:
    """The working text with what is masked made empty, so that no phrase reaches over it."""
    characters = list(working)
    for mask in masks:
        characters[mask.start : mask.end] = BLANK * (mask.end - mask.start)
    return "".join(characters)


def _longest_first(found: Iterable[Entity]) -> list[Entity]:
    def rank(entity: Entity) -> tuple[int, int, int]:
        return (-(entity.end - entity.start), _PREFERENCE.get(entity.kind, _PLACELESS), entity.start)

    ranked = sorted(found, key=rank)
    taken = Taken(max((entity.end for entity in ranked), default=0))
    return [entity for entity in ranked if taken.take(entity.start, entity.end)]


def _unknown(working: str, chosen: Iterable[Entity]) -> Iterable[Entity]:
    taken = {position for entity in chosen for position in range(entity.start, entity.end)}
    for token in tokenize(working):
        if token.start not in taken and token.text[0].isalnum():
            yield Entity(Kind.UNKNOWN, None, token.start, token.end, token.text)
