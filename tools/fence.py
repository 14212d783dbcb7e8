"""Marks text that members and others typed, so that a model can tell data from instructions."""

import re

OPENING, CLOSING = "⟦", "⟧"
MAX_FENCED_CHARACTERS = 200

_FENCES = re.compile(f"[{OPENING}{CLOSING}]")
# Control, bidirectional and zero-width characters hide instructions from people but not from models.
_INVISIBLE = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f]+"
)


def fence(text: str | None) -> str | None:
    """`text` between ⟦ and ⟧, on one line, without invisible characters and at most 200 long."""
    if text is None:
        return None
    visible = _FENCES.sub("", _INVISIBLE.sub(" ", text)).strip()
    if len(visible) > MAX_FENCED_CHARACTERS:
        visible = visible[: MAX_FENCED_CHARACTERS - 1] + "…"
    return f"{OPENING}{visible}{CLOSING}"


def unfence(text: str) -> str:
    """`text` without the marks, as a person should read it."""
    return _FENCES.sub("", text)
