"""The messages of a campaign, one by one: where each stands, and what the outbox took."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from api.ui import formats
from api.ui.components.card import Local
from api.ui.components.message_text import message_text
from api.ui.components.tables import facts
from api.ui.theme import Tone, block, chip, panel, quiet, text
from crm.channels import SENDABLE_CHANNELS
from crm.outreach.browse import LedgerFilter, LedgerLine, LedgerPage
from crm.outreach.models import MessageState

PAGE_SIZE = 12
_TONES: dict[MessageState, Tone] = {
    MessageState.DELIVERED: "good",
    MessageState.FAILED: "bad",
    MessageState.EXCLUDED: "neutral",
    MessageState.UNKNOWN: "warn",
}

Load = Callable[[LedgerFilter], Awaitable[LedgerPage | None]]


class OutboxPanel:
    """A page of the ledger at a time, filtered by channel and state."""

    def __init__(self, load: Load, local: Local) -> None:
        self._load, self._local = load, local
        self._filter = LedgerFilter(limit=PAGE_SIZE)
        self._behind: list[str | None] = []
        """Where the pages before this one begin: whatever changes meanwhile, no message is left out."""

    async def draw(self) -> None:
        with panel("Messages", "What the outbox took instead of sending it out. Addresses are masked for most roles."):
            with block("line flow tight"):
                self._choices(
                    "Channel",
                    {"": "All channels"} | {name: formats.channel(name) for name in SENDABLE_CHANNELS},
                    "channel",
                )
                self._choices(
                    "State", {"": "All states"} | {name: formats.words(name) for name in MessageState}, "state"
                )
            self._rows = block("stack").style("gap: 0")
            self._footer = block("line")
        await self.refresh()

    def _choices(self, label: str, options: dict[str, str], name: str) -> None:
        async def chosen(value: str) -> None:
            self._filter, self._behind = self._filter.changed(**{name: value or None}, after=None), []
            await self.refresh()

        select = ui.select(options, value="", label=label, on_change=lambda event: chosen(event.value))
        select.style("width: 170px")

    async def refresh(self) -> None:
        page = await self._load(self._filter)
        if page is None:
            return
        self._rows.clear()
        with self._rows:
            if not page.lines:
                text("No message fits.", "muted").style("padding: 12px 0")
            for line in page.lines:
                self._row(line)
        self._draw_footer(page)

    def _row(self, line: LedgerLine) -> None:
        with block("message-row", "button").props("type=button") as row:
            text(line.member_name, "strong clip grow", "span")
            text(formats.channel(line.channel), "small muted", "span").style("width: 80px")
            text(line.subject or line.body or "", "small muted clip only-wide", "span").style("flex: 2 1 0")
            with block("line", "span").style("width: 150px; justify-content: flex-end"):
                words = (
                    formats.reason(line.reason)
                    if line.state == "excluded" and line.reason
                    else formats.words(line.state)
                )
                chip(words, _TONES.get(line.state, "info"))
        row.on("click", lambda: self._open(line))

    def _open(self, line: LedgerLine) -> None:
        with ui.dialog(value=True) as dialog, ui.card().classes("dialog"):
            text(line.member_name, "section-title wrap", "h2")
            facts(
                [
                    ("Channel", formats.channel(line.channel)),
                    ("To", line.address or formats.MISSING),
                    ("State", formats.words(line.state)),
                    ("Reason", formats.reason(line.reason) if line.reason else formats.MISSING),
                    ("Due", self._local.moment(line.due_at)),
                    ("Sent", self._local.moment(line.sent_at)),
                ]
            )
            if line.body:
                with block("message-preview"):
                    if line.subject:
                        text(line.subject, "strong wrap")
                    message_text(line.body)
            with block("line").style("justify-content: flex-end"):
                quiet("Close", dialog.close)
        dialog.on("hide", dialog.delete)

    def _draw_footer(self, page: LedgerPage) -> None:
        first = len(self._behind) * PAGE_SIZE + 1

        async def on() -> None:
            self._behind.append(self._filter.after)
            self._filter = self._filter.changed(after=page.next_cursor)
            await self.refresh()

        async def back() -> None:
            self._filter = self._filter.changed(after=self._behind.pop())
            await self.refresh()

        self._footer.clear()
        if not page.lines:
            return
        with self._footer:
            text(f"{first:,} to {first + len(page.lines) - 1:,} of {page.total:,}", "small muted number")
            with block("line tight push"):
                quiet("Previous", back).set_enabled(bool(self._behind))
                quiet("Next", on).set_enabled(page.next_cursor is not None)
