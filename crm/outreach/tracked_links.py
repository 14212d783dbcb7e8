"""A message's text with its links: found, replaced by tracked ones, and made into a page for e-mail."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from crm.outreach.links_in_text import addresses

_OURS = "\x00"
"""Stands where our own address does while those of others are looked for."""
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
    """The addresses in a text, once each, in its order. One that touches `stop` is left out."""
    return list(dict.fromkeys(address for _, address in addresses(text, stops=(stop,) if stop else ())))


def with_tracked_links(text: str, links: MessageLinks) -> str:
    """The text with tracked addresses in place of its own; for channels that have nothing but text."""
    return "".join(links.clicks.get(piece.target or "", piece.text) for piece in _pieces(text, links.unsubscribe))


def as_page(text: str, subject: str | None, links: MessageLinks, language: str) -> str:
    """The text as an HTML page: paragraphs, tracked links, a way to opt out, the pixel that tells of an opening."""
    words = _OPT_OUT_WORDS[language]
    has_way_out = False
    parts = []
    for piece in _pieces(text, links.unsubscribe):
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


def _pieces(text: str, own: str | None) -> Iterator[_Piece]:
    """Text and addresses in turn. `own` is an address whatever it looks like."""
    end = 0
    for start, address in _all_addresses(text, own):
        if start > end:
            yield _Piece(text[end:start])
        end = start + len(address)
        yield _Piece(address, target=address)
    if end < len(text):
        yield _Piece(text[end:])


def _all_addresses(text: str, own: str | None) -> Iterator[tuple[int, str]]:
    """Where each address stands. What touches our own is in doubt, as any two links are that touch."""
    if not own:
        yield from addresses(text)
        return
    ours = ((found.start(), own) for found in re.finditer(re.escape(own), text))
    others = addresses(text.replace(own, _OURS * len(own)), stops=(_OURS,))
    yield from sorted([*ours, *others])
