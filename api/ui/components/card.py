"""The frame of every card in a conversation, and what cards are told about the workspace."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from nicegui import ui

from api.ui import formats
from api.ui.theme import block, icon, text


@dataclass(frozen=True)
class Local:
    """How this workspace writes moments and amounts."""

    zone: ZoneInfo
    currency: str

    def moment(self, value: datetime | str | None) -> str:
        return formats.moment(value, self.zone)

    def money(self, cents: float | None) -> str:
        return formats.money(cents, self.currency)


@contextmanager
def card(symbol: str, kind: str, title: str, *, classes: str = "", link: str | None = None) -> Iterator[ui.element]:
    """A card with its head; `link` adds the way to the full page. Yields the right end of the head for chips."""
    with block(f"card {classes}", "article") as box:
        box.props["aria-label"] = f"{kind}: {title}" if title else kind
        with block("card-head"):
            icon(symbol).style("color: var(--brand); font-size: 22px; margin-top: 2px")
            with block("stack snug grow").style("gap: 0"):
                text(kind, "eyebrow")
                if title:
                    text(title, "section-title wrap", "h3")
            with block("line tight flow") as corner:
                if link:
                    with ui.link(target=link).classes("line tight small"):
                        text("Open", tag="span")
                        icon("arrow_forward")
        with block("card-body"):
            yield corner
