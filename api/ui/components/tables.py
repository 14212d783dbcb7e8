"""Small read-only tables."""

from collections.abc import Sequence
from typing import Literal

from nicegui import ui

from api.ui.theme import block, text

Align = Literal["left", "right"]


def grid_table(headings: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int] = ()) -> ui.element:
    """A plain table; `numeric` are the columns to set flush right. Every cell is text, never markup."""
    with block("grid-table") as box, block("", "table"):
        with block("", "thead"), block("", "tr"):
            for index, heading in enumerate(headings):
                text(heading, _side(index, numeric), "th").props("scope=col")
        with block("", "tbody"):
            for row in rows:
                with block("", "tr"):
                    for index, cell in enumerate(row):
                        text(cell, _side(index, numeric), "td")
    return box


def facts(pairs: Sequence[tuple[str, str]]) -> ui.element:
    """Names and values in two columns."""
    with block("facts") as box:
        for name, value in pairs:
            text(name)
            text(value, "wrap")
    return box


def _side(index: int, numeric: Sequence[int]) -> str:
    return "right" if index in numeric else ""
