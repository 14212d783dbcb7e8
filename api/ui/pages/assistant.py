"""The Assistant: conversations on the side, and one of them open."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from fastapi import Request
from nicegui import ui

from agent.events import (
    Answered,
    ConfirmationAsked,
    ConfirmationDecided,
    Decision,
    Event,
    Failed,
    TextDelta,
    ToolFinished,
    ToolStarted,
)
from agent.models import EntryKind
from agent.transcript import Entry, ThreadSummary
from api.bootstrap import Nurture
from api.ui import formats
from api.ui.components.card import Local
from api.ui.components.composer import Composer
from api.ui.components.suggestions import suggestions
from api.ui.components.thread_list import thread_list, thread_menu
from api.ui.components.tool_trace import doing_words
from api.ui.components.transcript import AnswerView, Call, Question, draw_request
from api.ui.live_text import LiveText
from api.ui.shell import add_page
from api.ui.theme import block
from api.ui.viewer import SignedOut, Viewer, attempt
from crm.errors import CrmError

POLL_S = 1.0
MOST_POLLS = 180
"""A turn that runs on after a reload is awaited so long; after that the page says that it did not end."""

SETTLING_MS = [60, 350, 900]


def add_assistant(nurture: Nurture) -> None:
    add_page(nurture, "/", section="Assistant", build=_build)
    add_page(nurture, "/threads/{thread_id}", section="Assistant", build=_build)


async def _build(viewer: Viewer, request: Request) -> None:
    thread_id = request.path_params.get("thread_id")
    actor = await viewer.current_actor()
    assistant = viewer.nurture.assistant
    entries = await assistant.transcript(actor, thread_id) if thread_id else ()
    threads = await assistant.list_threads(actor)
    Conversation(viewer, thread_id, threads).draw(entries)


class Conversation:
    """One open conversation. Everything that it shows can be rebuilt from the stored transcript."""

    def __init__(self, viewer: Viewer, thread_id: str | None, threads: tuple[ThreadSummary, ...]) -> None:
        self._viewer, self._thread_id, self._threads = viewer, thread_id, threads
        self._local = Local(viewer.zone, viewer.currency)
        self._views: list[AnswerView] = []
        self._polls = 0

    def draw(self, entries: tuple[Entry, ...]) -> None:
        with block("assistant"):
            self._side = block("threads", "nav").props('aria-label="Conversations"')
            with block("conversation"):
                with block("transcript"):
                    self._menu = block("transcript-inner only-narrow")
                    self._inner = block("transcript-inner")
                self._composer = Composer(self._send)
        self._list_threads()
        self._welcome: ui.element | None = None
        if entries:
            self._replay(entries)
        else:
            with self._inner:
                self._welcome = suggestions(self._viewer.actor, self._composer.fill_and_send)

    def _list_threads(self) -> None:
        for place, listing in ((self._side, thread_list), (self._menu, thread_menu)):
            place.clear()
            with place:
                listing(self._threads, self._thread_id)

    def _replay(self, entries: tuple[Entry, ...]) -> None:
        """Draw the stored conversation; a turn that is still running is looked at again until it ends."""
        turn: ui.element | None = None
        with self._inner:
            for entry in entries:
                if entry.kind is EntryKind.REQUEST or turn is None:
                    turn = self._new_turn(entry.text if entry.kind is EntryKind.REQUEST else None)
                if entry.kind is not EntryKind.REQUEST:
                    self._replay_entry(entry)
        if turn is not None:
            self._scroll_to(turn, behavior="instant")
        if _is_running(entries):
            self._views[-1].working("Still at work")
            self._composer.set_busy(busy=True)
            ui.timer(POLL_S, self._poll, once=True)

    def _replay_entry(self, entry: Entry) -> None:
        view, payload = self._views[-1], entry.payload
        if entry.kind is EntryKind.TOOL:
            call = Call(payload["call_id"], payload["name"], payload["effect"], payload["args"])
            view.call_finished(call, payload["status"], payload["artifact"], payload["message"])
        elif entry.kind is EntryKind.CONFIRMATION:
            view.ask(_question(payload))
        elif entry.kind is EntryKind.DECISION:
            self._decided(payload["interrupt_id"], payload["decision"], entry.text or None)
        elif payload.get("failed"):
            view.failed(entry.text)
        else:
            view.words(entry.text)

    async def _poll(self) -> None:
        self._polls += 1
        entries = await attempt(self._transcript())
        if entries is None:
            return
        self._inner.clear()
        self._views.clear()
        if self._polls >= MOST_POLLS and _is_running(entries):
            self._replay(entries[:-1])
            self._views[-1].failed("This turn did not come to an end. What was running may have been done; check it.")
            return
        self._composer.set_busy(busy=False)
        self._replay(entries)

    async def _transcript(self) -> tuple[Entry, ...]:
        actor = await self._viewer.current_actor()
        return await self._viewer.nurture.assistant.transcript(actor, self._thread_id or "")

    def _new_turn(self, request: str | None) -> ui.element:
        with block("turn") as turn:
            if request is not None:
                draw_request(request)
            self._views.append(AnswerView(self._local, self._decide))
        return turn

    async def _send(self, words: str) -> None:
        if self._welcome is not None:
            self._welcome.delete()
            self._welcome = None
        with self._inner:
            turn = self._new_turn(words)
        self._scroll_to(turn)
        is_first = self._thread_id is None
        if await self._follow(self._say(words)) and is_first:
            actor = await self._viewer.current_actor()
            self._threads = await self._viewer.nurture.assistant.list_threads(actor)
            self._list_threads()

    async def _say(self, words: str) -> AsyncIterator[Event]:
        actor = await self._viewer.current_actor()
        assistant = self._viewer.nurture.assistant
        if self._thread_id is None:
            self._thread_id = await assistant.open_thread(actor)
            # The address names the conversation from now on, so that a reload finds it.
            ui.run_javascript(f"history.replaceState(null, '', '/threads/{self._thread_id}')")
        async for event in assistant.say(actor, self._thread_id, words):
            yield event

    async def _decide(self, interrupt_id: str, decision: str, edited: Mapping[str, Any] | None) -> bool:
        return await self._follow(self._answer_question(interrupt_id, decision, edited))

    async def _answer_question(
        self, interrupt_id: str, decision: str, edited: Mapping[str, Any] | None
    ) -> AsyncIterator[Event]:
        actor = await self._viewer.current_actor()
        taken: Decision = "approve" if decision == "approve" else "edit" if decision == "edit" else "reject"
        assistant = self._viewer.nurture.assistant
        async for event in assistant.decide(actor, self._thread_id or "", interrupt_id, taken, edited):
            yield event

    async def _follow(self, events: AsyncIterator[Event]) -> bool:
        """Draw a turn as it happens; False when it was refused before it began."""
        view = self._views[-1]
        view.working("Thinking")
        self._composer.set_busy(busy=True)
        words = LiveText(view.words)
        try:
            async for event in events:
                self._show(view, words, event)
        except SignedOut:
            ui.navigate.to("/login")
            return False
        except CrmError as error:
            view.failed(formats.sentence(error.message))
            return False
        finally:
            words.flush()
            view.finished()
            self._composer.set_busy(busy=False)
        return True

    def _show(self, view: AnswerView, words: LiveText, event: Event) -> None:
        if isinstance(event, TextDelta):
            words.add(event.text)
        elif isinstance(event, ToolStarted):
            view.working(doing_words(event.name))
            view.call_started(Call(event.call_id, event.name, event.effect, event.args))
        elif isinstance(event, ToolFinished):
            call = Call(event.call_id, event.name, event.effect, event.args)
            view.call_finished(call, event.status, event.artifact, event.message)
        elif isinstance(event, ConfirmationAsked):
            question = Question(event.interrupt_id, event.tool, event.summary, event.args, event.args_schema)
            self._scroll_to(view.ask(question), block="end")
        elif isinstance(event, ConfirmationDecided):
            self._decided(event.interrupt_id, event.decision, event.note)
        elif isinstance(event, Failed):
            view.failed(event.message)
        elif isinstance(event, Answered):
            words.replace(event.text)

    def _decided(self, interrupt_id: str, decision: str, note: str | None) -> None:
        for view in reversed(self._views):
            if view.decided(interrupt_id, decision, note):
                return

    def _scroll_to(self, element: ui.element, *, block: str = "start", behavior: str = "smooth") -> None:
        # Cards and charts get their height over several moments, and each one moves what stands below it.
        ui.run_javascript(
            f"for (const wait of {SETTLING_MS}) setTimeout(() => document.getElementById('{element.html_id}')"
            f"?.scrollIntoView({{block: '{block}', behavior: '{behavior}'}}), wait)"
        )


def _question(payload: Mapping[str, Any]) -> Question:
    return Question(
        payload["interrupt_id"], payload["tool"], payload["summary"], payload["args"], payload["args_schema"]
    )


def _is_running(entries: tuple[Entry, ...]) -> bool:
    """Whether the last turn has neither answered nor asked anything yet."""
    return bool(entries) and entries[-1].kind not in (EntryKind.ANSWER, EntryKind.CONFIRMATION)
