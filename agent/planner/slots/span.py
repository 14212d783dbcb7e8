"""Where something stands in a text, and a text with such places blanked out."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Span:
    """Characters `start` up to, not including, `end`."""

    start: int
    end: int

    def overlaps(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end


class Spanned(Protocol):
    @property
    def span(self) -> Span: ...


def mask(text: str, spans: Iterable[Span], blank: str = " ") -> str:
    """The text with every span blanked, character for character, so that offsets stay what they were."""
    characters = list(text)
    for span in spans:
        for index in range(span.start, min(span.end, len(characters))):
            characters[index] = blank
    return "".join(characters)


def is_free(span: Span, taken: Iterable[Spanned]) -> bool:
    """Whether nothing found earlier claims any of these characters."""
    return not any(span.overlaps(found.span) for found in taken)
