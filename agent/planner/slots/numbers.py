"""Numbers as they stand beside offers and shares: 20, 2,000, 1.5k, 五, 两百."""

from crm.segments.language.numbers import CHINESE_NUMBER, DIGITS, to_number

NUMBER = rf"(?:{DIGITS})\s?(?:k\b|千|万)?"
"""A number in digits, with thousands commas and k/千/万."""
ANY_NUMBER = rf"(?:{NUMBER}|{CHINESE_NUMBER})"

_SCALES = {"k": 1_000, "千": 1_000, "万": 10_000}


def read_number(text: str) -> float:
    """The value of a text that matched `ANY_NUMBER`."""
    text = text.strip().lower()
    scale = _SCALES.get(text[-1]) if text[0].isdigit() else None
    return to_number(text[:-1].strip()) * scale if scale else to_number(text)


def plain(value: float) -> int | float:
    """20.0 as 20, so that arguments read as people wrote them."""
    return int(value) if float(value).is_integer() else value
