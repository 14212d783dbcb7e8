"""The designer: a journey as forms, checked while one types, with its words and a message beside it."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nicegui import background_tasks, ui
from sqlalchemy.orm import Session

from api.journeys import Checked, check
from api.ui import formats
from api.ui.components.dialogs import ask
from api.ui.components.member_preview import Asked, MemberPreview, PreviewForm
from api.ui.journeys.draft import Draft, placed
from api.ui.journeys.flow import draw_flow
from api.ui.journeys.inputs import Choices
from api.ui.journeys.start_form import draw_basics, draw_exits, draw_offer, draw_start
from api.ui.journeys.step_forms import STEP_FORMS, Setting
from api.ui.segments.asking import Ground
from api.ui.segments.undo_bar import UndoBar
from api.ui.theme import block, fold, icon, notice, panel, primary, quiet, text
from api.ui.viewer import Viewer, attempt
from crm.access.actor import Actor
from crm.access.confirmed import Confirmed, NotConfirmed
from crm.catalog import CATALOG
from crm.channels import SENDABLE_CHANNELS
from crm.errors import InvalidRequest
from crm.journeys.preview import MessagePreview, preview_step
from crm.journeys.service import save_draft
from crm.journeys.steps.kind import SpecError
from crm.journeys.validation import parse_journey

TYPING_PAUSE_S = 0.3
"""Somebody who types faster than this has not finished the word."""


@dataclass(frozen=True)
class Stock:
    """What can be chosen."""

    coupons: Mapping[str, str]
    choices: Choices


class Designer:
    """Draws into the open slot. Nothing is stored before it is saved."""

    def __init__(self, viewer: Viewer, ground: Ground, stock: Stock, draft: Draft) -> None:
        self._viewer, self._ground, self._stock, self._draft = viewer, ground, stock, draft
        self._turn = 0
        self._hints: dict[int, ui.element] = {}
        self._cards: dict[int, ui.element] = {}
        self._of_start = Setting(draft, ground, stock.choices, self._changed, self._draw_start)
        self._of_steps = Setting(draft, ground, stock.choices, self._changed, self._draw_steps)

    def draw(self) -> None:
        with block("columns designer") as root:
            # Bound here and not to the window, so that a dialog keeps its keys.
            root.on("keydown.ctrl.s.prevent", self._save)
            with block("stack").style("gap: 20px"):
                with panel("Journey"):
                    self._start = block("stack")
                self._undo = UndoBar()
                self._steps = block("stack")
                with panel("Early end and exact form"):
                    self._ends = block("stack")
                    with fold("Exact form (JSON)"):
                        self._json = ui.textarea(label="JSON").props("autogrow spellcheck=false")
                        self._json.classes("full-width mono").on("blur", self._take_json)
                        quiet("Copy", lambda: ui.clipboard.write(self._json.value), symbol="content_copy")
            with block("stack counting").style("gap: 20px"):
                with panel("Check"):
                    with block("line tight"):
                        primary("Save draft", self._save, symbol="save").props('aria-keyshortcuts="Control+S"')
                        text("Ctrl+S", "small faint", "span")
                    self._verdict = block("stack tight").props("role=status")
                with panel("Reads as"):
                    self._reads = block("stack")
                    with self._reads:
                        text("Its steps in words, once they can be walked.", "small muted")
                with panel("What a member reads", "Nothing is sent."):
                    self._preview = block("stack")
        self._redraw()

    def _redraw(self) -> None:
        """Draw every form anew: another journey stands in the place of this one."""
        self._draw_start()
        self._draw_steps()
        self._ends.clear()
        with self._ends:
            draw_exits(self._of_start)

    def _draw_start(self) -> None:
        self._start.clear()
        with self._start:
            draw_basics(self._of_start)
            draw_start(self._of_start)
            # Whether there is an offer changes the forms of the steps.
            draw_offer(self._of_steps, dict(self._stock.coupons))
        self._changed()

    def _draw_steps(self) -> None:
        """Draw the steps anew, after their shape has changed; what is being typed above stays."""
        self._hints.clear()
        self._cards.clear()
        self._steps.clear()
        with self._steps:
            self._adder(0)
            for place, step in enumerate(self._draft.steps):
                self._step(place, step)
                self._adder(place + 1)
        self._draw_preview()
        self._changed()

    def _step(self, place: int, step: dict[str, Any]) -> None:
        form = STEP_FORMS[step["kind"]]
        with block("step-card", "section").props(f'aria-label="Step {place + 1}: {form.words}"') as card:
            card.on("keydown.alt.up.prevent", lambda: self._move(place, -1))
            card.on("keydown.alt.down.prevent", lambda: self._move(place, 1))
            with block("line flow tight"):
                with block("flow-mark", "span"):
                    icon(form.symbol)
                text(form.words, "section-title")
                key = ui.input("Key", value=step.get("key", "")).style("width: 170px").props("maxlength=40")
                key.on("blur", lambda: self._rename(place, key.value or ""))
                key.on("keydown.enter", lambda: self._rename(place, key.value or ""))
                block("push")
                self._tool("arrow_upward", f"Move step {place + 1} up (Alt+Up)", lambda: self._move(place, -1))
                self._tool("arrow_downward", f"Move step {place + 1} down (Alt+Down)", lambda: self._move(place, 1))
                self._tool("close", f"Remove step {place + 1}", lambda: self._remove(place))
            form.draw(step, self._of_steps)
            self._hints[place] = block("stack snug").props("role=alert")
        self._cards[place] = card

    def _tool(self, symbol: str, words: str, press: Callable[[], None]) -> None:
        button = ui.button(icon=symbol, on_click=press)
        button.props(f'flat round dense size=sm color=grey-7 aria-label="{words}"')

    def _adder(self, place: int) -> None:
        with block("add-step"):
            button = quiet("Add step", lambda: None, symbol="add").props("dense size=sm")
            button.props(f'aria-label="Add a step at place {place + 1}"')
            with button, ui.menu():
                for kind, form in STEP_FORMS.items():
                    ui.menu_item(form.words, on_click=lambda kind=kind: self._add(kind, place))

    def _add(self, kind: str, place: int) -> None:
        self._draft.add(kind, place)
        self._draw_steps()

    def _move(self, place: int, by: int) -> None:
        if self._draft.move(place, by):
            self._draw_steps()
            ui.run_javascript(f"document.querySelectorAll('.step-card')[{place + by}]?.querySelector('input')?.focus()")

    def _remove(self, place: int) -> None:
        before, key = Draft(self._draft.data).data, self._draft.keys[place]
        self._draft.remove(place)
        self._draw_steps()

        async def put_back() -> None:
            self._draft.replace(before)
            self._redraw()

        self._undo.offer(f"Removed the step {key}.", "Put it back", put_back)

    def _rename(self, place: int, key: str) -> None:
        if key != self._draft.keys[place]:
            self._draft.rename(place, key)
            self._draw_steps()

    def _changed(self) -> None:
        """Something was edited: it is checked after a pause."""
        background_tasks.create(self._check_soon(), name="journey edited")

    async def _check_soon(self) -> None:
        self._turn += 1
        turn = self._turn
        await asyncio.sleep(TYPING_PAUSE_S)
        if turn != self._turn or self._verdict.is_deleted:
            return
        data = Draft(self._draft.data).data
        scope = self._ground.scope
        found = await self._viewer.read(lambda session, _actor, now: check(session, data, scope, now, "en"))
        if turn == self._turn and not self._verdict.is_deleted:
            self._show(found)
            self._json.value = json.dumps(data, ensure_ascii=False, indent=2)

    def _show(self, found: Checked) -> None:
        by_place = placed(found.mistakes)
        for place, hint in self._hints.items():
            mistakes = by_place.of_steps.get(place, ())
            hint.clear()
            with hint:
                for mistake in mistakes:
                    _mistake(mistake)
            self._cards[place].classes(add="wrong" if mistakes else "", remove="" if mistakes else "wrong")
        self._verdict.clear()
        with self._verdict:
            if found.is_valid:
                notice("It can be saved and submitted.", "good")
            else:
                text(f"{formats.plural(len(found.mistakes), 'thing')} to put right", "small strong")
                for mistake in by_place.elsewhere:
                    _mistake(mistake)
                if by_place.of_steps:
                    steps = ", ".join(str(place + 1) for place in sorted(by_place.of_steps))
                    text(f"See step {steps}.", "small muted")
        if found.in_words is not None:
            self._reads.clear()
            with self._reads:
                draw_flow(found.in_words, {}, is_started=False)

    def _draw_preview(self) -> None:
        self._preview.clear()
        sends = [str(step.get("key")) for step in self._draft.steps if step["kind"] == "send"]
        with self._preview:
            if not sends:
                text("No step sends a message yet.", "small muted")
                return
            MemberPreview(self._viewer, PreviewForm(tuple(sends), SENDABLE_CHANNELS, self._read_message)).draw()

    def _read_message(self, session: Session, actor: Actor, _now: datetime, asked: Asked) -> MessagePreview:
        data = self._draft.data
        spec = parse_journey({"experiment": data.get("name"), **data}, CATALOG)
        return preview_step(session, spec, **vars(asked), actor=actor, links=self._viewer.nurture.links)

    def _take_json(self) -> None:
        try:
            data = json.loads(self._json.value or "{}")
        except ValueError as error:
            ui.notify(f"This is not JSON: {error}", type="negative", position="top")
            return
        if not isinstance(data, dict) or data == self._draft.data:
            return
        if not all(isinstance(step, dict) and step.get("kind") in STEP_FORMS for step in data.get("steps", ())):
            ui.notify(
                "Every step needs a kind: send, wait, branch, split, task or end.", type="negative", position="top"
            )
            return
        self._draft.replace(data)
        self._redraw()

    async def _save(self) -> None:
        saved = await attempt(self._viewer.write(self._saving()))
        if isinstance(saved, NotConfirmed):
            # Somebody relies on what stands there: the person says whether it shall go.
            words = formats.sentence(saved.message)
            if await ask("Replace it?", words, yes="Replace it", is_dangerous=True) is None:
                return
            saved = await attempt(self._viewer.write(self._saving(Confirmed(saved.mark))))
        if saved is not None:
            ui.navigate.to(f"/journeys/{saved}")

    def _saving(self, confirmed: Confirmed | None = None) -> Callable[[Session, Actor, datetime], int | NotConfirmed]:
        """Gives the id of what was saved, or what a person has to confirm first."""

        def work(session: Session, actor: Actor, now: datetime) -> int | NotConfirmed:
            if not self._draft.data.get("name"):
                raise InvalidRequest("give the journey a name", path="name")
            request_id = f"page:{actor.account_id}:{now.isoformat()}"
            try:
                return save_draft(
                    session,
                    data=self._draft.data,
                    actor=actor,
                    request_id=request_id,
                    now=now,
                    catalog=CATALOG,
                    confirmed=confirmed,
                ).id
            except NotConfirmed as error:
                return error

        return work


def _mistake(mistake: SpecError) -> None:
    with block("mistake"):
        icon("error_outline")
        text(formats.sentence(mistake.sentence), "wrap")
