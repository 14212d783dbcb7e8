"""Who a campaign or journey did not write to, and why: the numbers, and below them the members, a page at a time."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from nicegui import ui

from api.ui import formats
from api.ui.components.card import Local
from api.ui.components.tables import grid_table
from api.ui.theme import block, empty_state, panel, quiet, secondary, text
from crm.channels import Channel
from crm.journeys.exclusions import ExcludedMember, ExcludedPage, ExclusionFilter, ExclusionNumbers
from crm.outreach.models import ExclusionReason

PAGE_SIZE = 12
Load = Callable[[ExclusionFilter, int], Awaitable[ExcludedPage | None]]
"""A page of members after a message id."""


class ExclusionPanel:
    """The numbers follow what `show` is given; the members are read anew with each choice."""

    def __init__(self, log: ExclusionNumbers, load: Load, local: Local, *, csv: str | None) -> None:
        """`csv`: the address of the file; None for who may not take members away."""
        self._log, self._load, self._local, self._csv = log, load, local, csv
        self._filter = ExclusionFilter()
        self._cursors = [0]
        """Where each page begins that was turned to, the one that is shown last."""

    async def draw(self) -> None:
        with panel("Who was left out, and why", "Each excluded message has exactly one reason, the first that held."):
            self._box = block("stack")
        await self._fill()

    async def show(self, log: ExclusionNumbers) -> None:
        """Show the numbers of another moment, where they differ."""
        before, self._log = self._log, log
        if log.model_copy(update={"as_of": before.as_of}) == before:
            return
        if bool(before.messages) is bool(log.messages):
            self._draw_numbers()
        else:
            await self._fill()

    async def _fill(self) -> None:
        self._box.clear()
        with self._box:
            self._numbers = block("stack")
            if self._log.messages:
                with block("line flow tight"):
                    self._choices()
                    if self._csv is not None:
                        secondary("Download CSV", self._download, symbol="download").classes("push")
                self._rows = block("stack")
                self._footer = block("line")
        self._draw_numbers()
        if self._log.messages:
            await self._refresh()

    def _draw_numbers(self) -> None:
        self._numbers.clear()
        with self._numbers:
            if self._log.messages:
                self._table()
            else:
                empty_state("group", "Nobody was left out", "Every message was sent or still waits.")
            self._put_off()

    def _table(self) -> None:
        channels = list(dict.fromkeys(row.channel for row in self._log.rows))
        cells: defaultdict[tuple[ExclusionReason, Channel], int] = defaultdict(int)
        for row in self._log.rows:
            cells[row.reason, row.channel] += row.messages
        rows = [
            [
                formats.reason(total.reason),
                *(formats.count(cells[total.reason, channel]) for channel in channels),
                formats.count(total.messages),
                formats.count(total.members),
            ]
            for total in self._log.by_reason
        ]
        headings = ["Left out because", *(formats.channel(channel) for channel in channels), "Messages", "Members"]
        grid_table(headings, rows, numeric=range(1, len(headings)))
        words = f"{formats.plural(self._log.messages, 'message')} to {formats.plural(self._log.members, 'member')}"
        text(f"{words} in all; a member can be left out for several reasons.", "small faint")

    def _put_off(self) -> None:
        for later in self._log.put_off:
            number = formats.plural(later.messages, "message")
            channel = formats.channel(later.channel)
            text(f"{number} by {channel}: {formats.reason(later.reason).lower()}", "small muted")

    def _choices(self) -> None:
        rows = self._log.rows
        self._choice("Reason", {row.reason: formats.reason(row.reason) for row in rows}, "reason", "All reasons")
        self._choice("Channel", {row.channel: formats.channel(row.channel) for row in rows}, "channel", "All channels")
        steps = {row.step: row.step for row in rows}
        if len(steps) > 1:
            self._choice("Step", steps, "step", "All steps")

    def _choice(self, label: str, options: dict[Any, str], name: str, everything: str) -> None:
        async def chosen(value: str) -> None:
            self._filter = self._filter.changed(**{name: value or None})
            self._cursors = [0]
            await self._refresh()

        select = ui.select(
            {"": everything} | options, value="", label=label, on_change=lambda event: chosen(event.value)
        )
        select.style("width: 160px")

    async def _refresh(self) -> None:
        page = await self._load(self._filter, self._cursors[-1])
        if page is None:
            return
        self._rows.clear()
        with self._rows:
            if page.items:
                headings = ("Member", "Number", "Left out because", "Channel", "Step", "Was due")
                grid_table(headings, [self._cells(item) for item in page.items])
            else:
                text("No member that you see fits.", "muted").style("padding: 12px 0")
        self._draw_footer(page)

    def _cells(self, item: ExcludedMember) -> list[str]:
        name = f"{item.name} · {item.name_local}" if item.name_local else item.name
        reason, channel = formats.reason(item.reason), formats.channel(item.channel)
        return [name, item.member_ref, reason, channel, item.step, self._local.moment(item.due_at)]

    def _draw_footer(self, page: ExcludedPage) -> None:
        self._footer.clear()
        if not page.items:
            return
        first = (len(self._cursors) - 1) * PAGE_SIZE + 1

        async def back() -> None:
            self._cursors.pop()
            await self._refresh()

        async def on() -> None:
            if page.next_cursor is not None:
                self._cursors.append(page.next_cursor)
                await self._refresh()

        with self._footer:
            text(f"{first:,} to {first + len(page.items) - 1:,} of {page.total:,}", "small muted number")
            with block("line tight push"):
                quiet("Previous", back).set_enabled(len(self._cursors) > 1)
                quiet("Next", on).set_enabled(page.next_cursor is not None)

    def _download(self) -> None:
        chosen = {"reason": self._filter.reason, "channel": self._filter.channel, "step": self._filter.step}
        query = urlencode({name: value for name, value in chosen.items() if value is not None})
        ui.navigate.to(f"{self._csv}?{query}")
