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
_NO_NUMBER = re.compile(r"\d{19,}|[零〇一二两三四五六七八九十百千万]{17,}")
BLANK = "\x00"
LEAD = 120
"""Characters: the longest words that lead up to a day or an amount take half of that."""
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
    return legible("".join(_fold_character(character) for character in source.translate(_SAME_WIDTH)))


def legible(text: str) -> str:
    """The text with digits in a row that are no number blanked, character for character.

    Every pattern for numbers would try each of thousands of digits as another beginning.
    """
    return _NO_NUMBER.sub(lambda run: BLANK * len(run[0]), text)


def just_before(text: str, end: int) -> str:
    """What stands right before a position: enough of it for words that lead up to what is there."""
    return text[max(0, end - LEAD) : end]


def just_after(text: str, start: int) -> str:
    """What stands right behind a position, as far."""
    return text[start : start + LEAD]


class Taken:
    """Which characters of a text belong to something that was found already."""

    def __init__(self, length: int) -> None:
        self._marks = bytearray(length + 1)

    def take(self, start: int, end: int) -> bool:
        """Take the characters if all of them are free."""
        if self._marks.find(1, start, end) >= 0:
            return False
        self._marks[start:end] = b"\1" * (end - start)
        return True


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
