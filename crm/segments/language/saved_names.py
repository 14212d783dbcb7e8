"""Saved segments named in a sentence. Their names are made of words that mean something themselves, so a name counts
only where it is marked as one: beside the word segment, in quotes, or written with its own capitals."""

import re
from collections.abc import Iterator, Sequence

from crm.segments.language.kinds import Entity, FieldValue, Kind
from crm.segments.language.text import Text, fold, just_before

SEGMENT = "segment"
"""The field over saved segments."""
_NOUN_BEFORE = re.compile(
    r"(?:\b(?:segments?|list|group)\s*(?:called |named )?|(?:分群|分组|人群|群组)\s*)[\"'“‘「《]?$"
)
_NOUN_AFTER = re.compile(r"[\"'”’」》]?\s*(?:\bsegment\b|(?:这个)?(?:分群|分组|群组|人群))")
_QUOTE_BEFORE, _QUOTE_AFTER = re.compile(r"[\"'“‘「《]$"), re.compile(r"[\"'”’」》]")

_INSIDE, _OF_IT = re.compile(r"(?:在|属于|进入|离开)了?$"), re.compile(r"[里中内的吗吧?？]")
_TELLING = 3
"""Chinese characters from which a name beside 在 and 里 is taken for one."""


def find_saved_names(text: Text, names: Sequence[str]) -> Iterator[Entity]:
    """Every mention of a saved segment, with its quotes and the word segment beside it."""
    for name in sorted(names, key=len, reverse=True):
        for match in re.finditer(rf"(?<![a-z0-9]){re.escape(fold(name))}(?![a-z0-9])", text.working):
            start, end = _with_marks(text.working, match.start(), match.end())
            if (start, end) != match.span() or _is_written_as(text, name, *match.span()):
                yield Entity(Kind.VALUE, FieldValue(SEGMENT, (name,)), start, end, text.working[start:end])


def _with_marks(working: str, start: int, end: int) -> tuple[int, int]:
    """The place of a name with what marks it as one; the bare place when nothing does."""
    if (before := _NOUN_BEFORE.search(just_before(working, start))) is not None:
        after = _QUOTE_AFTER.match(working, end)
        return start - len(before.group()), after.end() if after else end
    quote = _QUOTE_BEFORE.search(just_before(working, start))
    first = start - 1 if quote else start
    if (noun := _NOUN_AFTER.match(working, end)) is not None:
        return first, noun.end()
    if end - start >= _TELLING and _INSIDE.search(just_before(working, start)) and _OF_IT.match(working, end):
        return start, end + 1
    after = _QUOTE_AFTER.match(working, end)
    return (first, after.end()) if quote and after else (start, end)


def _is_written_as(text: Text, name: str, start: int, end: int) -> bool:
    """Two capitals or more, as the name has them: "Lapsed Platinum", not "platinum" and not "Gold"."""
    first, last = text.source_span(start, end)
    return text.source[first:last] == name and sum(word[:1].isupper() for word in name.split()) > 1
