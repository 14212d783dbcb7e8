"""What the font of the reports can show, and what stands in a report for what it cannot."""

import re
import struct
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

INSTEAD = "□"
"""In the font, and seen: whoever reads the report knows that something stood here."""
LONGEST_WORD = 40
"""Signs without a place to break a line, before one is made."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_UNSEEN = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]")
"""Direction marks would turn what follows round; joiners and the like have nothing to join in this font."""
_JOINED = re.compile(f"{INSTEAD}(?:[\ufe0f\U0001f3fb-\U0001f3ff]*\u200d[{INSTEAD}♀♂⚕]|[\ufe0f\U0001f3fb-\U0001f3ff])+")
"""An emoji of several parts, of which the first is one that cannot be shown."""
_TONES = range(0x1F3FB, 0x1F400)
_LONG_WORD = re.compile(rf"\S{{{LONGEST_WORD}}}(?=\S)")


def showable(text: str, font: Path) -> str:
    """The text on one line, with INSTEAD for each sign that the font has no picture of."""
    known = _covered(font)
    composed = unicodedata.normalize("NFC", _CONTROL.sub(" ", text))
    waits = (sign if ord(sign) in known or ord(sign) in _TONES or _UNSEEN.match(sign) else INSTEAD for sign in composed)
    joined = _UNSEEN.sub("", _JOINED.sub(INSTEAD, "".join(waits)))
    return "".join(INSTEAD if ord(sign) in _TONES else sign for sign in joined)


def breakable(text: str) -> str:
    """The text with spaces in words that are longer than a line."""
    return _LONG_WORD.sub(r"\g<0> ", text)


@cache
def _covered(font: Path) -> frozenset[int]:
    """The code points that every face of a font collection maps to a glyph (OpenType, `cmap` of format 12)."""
    data = font.read_bytes()
    count = struct.unpack_from(">I", data, 8)[0]
    faces = [frozenset(_mapped(data, face)) for face in struct.unpack_from(f">{count}I", data, 12)]
    return frozenset.intersection(*faces)


def _mapped(data: bytes, face: int) -> Iterator[int]:
    tables = struct.unpack_from(">H", data, face + 4)[0]
    records = (struct.unpack_from(">4sIII", data, face + 12 + 16 * place) for place in range(tables))
    cmap = next(offset for tag, _, offset, _ in records if tag == b"cmap")
    maps = struct.unpack_from(">H", data, cmap + 2)[0]
    places = (struct.unpack_from(">HHI", data, cmap + 4 + 8 * place) for place in range(maps))
    whole = next(cmap + offset for platform, encoding, offset in places if (platform, encoding) == (3, 10))
    for group in range(struct.unpack_from(">I", data, whole + 12)[0]):
        first, last, _ = struct.unpack_from(">III", data, whole + 16 + 12 * group)
        yield from range(first, last + 1)
