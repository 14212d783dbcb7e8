"""What the assistant called to answer, closed at first: names, effects, states and arguments."""

import json
from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.ui import formats
from api.ui.theme import Tone, block, chip, icon, text

_STATES: dict[str, tuple[str, Tone]] = {
    "done": ("Done", "good"),
    "error": ("Not possible", "warn"),
    "refused": ("Not allowed", "bad"),
    "awaiting_confirmation": ("Waits for your yes", "warn"),
    "pending_approval": ("Waits for approval", "warn"),
    "rejected": ("You said no", "neutral"),
    "failed": ("Failed", "bad"),
}
_EFFECTS = {"read": "reads", "draft": "drafts", "write": "changes", "reach": "asks for approval"}
_DOING = {
    "query_segment": "Finding members",
    "break_down_segment": "Splitting the segment",
    "explain_membership": "Checking each condition",
    "draft_campaign": "Drafting and planning",
    "change_campaign": "Changing and planning again",
    "plan_campaign": "Counting what it would do",
    "monitor_campaign": "Reading the ledger",
    "review_campaign": "Measuring the effect",
    "search_insights": "Searching what was learned",
}


def doing_words(tool: str) -> str:
    """What a running call is doing."""
    return _DOING.get(tool, formats.words(tool))


class ToolTrace:
    """The collapsible list of calls of one answer. Hidden until there is a call."""

    def __init__(self) -> None:
        self._rows: dict[str, ui.element] = {}
        self._box = ui.expansion("").classes("fold full-width").props("dense dense-toggle")
        self._box.visible = False

    def started(self, call_id: str, name: str, effect: str | None, args: Mapping[str, Any]) -> None:
        self._show(call_id, name, effect, args, None, None)

    def finished(
        self, call_id: str, name: str, effect: str | None, args: Mapping[str, Any], status: str, message: str | None
    ) -> None:
        self._show(call_id, name, effect, args, status, message)

    def _show(
        self,
        call_id: str,
        name: str,
        effect: str | None,
        args: Mapping[str, Any],
        status: str | None,
        message: str | None,
    ) -> None:
        if call_id not in self._rows:
            with self._box:
                self._rows[call_id] = block("stack tight")
        row = self._rows[call_id]
        row.clear()
        with row:
            with block("line tight flow"):
                icon("bolt").style("font-size:16px; color: var(--ink-3)")
                text(formats.words(name), "strong small")
                if effect:
                    text(_EFFECTS.get(effect, effect), "small faint")
                if status is None:
                    ui.spinner(size="14px")
                else:
                    words, tone = _STATES.get(status, (formats.words(status), "neutral"))
                    chip(words, tone)
            if message:
                text(message, "small wrap")
            if args:
                text(json.dumps(dict(args), ensure_ascii=False, indent=1), "code")
        self._box.visible = True
        self._box.text = f"How this was found · {formats.plural(len(self._rows), 'step')}"
