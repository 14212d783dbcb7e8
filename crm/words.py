"""Words of the product in its two languages, and the names that they belong to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar


@dataclass(frozen=True)
class Text:
    """The same words in the two languages of the product."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


class Named(Protocol):
    @property
    def name(self) -> str: ...


Entry = TypeVar("Entry", bound=Named)


def by_name(entries: Iterable[Entry]) -> Mapping[str, Entry]:
    """What a list holds, by its names. Raises ValueError when two bear the same one."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry.name in found:
            raise ValueError(f"two bear the name {entry.name!r}")
        found[entry.name] = entry
    return found
