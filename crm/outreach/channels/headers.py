"""Header fields of a mail that read back as the text that was put in (RFC 5322, RFC 2047), whatever that text is.

Written here and not by `email`: its folding decodes what looks like an encoded word, so that a name could end the
headers, and what it does with spaces differs from one release of Python to the next.
"""

import re
from base64 import b64encode
from collections.abc import Iterator

LINE_LENGTH = 78
_LONGEST_WORD = 75
_LONGEST_LINE = 900
"""What cannot be folded may have up to 998 characters (RFC 5322, 2.1.1)."""
_PLAIN = re.compile(r"[!-~](?:[ -~]*[!-~])?")
"""Printable ASCII without a space at either end."""
_ENCODED_WORD = "=?"
_Q_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
"""What stands for itself everywhere, within a display name too (RFC 2047, 5)."""
_BREAK = re.compile(r"(?<=\S) (?=\S)")


def text_header(name: str, text: str) -> str:
    """A header of free text, e.g. the subject. `text` holds no control characters and no lone surrogates."""
    words = _BREAK.split(text)
    is_plain = _PLAIN.fullmatch(text) and _ENCODED_WORD not in text
    if is_plain and max(map(len, words)) + len(name) + len(": ") <= LINE_LENGTH:
        return _folded(name, words)
    return _folded(name, list(_encoded_words(text, first_indent=len(name) + 2)))


def address_header(name: str, address: str, display_name: str = "") -> str:
    """A header of one mailbox, which stands as it is; the name before it as `text_header` has its text."""
    if not display_name:
        return verbatim_header(name, address)
    escaped = re.sub(r'(["\\])', r"\\\1", display_name)
    words = [f'"{escaped}"']
    if not _PLAIN.fullmatch(display_name) or _ENCODED_WORD in display_name or len(escaped) > _LONGEST_LINE:
        words = list(_encoded_words(display_name, first_indent=len(name) + 2))
    return _folded(name, [*words, f"<{address}>"])


def verbatim_header(name: str, value: str) -> str:
    """A header in one piece: folded, a long web address would lead nowhere."""
    return f"{name}: {value}\r\n"


def _folded(name: str, words: list[str]) -> str:
    """Lines of as many words as there is room for; unfolded they have one space in between."""
    lines = [f"{name}: {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= LINE_LENGTH:
            lines[-1] += f" {word}"
        else:
            lines.append(f" {word}")
    return "".join(f"{line}\r\n" for line in lines)


def _encoded_words(text: str, *, first_indent: int) -> Iterator[str]:
    """The text in encoded words, none of which cuts a character in two; spaces between them are not read."""
    is_mostly_ascii = sum(not sign.isascii() for sign in text) * 6 <= len(text)
    encode = _q if is_mostly_ascii else _b
    room = min(_LONGEST_WORD, LINE_LENGTH - first_indent)
    chunk = ""
    for sign in text:
        if chunk and len(encode(chunk + sign)) > room:
            yield encode(chunk)
            chunk, room = "", _LONGEST_WORD
        chunk += sign
    yield encode(chunk)


def _q(text: str) -> str:
    signs = (chr(byte) if chr(byte) in _Q_SAFE else "_" if byte == 0x20 else f"={byte:02X}" for byte in text.encode())
    return f"=?utf-8?q?{''.join(signs)}?="


def _b(text: str) -> str:
    return f"=?utf-8?b?{b64encode(text.encode()).decode()}?="
