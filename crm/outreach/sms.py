"""How long a text message is, in what it costs: parts.

3GPP TS 23.038: a text whose characters all stand in the GSM alphabet is sent in septets, 160 to a part;
any other in UCS-2 code units, 70 to a part. 3GPP TS 23.040 (9.2.3.24.1): a text of several parts loses
6 octets of each to a header, which leaves 153 septets or 67 units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""TS 23.038, 6.2.1, without the escape."""
GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
"""TS 23.038, 6.2.1.1: an escape and a character, two septets."""


class Encoding(StrEnum):
    GSM_7 = "gsm_7"
    UCS_2 = "ucs_2"


_ONE_PART = {Encoding.GSM_7: 160, Encoding.UCS_2: 70}
_OF_SEVERAL = {Encoding.GSM_7: 153, Encoding.UCS_2: 67}


@dataclass(frozen=True)
class SmsLength:
    encoding: Encoding
    units: int
    """Septets or UTF-16 code units."""
    parts: int
    """What the provider counts, and charges, as messages; 0 for an empty text."""
    odd: tuple[str, ...]
    """The characters that keep it from the GSM alphabet, in their order."""


def measure(text: str) -> SmsLength:
    """The length of a text message as networks count it."""
    odd = tuple(dict.fromkeys(sign for sign in text if sign not in GSM_BASIC and sign not in GSM_EXTENSION))
    encoding = Encoding.UCS_2 if odd else Encoding.GSM_7
    widths = [_width(sign, encoding) for sign in text]
    units = sum(widths)
    if units <= _ONE_PART[encoding]:
        return SmsLength(encoding, units, 1 if units else 0, odd)
    return SmsLength(encoding, units, _parts(widths, _OF_SEVERAL[encoding]), odd)


def _width(sign: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM_7:
        return 2 if sign in GSM_EXTENSION else 1
    return 2 if ord(sign) > 0xFFFF else 1


def _parts(widths: Sequence[int], capacity: int) -> int:
    """Parts that are filled in turn; a character of two units never stands across two parts."""
    parts, used = 1, 0
    for width in widths:
        if used + width > capacity:
            parts, used = parts + 1, 0
        used += width
    return parts
