"""A message's text with its links to click on."""

import re

from nicegui import ui

from api.ui.theme import block, text

_LINK = re.compile(r"(?:https?://|(?<![\w/])/[ut]/)[A-Za-z0-9\-._~:/?#@!$&*+,;=%]*[A-Za-z0-9/_-]")
"""Addresses of the open web, and our own relative ones (api/routes/tracking.py)."""


def message_text(words: str) -> None:
    """Everything but the links is shown as it stands. Whoever follows a tracked link is counted as the member."""
    end = 0
    with block("pre"):
        for match in _LINK.finditer(words):
            text(words[end : match.start()], tag="span")
            ui.link(match[0], match[0], new_tab=True)
            end = match.end()
        text(words[end:], tag="span")
