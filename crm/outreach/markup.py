"""A message's text with its links: found, replaced by tracked ones, and made into a page for e-mail."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

MAX_TARGET_LENGTH = 2000
"""Longer addresses are left as they are; browsers and the database's index take no more."""
_LINK = re.compile(r"https?://[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
"""The characters of RFC 3986: Chinese text right after an address does not belong to it."""
_AFTER_SENTENCE = ".,;:!?'"

_OPT_OUT_WORDS = {"en": "Opt out", "zh": "退订"}


@dataclass(frozen=True)
class MessageLinks:
    """The signed addresses of one message."""

    unsubscribe: str
    pixel: str | None
    """Only a page can hold one."""
    clicks: Mapping[str, str]
    """Target to tracked address. A link that is not here stays as it stands."""


@dataclass(frozen=True)
class _Piece:
    text: str
    target: str | None = None
    """Set when the piece is an address."""


def targets_in(text: str, *, stop: str = "") -> list[str]:
    """The addresses in a text, once each, in its order. One that runs into `stop` is left out."""
    found = []
    for piece, following in _pieces(text, None):
        if piece.target is not None and not (stop and following.startswith(stop)) and _is_address(piece.target):
            found.append(piece.target)
    return list(dict.fromkeys(found))


def with_tracked_links(text: str, links: MessageLinks) -> str:
    """The text with tracked addresses in place of its own; for channels that have nothing but text."""
    return "".join(links.clicks.get(piece.target or "", piece.text) for piece, _ in _pieces(text, links.unsubscribe))


def as_page(text: str, subject: str | None, links: MessageLinks, language: str) -> str:
    """The text as an HTML page: paragraphs, tracked links, a way to opt out, the pixel that tells of an opening."""
    words = _OPT_OUT_WORDS[language]
    has_way_out = False
    parts = []
    for piece, _ in _pieces(text, links.unsubscribe):
        if piece.target == links.unsubscribe:
            has_way_out = True
            parts.append(_anchor(links.unsubscribe, words))
        elif piece.target is not None and piece.target in links.clicks:
            parts.append(_anchor(links.clicks[piece.target], piece.text))
        else:
            parts.append(escape(piece.text))
    paragraphs = [part.replace("\n", "<br>\n") for part in re.split(r"\n{2,}", "".join(parts).strip())]
    if not has_way_out:
        paragraphs.append(_anchor(links.unsubscribe, words))
    body = "\n".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    pixel = f'<img src="{escape(links.pixel)}" width="1" height="1" alt="">\n' if links.pixel else ""
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head><meta charset="utf-8">'
        f"<title>{escape(subject or '')}</title></head>\n<body>\n{body}\n"
        f"{pixel}</body>\n</html>\n"
    )


def _anchor(address: str, words: str) -> str:
    return f'<a href="{escape(address)}">{escape(words)}</a>'


def _pieces(text: str, own: str | None) -> Iterator[tuple[_Piece, str]]:
    """Text and addresses in turn, each with what follows it. `own` is an address whatever it looks like."""
    end = 0
    for start, address in _addresses(text, own):
        if start > end:
            yield _Piece(text[end:start]), text[start:]
        end = start + len(address)
        yield _Piece(address, target=address), text[end:]
    if end < len(text):
        yield _Piece(text[end:]), ""


def _addresses(text: str, own: str | None) -> Iterator[tuple[int, str]]:
    """Where each address stands. `own` is searched as text: to compile a pattern for each message costs most of all."""
    at = 0
    while True:
        mine = text.find(own, at) if own else -1
        match = _LINK.search(text, at)
        if own and mine >= 0 and (match is None or mine <= match.start()):
            found, at = (mine, own), mine + len(own)
        elif match is not None:
            address = _without_punctuation(match[0])
            found, at = (match.start(), address), match.start() + max(len(address), 1)
        else:
            return
        yield found


def _without_punctuation(address: str) -> str:
    """Without the punctuation of the sentence around it."""
    address = address.rstrip(_AFTER_SENTENCE)
    while address.endswith(")") and address.count(")") > address.count("("):
        address = address[:-1].rstrip(_AFTER_SENTENCE)
    return address


def _is_address(address: str) -> bool:
    if len(address) > MAX_TARGET_LENGTH:
        return False
    try:
        return bool(urlsplit(address).hostname)
    except ValueError:
        return False
