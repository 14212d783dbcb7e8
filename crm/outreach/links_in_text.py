"""Where links stand in a text that people wrote. A link is found whole or not at all.

Nobody can say of every text where its link ends: Chinese follows an address without a space, and may be part of it.
Where the end is in doubt the link is left alone, for half of it would lead nowhere.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby
from urllib.parse import quote, urlsplit

MAX_TARGET_BYTES = 2000
"""Longer addresses are left as they are; browsers and the database's index take no more."""

_ENDS = "，。、；：！？（）【】《》〈〉「」『』〔〕〖〗［］｛｝＜＞＂“”„«»‹›"
"""Punctuation that stands in no address."""
_RUN = re.compile(rf'[^\s<>"\x00-\x1f\x7f{_ENDS}]+')
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_ANOTHER = re.compile(r"(?<![/=@.\w-])www\.|(?P<scheme>(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*)?://", re.IGNORECASE)
_MAY_PRECEDE = "([{'*_:;,!|-"
"""What may touch a link from the left without being part of a longer one."""
_AFTER_SENTENCE = ".,;:!?'"
_BRACKETS = {")": "(", "]": "["}
_ENDS_IN_DOUBT = re.compile(r"(?:[*|^`{}\\]|&#?\w+;)[.,;:!?')\]]*$")
"""Signs that markup, or the writer, put behind a link; a named character of HTML."""
_HOST = re.compile(r"[\w.\-]+|[0-9a-f:.]+", re.IGNORECASE)
_STANDS_IN_ADDRESSES = ":/%#?=@[]!$&'()*+,;~"
"""What means something in an address, or is an escape already (RFC 3986)."""
_SET_APART = frozenset("/=&?#.:@")
_FIRST_WITHOUT_SPACES, _LATIN_AND_GREEK = 0x0E00, range(0x1E00, 0x2000)


def addresses(text: str, *, stops: tuple[str, ...] = ()) -> Iterator[tuple[int, str]]:
    """The place and the words of each link, in the text's order. One that touches a stop is left out."""
    for run in _RUN.finditer(text):
        found = _SCHEME.search(run[0])
        touches = text.endswith(stops, 0, run.start()) or text.startswith(stops, run.end())
        if found is None or touches or not _begins(run[0][: found.start()]):
            continue
        address = _link(run[0][found.start() :], text[run.end() : run.end() + 2])
        is_in_doubt = _has_odd_brackets(address or "", run[0]) and _has_odd_brackets(address or "", text[: run.end()])
        if address and not is_in_doubt:
            yield run.start() + found.start(), address


def _begins(prefix: str) -> bool:
    """Whether a link can begin right after this."""
    is_apart = not prefix or not prefix[-1].isascii() or prefix[-1] in _MAY_PRECEDE
    return is_apart and "://" not in prefix and "www." not in prefix.lower()


def _link(words: str, rest: str) -> str | None:
    """The link that the words begin with; None where it is not plain what belongs to it."""
    address = _without_punctuation(words)
    if len(address) < len(words):
        rest = ""
    if _ENDS_IN_DOUBT.search(words) or "\\" in address or _holds_another(address):
        return None
    if (address.endswith("=") and rest[:1].strip()) or (rest[:1] == '"' and rest[1:].isalnum()):
        return None
    return address if _is_plain(address, rest) and _leads_somewhere(address) else None


def _without_punctuation(words: str) -> str:
    """Without the punctuation of the sentence around it."""
    address = words.rstrip(_AFTER_SENTENCE)
    while (opening := _BRACKETS.get(address[-1:])) and address.count(address[-1]) > address.count(opening):
        address = address[:-1].rstrip(_AFTER_SENTENCE)
    return address


def _has_odd_brackets(address: str, words: str) -> bool:
    """Whether an address holds brackets that do not match in the words up to its end."""
    return any(
        sign in address and words.count(opening) != words.count(closing)
        for closing, opening in _BRACKETS.items()
        for sign in (opening, closing)
    )


def _holds_another(address: str) -> bool:
    """Whether a second link follows; one as a value, after an equals sign, is a part of the first."""
    others = _ANOTHER.finditer(address, len("http://"))
    return any(other["scheme"] is None or address[other.start() - 1] != "=" for other in others)


def _is_plain(address: str, rest: str) -> bool:
    """Whether each stretch of signs that need no space around them is set apart as an address sets its parts apart.

    So is `?q=红色`, and the first of `/茶/红茶.html`; `/tea点击` is not, nor are emoji behind an address.
    """
    stretches = ["".join(signs) for _, signs in groupby(address, key=_is_wide)]
    narrow, wide = stretches[::2], stretches[1::2]
    for before, after in zip(narrow[: len(wide)], [*narrow[1:], ""], strict=False):
        if before[-1] not in _SET_APART or (after and after[0] not in _SET_APART):
            return False
    if len(narrow) > len(wide):
        return True
    goes_on = rest[:1] in tuple(_ENDS) and rest[1:2].strip()
    return narrow[-1].endswith("=") and not goes_on


def _is_wide(sign: str) -> bool:
    """Whether text goes on with this sign without a space: Chinese, Japanese, Korean, Thai, emoji, dashes."""
    if sign.isascii():
        return False
    is_of_words = sign.isalnum() or unicodedata.category(sign).startswith("M")
    return not (is_of_words and (ord(sign) < _FIRST_WITHOUT_SPACES or ord(sign) in _LATIN_AND_GREEK))


def _leads_somewhere(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
        is_short = len(address.encode()) <= MAX_TARGET_BYTES
        return is_short and host is not None and _HOST.fullmatch(host) is not None and in_ascii(address) is not None
    except ValueError:
        return False


def in_ascii(address: str) -> str:
    """An address as a header holds it: the host by IDNA, anything else percent-encoded once.

    Raises ValueError for a host in letters that no host can have.
    """
    scheme, separator, rest = address.partition("://")
    host = re.split("[/?#]", rest, maxsplit=1)[0].rpartition("@")[2].partition(":")[0]
    if not host.isascii():
        rest = rest.replace(host, _host_in_ascii(host), 1)
    return quote(f"{scheme}{separator}{rest}", safe=_STANDS_IN_ADDRESSES)


def _host_in_ascii(host: str) -> str:
    import httpx  # noqa: PLC0415 - few links need it, and every command reads this module

    try:
        return httpx.URL(f"https://{host}/").raw_host.decode()
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from error
