"""The sentence as the reader sees it: folded to one script width and case, typing slips mended, positions kept."""

import re
from collections.abc import Callable
from dataclasses import dataclass

_SAME_WIDTH = str.maketrans(
    {
        "\u3000": " ",
        "\u00a0": " ",
        "。": ".",
        "、": ",",
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "–": "-",
        "—": "-",
        "−": "-",
        "～": "~",
        "￥": "¥",
        "【": "[",
        "】": "]",
        "\n": " ",
        "\t": " ",
    }
)
_FIRST_FULL_WIDTH, _LAST_FULL_WIDTH, _FULL_WIDTH_SHIFT = 0xFF01, 0xFF5E, 0xFEE0
_TOKEN = re.compile(r"[a-z]+(?:'(?!s\b)[a-z]+)?|'s\b|\d+|[\u3400-\u9fff]|[^\s\w]|\w")


@dataclass(frozen=True)
class Token:
    """A word, a run of digits, one Chinese character or one mark, with its place in the working text."""

    text: str
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        return self.text[0].isascii() and self.text[0].isalpha()


@dataclass(frozen=True)
class Text:
    """The working text and, for each of its positions, the position in the source it came from."""

    source: str
    working: str
    origin: tuple[int, ...]

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        return self.origin[start], self.origin[end - 1] + 1 if end > start else self.origin[end]


def fold(source: str) -> str:
    """The same number of characters, in lower case and half width, so that positions stay what they were."""
    return "".join(_fold_character(character) for character in source.translate(_SAME_WIDTH))


def _fold_character(character: str) -> str:
    if _FIRST_FULL_WIDTH <= ord(character) <= _LAST_FULL_WIDTH:
        character = chr(ord(character) - _FULL_WIDTH_SHIFT)
    lowered = character.lower()
    return lowered if len(lowered) == 1 else character


def tokenize(folded: str) -> list[Token]:
    return [Token(match.group(), match.start(), match.end()) for match in _TOKEN.finditer(folded)]


def stem(word: str) -> str:
    """One form for singular and plural: both sides of every comparison of words go through it."""
    if not word.isascii() or len(word) < 3 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 5:
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") else word


def read_text(source: str, mend: Callable[[str], str]) -> Text:
    """Fold the source and replace each misspelt word by what `mend` gives for it."""
    folded = fold(source)
    pieces: list[str] = []
    origin: list[int] = []
    position = 0
    for token in tokenize(folded):
        pieces.append(folded[position : token.start])
        origin.extend(range(position, token.start))
        written = mend(token.text) if token.is_word else token.text
        pieces.append(written)
        origin.extend(_places(token, len(written)))
        position = token.end
    pieces.append(folded[position:])
    origin.extend(range(position, len(folded) + 1))
    return Text(source, "".join(pieces), tuple(origin))


def _places(token: Token, length: int) -> list[int]:
    """Where in the source each of `length` letters written for the token comes from; the last one from its end."""
    last = token.end - 1
    return [*(min(token.start + offset, last) for offset in range(length - 1)), last]
