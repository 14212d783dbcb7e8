"""One text for many members: its templates are read once, then only what differs between members is put in.

Templates ask no more of a field than whether it is filled (`wording.py`). So all members with the same fields
filled read the same text around them, and links too differ in nothing but their addresses.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from secrets import token_hex
from typing import Protocol

from crm.channels import CHANNELS, Channel
from crm.outreach.link_targets import journey_values
from crm.outreach.priority import Priority
from crm.outreach.spec import JourneySpec
from crm.outreach.template import Wording, render
from crm.outreach.tracked_links import MessageLinks, as_page, with_tracked_links

_TOKEN = token_hex(6)
"""Drawn anew by each process, so that no text holds a mark by accident or on purpose."""
_MARK = re.compile(rf"~{_TOKEN}(\w+)~")
"""Characters of addresses that HTML leaves alone: an address that a field stands in is found as a whole, as always."""


@dataclass(frozen=True)
class Written:
    """What a member reads."""

    subject: str | None
    body: str
    html: str | None


class Reader(Protocol):
    """What texts say of a member."""

    @property
    def name(self) -> str: ...
    @property
    def name_local(self) -> str | None: ...
    @property
    def tier(self) -> str: ...


def _way_out(channel: Channel, language: str) -> str:
    """Before the address to opt out at, in texts that do not say how: every text message and e-mail has a way out,
    unless members need to know what it says. Lengths, prices and previews count it, because they write letters, too.
    """
    words = CHANNELS[channel].way_out
    return "" if words is None else words.in_language(language)


class CompiledTemplate:
    """The words of one step, channel and variant, ready for any member."""

    def __init__(self, spec: JourneySpec, words: Wording) -> None:
        self._words, self._language = words, spec.language
        self._values = journey_values(spec)
        is_service = spec.priority is Priority.SERVICE
        self._way_out = "" if is_service else _way_out(words.channel, spec.language)
        self._stencils: dict[tuple[str, ...], Written] = {}
        """By the fields that are filled: the text with a place for each, as `%` reads it."""
        self.is_page = CHANNELS[words.channel].is_letter

    def write(self, reader: Reader, links: MessageLinks | None, goods: str | None = None) -> Written:
        """The words with the member's fields. E-mail keeps its text and has a page beside it; a text has tracked links.

        `links` lead to the same targets for every reader. `goods` that suit the member, in words (`goods_of`).
        """
        local_name = reader.name_local if self._language == "zh" else None
        own = {"name": local_name or reader.name, "tier": reader.tier}
        if goods:
            own["goods"] = goods
        if links is not None:
            own["unsubscribe"] = links.unsubscribe
        filled = tuple([field for field, value in own.items() if value])
        if (stencil := self._stencils.get(filled)) is None:
            stencil = self._stencils[filled] = self._cut(filled, links)
        if links is not None:
            own |= _addresses(links)
        html = None
        if stencil.html is not None:
            html = stencil.html % {place: escape(value) for place, value in own.items()}
        return Written(stencil.subject and stencil.subject % own, stencil.body % own, html)

    def _cut(self, filled: tuple[str, ...], links: MessageLinks | None) -> Written:
        """What a member would read whose fields were marks."""
        values = self._values | {field: _mark(field) for field in filled}
        subject = render(self._words.subject, values, self._language) if self._words.subject else None
        body = render(self._words.body, values, self._language)
        html = None
        if links is not None:
            marked = MessageLinks(
                unsubscribe=_mark("unsubscribe"),
                pixel=_mark("pixel") if links.pixel else None,
                clicks={target: _mark(f"click_{place}") for place, target in enumerate(links.clicks)},
            )
            has_way_out = marked.unsubscribe in body
            if self.is_page:
                html = as_page(body, subject, marked, self._language)
            else:
                body = with_tracked_links(body, marked)
            if not has_way_out and self._way_out:
                body = f"{body.rstrip()}{self._way_out}{marked.unsubscribe}"
        return Written(subject and _with_places(subject), _with_places(body), html and _with_places(html))


def _addresses(links: MessageLinks) -> Mapping[str, str]:
    clicks = {f"click_{place}": address for place, address in enumerate(links.clicks.values())}
    return {**clicks, "pixel": links.pixel or ""}


def _mark(place: str) -> str:
    return f"~{_TOKEN}{place}~"


def _with_places(text: str) -> str:
    return _MARK.sub(r"%(\1)s", text.replace("%", "%%"))
