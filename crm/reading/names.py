"""Names as they are compared: the same person in capitals, without accents, in full width, with another apostrophe."""

import re
from unicodedata import normalize

from crm.reading.texts import plain_text

_ACCENTS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]")
"""Marks over and under letters; vowels of other scripts, which are marks to Unicode, too, stay."""
_APOSTROPHES = re.compile("['`´‘’‛ʹʻʼʽˈ׳＇]")
_HYPHENS = re.compile("[-‐‑‒–—−_]")
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t", "·": " "}
)
"""Letters that are no other letter with an accent to Unicode, and are written as these where they lack."""


def fold_name(name: str) -> str:
    """The form in which names are found. Folding it again changes nothing."""
    # Apostrophes go first: the compatible form of ´ is a space with an accent.
    folded = plain_text(_APOSTROPHES.sub("", name)).casefold()
    bare = _ACCENTS.sub("", normalize("NFD", folded)).translate(_LETTERS)
    return " ".join(normalize("NFKC", _HYPHENS.sub(" ", _APOSTROPHES.sub("", bare))).casefold().split())


def same_case(name: str) -> str:
    """A name without regard to its case and its width, accents kept."""
    return plain_text(name).casefold()
