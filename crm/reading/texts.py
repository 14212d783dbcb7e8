"""What spreadsheets, web pages and address books leave around a value, taken off before the value is read."""

import re
from unicodedata import category, normalize

_QUOTES = "\"'`´‘’“”„«»"
_FORMULA = re.compile(r'=\s*"(?P<inside>[^"]*)"')
"""`="0138"`: how a spreadsheet is told to leave digits alone."""


def plain_text(given: str) -> str:
    """Unicode in its compatible form, without marks that nobody sees, with plain spaces, and none of them outside."""
    visible = "".join(
        character
        for character in normalize("NFKC", given)
        if character.isspace() or category(character) not in ("Cc", "Cf", "Cs")
    )
    return " ".join(visible.split())


def unquoted(text: str) -> str:
    """A value without the quotation marks or the formula that a spreadsheet has put around it."""
    text = text.strip()
    if formula := _FORMULA.fullmatch(text):
        text = formula["inside"]
    elif text.startswith("="):
        text = text[1:]
    return text.strip(_QUOTES + " ")
