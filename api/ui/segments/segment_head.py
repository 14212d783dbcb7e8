"""The top of a segment's page: its name and state, and what can be done with it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nicegui import ui

from api.ui import formats
from api.ui.components.card import Local
from api.ui.components.state_chips import state_chip
from api.ui.segments.saved_view import SavedView
from api.ui.theme import block, chip, icon, notice, primary, secondary, text

Act = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class HeadActions:
    """What the buttons do."""

    save: Act
    save_as: Callable[[], None]
    rename: Callable[[], None]
    duplicate: Act
    refresh: Act
    delete: Act


class SegmentHead:
    """Draws into the open slot; `show` draws it anew."""

    def __init__(self, local: Local, actions: HeadActions, *, may_save: bool) -> None:
        self._local, self._actions, self._may_save = local, actions, may_save
        self._box = block("stack tight")

    def show(self, saved: SavedView | None, *, is_changed: bool, can_save: bool) -> None:
        """`can_save`: there is a definition that makes sense."""
        self._box.clear()
        with self._box:
            with ui.link(target="/segments").classes("line tight small").style("width: fit-content"):
                icon("arrow_back")
                text("Segments", "", "span")
            with block("line top flow"):
                with block("stack tight grow"):
                    self._title(saved, is_changed=is_changed)
                if self._may_save:
                    with block("line tight flow"):
                        self._buttons(saved, is_changed=is_changed, can_save=can_save)
            if saved is not None and saved.standing.reason is not None:
                state = saved.standing.state
                notice(f"{formats.words(state)}: {saved.standing.reason}.", "bad" if state == "failed" else "warn")

    def _title(self, saved: SavedView | None, *, is_changed: bool) -> None:
        with block("line flow tight"):
            text(saved.segment.name if saved else "New segment", "page-title", "h1")
            if saved is not None:
                state_chip(saved.standing.state)
                if is_changed:
                    chip("Not saved yet", "info", "edit")
        if saved is None:
            return
        segment = saved.segment
        if segment.description:
            text(segment.description, "muted wrap pre")
        age = formats.age((saved.read_at - segment.evaluated_at).total_seconds())
        evaluated = f"evaluated {age} in {formats.duration(segment.duration_ms / 1000)}"
        text(
            f"{formats.plural(saved.count, 'member')} {evaluated} · owner {saved.owner} · version {segment.version}",
            "small muted wrap",
        )

    def _buttons(self, saved: SavedView | None, *, is_changed: bool, can_save: bool) -> None:
        actions = self._actions
        if saved is None:
            primary("Save …", actions.save_as, symbol="save").set_enabled(can_save)
            return
        if saved.may_change:
            primary("Save", actions.save, symbol="save").set_enabled(can_save and is_changed)
        secondary("Save as …", actions.save_as).set_enabled(can_save)
        with ui.button(icon="more_vert").props('flat round dense color=grey-8 aria-label="More"'), ui.menu():
            if saved.may_change:
                ui.menu_item("Rename …", actions.rename)
            ui.menu_item("Duplicate", actions.duplicate)
            ui.menu_item("Refresh now", actions.refresh)
            if saved.may_change:
                ui.separator()
                ui.menu_item("Delete …", actions.delete)
