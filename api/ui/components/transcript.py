"""One conversation on the page. Live events and stored entries are drawn by the same functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from api.ui.components.answer_text import AnswerText
from api.ui.components.approval_card import approval_card
from api.ui.components.artifacts import draw_artifact
from api.ui.components.card import Local
from api.ui.components.confirmation_card import ConfirmationCard, Decide
from api.ui.components.tool_trace import ToolTrace
from api.ui.theme import block, icon, notice, text


@dataclass(frozen=True)
class Call:
    """A tool call as it is shown."""

    call_id: str
    name: str
    effect: str | None
    args: Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """A write that waits for a yes."""

    interrupt_id: str
    tool: str
    summary: str
    args: Mapping[str, Any]
    schema: Mapping[str, Any]


class AnswerView:
    """The assistant's side of one turn: words first, then cards, questions, and how it was found."""

    def __init__(self, local: Local, decide: Decide) -> None:
        self._local, self._decide = local, decide
        self._confirmations: dict[str, ConfirmationCard] = {}
        with block("answer"):
            with block("brand-mark", "span"):
                icon("spa")
            with block("answer-body").props("aria-live=polite"):
                self._words = AnswerText()
                self._cards = block("stack")
                self._asks = block("stack")
                self._working = self._draw_working()
                self._trace = ToolTrace()
        for part in (self._words, self._cards, self._asks):
            part.visible = False

    def _draw_working(self) -> ui.element:
        with block("working").props("role=status") as working:
            ui.spinner("dots", size="22px")
            self._doing = text("", "", "span")
        working.visible = False
        return working

    def working(self, doing: str) -> None:
        self._doing.text = doing
        self._working.visible = True

    def finished(self) -> None:
        self._working.visible = False

    def call_started(self, call: Call) -> None:
        self._trace.started(call.call_id, call.name, call.effect, call.args)

    def call_finished(self, call: Call, status: str, artifact: Mapping[str, Any] | None, message: str | None) -> None:
        self._trace.finished(call.call_id, call.name, call.effect, call.args, status, message)
        if artifact:
            self._cards.visible = True
            with self._cards:
                draw_artifact(call.name, artifact, self._local)
        if status == "pending_approval":
            self._asks.visible = True
            with self._asks:
                approval_card(artifact or {})

    def words(self, written: str) -> None:
        self._words.visible = bool(written)
        self._words.show(written)

    def ask(self, question: Question) -> ui.element:
        self._asks.visible = True
        with self._asks:
            card = ConfirmationCard(question.tool, question.summary, question.args, question.schema)
            card.on_decision(question.interrupt_id, self._decide)
        self._confirmations[question.interrupt_id] = card
        return self._asks

    def decided(self, interrupt_id: str, decision: str, note: str | None) -> bool:
        """Close the question if it was asked here; tells whether it was."""
        asked = self._confirmations.pop(interrupt_id, None)
        if asked is None:
            return False
        asked.decided(decision, note)
        return True

    def failed(self, message: str) -> None:
        self.finished()
        self._asks.visible = True
        with self._asks:
            notice(message, "bad").props("role=alert")


def draw_request(words: str) -> None:
    text(words, "request")
