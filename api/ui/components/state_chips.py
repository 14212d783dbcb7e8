"""States of campaigns and approvals, in one wording and colour everywhere."""

from api.ui import formats
from api.ui.theme import Tone, chip

_TONES: dict[str, tuple[Tone, str]] = {
    "draft": ("neutral", "edit_note"),
    "awaiting_approval": ("warn", "hourglass_empty"),
    "scheduled": ("info", "event"),
    "running": ("good", "play_arrow"),
    "active": ("good", "play_arrow"),
    "ended": ("neutral", "stop"),
    "exited": ("neutral", "logout"),
    "done": ("good", "check"),
    "paused": ("warn", "pause"),
    "completed": ("neutral", "check"),
    "cancelled": ("bad", "close"),
    "pending": ("warn", "hourglass_empty"),
    "approved": ("good", "check"),
    "rejected": ("bad", "close"),
    "voided": ("neutral", "block"),
    "expired": ("neutral", "timer_off"),
    "fresh": ("good", "check"),
    "stale": ("warn", "update"),
    "failed": ("bad", "error_outline"),
    "supported": ("good", "check"),
    "inconclusive": ("warn", "help_outline"),
    "contradicted": ("bad", "close"),
    "open": ("good", "check"),
    "stopped": ("neutral", "stop"),
    "silent": ("bad", "error_outline"),
}


def state_chip(state: str) -> None:
    tone, symbol = _TONES.get(state, ("neutral", "circle"))
    chip(formats.words(state), tone, symbol)
