"""The words of an answer: Markdown for structure, and nothing in it that leads or loads anywhere."""

import re
from typing import Any

from nicegui import ui

_EXTRAS = ["tables", "fenced-code-blocks", "break-on-newline", "cuddled-lists"]
_CODE = re.compile(r"((?<![\\`])```(?!`).*?(?<!`)```(?!`)|(?<![\\`])`[^`\n]+`(?!`))", re.DOTALL)
"""A run of backticks of another length beside it is read otherwise by the renderer: that is no code."""
_TICK = re.compile(r"(?P<escaped>\\.)|`", re.DOTALL)
_LITERAL = str.maketrans({"&": "&amp;", "<": "&lt;", "[": "&#91;", "_": "&#95;"})
"""Signs that begin HTML, links, pictures and their definitions. An underscore belongs to a name more often than to
an emphasis, for which there is the star."""
_LIVE = re.compile(r"</?(?:a|img)\b[^>]*>", re.IGNORECASE)


def without_markup(written: str) -> str:
    """Markdown in which HTML, links and pictures are plain words.

    An answer may quote a name that somebody typed, or a model that was talked into something.
    """
    parts = _CODE.split(written)
    if any(tick["escaped"] is None for words in parts[::2] for tick in _TICK.finditer(words)):
        # What is code and what is not can be read in two ways; so nothing is.
        return _TICK.sub(lambda tick: tick["escaped"] or "&#96;", written.translate(_LITERAL))
    return "".join(part if place % 2 else part.translate(_LITERAL) for place, part in enumerate(parts))


class AnswerText(ui.markdown):
    """Words that are drawn anew as they come."""

    def __init__(self) -> None:
        super().__init__("", extras=_EXTRAS)

    def show(self, written: str) -> None:
        self.set_content(without_markup(written))

    def _handle_content_change(self, content: Any) -> None:
        super()._handle_content_change(content)
        # Once more, whatever the renderer made of it. The browser cleans what is left.
        self._props["innerHTML"] = _LIVE.sub("", str(self._props.get("innerHTML") or ""))
