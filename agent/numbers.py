"""Figures in a model's prose: shown only when a tool result or the person's own words hold them.

Text is judged sentence by sentence, so that an answer can be streamed and yet never shows a figure
that was not checked. Only numerals are judged; numbers spelled out in English words are not.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from tools.base import Language

WITHHELD: dict[Language, str] = {
    "en": "(A sentence is left out: it held a figure that no tool result supports.)",
    "zh": "（此处略去一句：其中的数字没有任何工具结果支持。）",
}

_NUMERAL = re.compile(
    r"(?<![\d.,])(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?P<unit>\s?(?:%|％|千|万|亿|(?:k|m|thousand|million)\b))?",
    re.IGNORECASE,
)
_POWERS_OF_TEN = {"k": 3, "千": 3, "thousand": 3, "万": 4, "m": 6, "million": 6, "亿": 8}
# Two characters at least: a single 十 or 万 is as often part of a word.
_HAN_NUMBER = re.compile(
    r"(?<!\d)[零〇一二两三四五六七八九十百千万亿]*[十百千万亿][零〇一二两三四五六七八九十百千万亿]*"
)
_HAN_DIGITS = dict(zip("零〇一二三四五六七八九两", (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2), strict=True))
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000}
_HAN_MYRIADS = {"万": 10_000, "亿": 100_000_000}
_LIST_MARK = re.compile(r"^\s*(?:[-*]\s*)?\d{1,2}[.)、]\s")
# Not after "2.": that opens a list entry as often as it ends a sentence.
_SENTENCE_END = re.compile(r"(?<=[。！？\n])|(?<=[^\d\s][.!?])(?=\s)")


@dataclass(frozen=True)
class Numeral:
    """A figure as it was written. Signs are left out: "fell by 12%" states the same figure as -0.12."""

    value: Decimal
    places: int
    """Decimals shown; negative for rounded thousands, e.g. -2 for 1.2k."""
    is_percent: bool = False


class NumberGuard:
    """Lets prose through, sentence by sentence; a sentence with an unsupported figure becomes a plain notice."""

    def __init__(self, sources: Iterable[str], language: Language) -> None:
        self._supported = {numeral.value for source in sources for numeral in numerals(source)}
        self._notice = WITHHELD[language]
        self._held = ""

    def feed(self, piece: str) -> str:
        """The sentences that are complete and checked after one more piece of text."""
        self._held += piece
        *complete, self._held = _SENTENCE_END.split(self._held)
        return "".join(self._checked(sentence) for sentence in complete)

    def finish(self) -> str:
        """The rest of the text."""
        rest, self._held = self._held, ""
        return self._checked(rest) if rest else ""

    def _checked(self, sentence: str) -> str:
        # The number that opens a list entry orders it and states nothing.
        if all(self._is_supported(numeral) for numeral in numerals(_LIST_MARK.sub("", sentence))):
            return sentence
        indent = sentence[: len(sentence) - len(sentence.lstrip())]
        return f"{indent}{self._notice}" + ("\n" if sentence.endswith("\n") else "")

    def _is_supported(self, numeral: Numeral) -> bool:
        """Whether a source holds this figure, perhaps with more decimals, or as a share of one."""
        unit = Decimal(1).scaleb(-numeral.places)
        shares = {value * 100 for value in self._supported} if numeral.is_percent else set()
        known = self._supported | shares
        return any(value == numeral.value or round(value / unit) * unit == numeral.value for value in known)


def numerals(text: str) -> Iterator[Numeral]:
    """Every figure in a text: 1,234.5 and 12% and 1.2k and 3万 and 五千."""
    for match in _NUMERAL.finditer(text):
        digits = match["digits"].replace(",", "")
        unit = (match["unit"] or "").strip().lower()
        power = _POWERS_OF_TEN.get(unit, 0)
        places = len(digits.partition(".")[2]) - power
        yield Numeral(Decimal(digits).scaleb(power), places, unit in ("%", "％"))
    for match in _HAN_NUMBER.finditer(text):
        yield Numeral(Decimal(_han_value(match.group())), 0)


def _han_value(word: str) -> int:
    """The value of a number in Chinese characters, e.g. 12000 for 一万二千."""
    total = section = digit = 0
    for character in word:
        if character in _HAN_DIGITS:
            digit = _HAN_DIGITS[character]
        elif character in _HAN_UNITS:
            section += (digit or 1) * _HAN_UNITS[character]
            digit = 0
        else:
            total = (total + section + digit or 1) * _HAN_MYRIADS[character]
            section = digit = 0
    return total + section + digit
