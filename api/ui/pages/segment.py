"""One segment, saved or not yet: who is in it, why, and how it changed."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import Request
from nicegui import ui

from api.bootstrap import Nurture
from api.ui import formats
from api.ui.components.card import Local
from api.ui.components.dialogs import ask
from api.ui.pages.addresses import id_in
from api.ui.segments.asking import Ground, ground_of
from api.ui.segments.breakdown_section import BreakdownSection
from api.ui.segments.count_panel import CountPanel
from api.ui.segments.edges_section import EdgesSection
from api.ui.segments.editor import Editor
from api.ui.segments.history_section import HistorySection
from api.ui.segments.marginal_section import MarginalSection
from api.ui.segments.members_section import MembersSection
from api.ui.segments.name_dialog import NameDialog
from api.ui.segments.saved_view import SavedView, view_saved
from api.ui.segments.saving import Saving
from api.ui.segments.sections import Named, Sections
from api.ui.segments.segment_head import HeadActions, SegmentHead
from api.ui.segments.subscribers_section import SubscribersSection
from api.ui.segments.undo_bar import UndoBar
from api.ui.segments.versions_section import VersionsSection
from api.ui.segments.why_section import WhySection
from api.ui.shell import add_page
from api.ui.theme import block, icon, panel, text
from api.ui.viewer import Viewer, attempt
from crm.access.actor import Permission
from crm.errors import InvalidRequest
from crm.segments.definition import Definition
from crm.segments.models import Segment
from crm.segments.saved import MAX_NAME_LENGTH, SegmentChanges

KEPT_IN_TIME = ("history", "versions")
"""Sections that show something new after each save."""


def add_segment(nurture: Nurture) -> None:
    add_page(nurture, "/segments/new", section="Segments", build=_build_new, title="New segment")
    add_page(nurture, "/segments/{segment_id}", section="Segments", build=_build_saved, title="Segment")


async def _build_new(viewer: Viewer, request: Request) -> None:
    given = _definition_in(request)
    page = SegmentPage(viewer, await viewer.read(ground_of), None)
    page.draw()
    if words := request.query_params.get("words"):
        _when_open(lambda: page.editor.start_with_words(words))
    else:
        _when_open(lambda: page.editor.open(given))


def _when_open(start: Callable[[], Awaitable[None]]) -> None:
    """The page does not wait for its first count, and nobody counts for a page that was never opened."""
    ui.timer(0, start, once=True)


async def _build_saved(viewer: Viewer, request: Request) -> None:
    segment_id = id_in(request, "segment_id")
    saved = await viewer.read(lambda session, actor, now: view_saved(session, actor, now, segment_id))
    page = SegmentPage(viewer, await viewer.read(ground_of), saved)
    page.draw()
    _when_open(lambda: page.editor.open(saved.segment.definition))


def _definition_in(request: Request) -> Mapping[str, Any]:
    """A definition that a link carries; everyone where there is none."""
    written = request.query_params.get("definition")
    try:
        given = json.loads(written) if written else {"all": []}
    except ValueError as error:
        raise InvalidRequest("the definition in this address is not JSON; go back and follow the link anew") from error
    if not isinstance(given, dict):
        raise InvalidRequest("the definition in this address is no JSON object; go back and follow the link anew")
    return given


class SegmentPage:
    def __init__(self, viewer: Viewer, ground: Ground, saved: SavedView | None) -> None:
        self._viewer, self._ground, self._saved = viewer, ground, saved
        self._local = Local(viewer.zone, viewer.currency)
        self._saving = Saving(viewer)

    def draw(self) -> None:
        actions = HeadActions(
            self._save, self._open_save_as, self._open_rename, self._duplicate, self._refresh, self._delete
        )
        may_save = self._viewer.actor.may(Permission.SAVE_SEGMENT)
        with block("page") as self._page:
            self._head = SegmentHead(self._local, actions, may_save=may_save)
            self._undo = UndoBar()
            with block("columns segment-columns"):
                editing, counting = block("stack"), block("stack counting")
                with counting, panel("Count"):
                    count = CountPanel(self._viewer, self._counted)
                with editing, panel("Who is in it"):
                    self.editor = Editor(self._ground, count, self._changed)
            with panel(classes="about"):
                self._sections = Sections(self._named(), "members")
            self._save_dialog = NameDialog("Save this segment", "Save", self._save_as)
            self._rename_dialog = NameDialog("Rename this segment", "Rename", self._rename)
        self._head.show(self._saved, is_changed=False, can_save=False)

    def _named(self) -> list[Named]:
        viewer, local = self._viewer, self._local
        named = [
            Named("members", "Members", lambda: MembersSection(viewer, local)),
            Named("breakdown", "Breakdown", lambda: BreakdownSection(viewer, local)),
            Named("why", "Why in or out", lambda: WhySection(viewer, local)),
            Named("edges", "Just in, just out", lambda: EdgesSection(viewer, local)),
            Named("without", "Each condition", lambda: MarginalSection(viewer)),
        ]
        if self._saved is None:
            return named
        segment_id = self._saved.segment.id
        return [
            *named,
            Named("history", "History", lambda: HistorySection(viewer, local, segment_id)),
            Named("versions", "Versions", lambda: self._versions(segment_id)),
            Named("used", "Used by", lambda: SubscribersSection(viewer, segment_id)),
        ]

    def _versions(self, segment_id: int) -> VersionsSection:
        return VersionsSection(self._viewer, self._local, self._ground, segment_id, self._restore)

    async def _changed(self) -> None:
        """The definition is another one, or makes no sense at the moment."""
        self._show_head()
        if self.editor.definition is None:
            await self._sections.show(None)
        else:
            self._sections.fade()

    async def _counted(self, definition: Definition) -> None:
        await self._sections.show(definition)

    def _show_head(self) -> None:
        now = self.editor.definition
        is_changed = self._saved is not None and now is not None and now.to_json() != self._saved.segment.definition
        self._head.show(self._saved, is_changed=is_changed, can_save=now is not None)

    @property
    def _segment(self) -> Segment:
        if self._saved is None:
            raise RuntimeError("this segment was not saved")
        return self._saved.segment

    async def _save(self) -> None:
        if (definition := self.editor.definition) is None:
            return
        before = self._segment.version
        if await attempt(self._saving.change(self._segment, SegmentChanges(definition=definition.to_json()))):
            await self._reload()
            words = f"Saved as version {self._segment.version}."
            if touched := await self._saving.touched(self._segment):
                words = f"{words} {formats.capitalised(touched)}."
            self._undo.offer(words, "Undo", lambda: self._restore(before))

    async def _restore(self, number: int) -> None:
        before = self._segment.version
        if await attempt(self._saving.restore(self._segment, number)):
            await self._reload(reopen=True)
            words = f"Version {number} is in force again, as version {self._segment.version}."
            self._undo.offer(words, "Undo", lambda: self._restore(before))

    async def _save_as(self, name: str, description: str) -> bool:
        if (definition := self.editor.definition) is None:
            return False
        segment = await attempt(self._saving.save(name, description, definition.to_json()))
        if segment is not None:
            ui.navigate.to(f"/segments/{segment.id}")
        return segment is not None

    def _open_save_as(self) -> None:
        self._save_dialog.open(description=self._segment.description if self._saved else "")

    async def _rename(self, name: str, description: str) -> bool:
        before = self._segment
        changes = SegmentChanges(name=name, description=description, note="renamed")
        if not await attempt(self._saving.change(before, changes)):
            return False
        await self._reload()

        async def undo() -> None:
            await self._rename(before.name, before.description)

        self._undo.offer(f"Renamed from “{before.name}”.", "Undo", undo)
        return True

    def _open_rename(self) -> None:
        self._rename_dialog.open(self._segment.name, self._segment.description)

    async def _duplicate(self) -> None:
        segment = self._segment
        name = f"{segment.name[: MAX_NAME_LENGTH - len(' (copy)')]} (copy)"
        copy = await attempt(self._saving.save(name, segment.description, segment.definition))
        if copy is not None:
            ui.navigate.to(f"/segments/{copy.id}")

    async def _refresh(self) -> None:
        async def refresh() -> bool:
            await self._saving.refresh(self._segment)
            return True

        if await attempt(refresh()):
            ui.notify("Evaluated anew.", type="positive", position="top")
        await self._reload()

    async def _delete(self) -> None:
        segment = self._segment
        words = f"“{segment.name}” and its history, versions and events will be gone for everybody."
        if await ask("Delete this segment?", words, yes="Delete", is_dangerous=True) is None:
            return

        async def delete() -> bool:
            await self._saving.delete(segment)
            return True

        if await attempt(delete()):
            self._show_deleted(segment)

    def _show_deleted(self, segment: Segment) -> None:
        self._page.clear()

        async def undo() -> None:
            words, note = segment.description, "saved again after it was deleted"
            again = await attempt(self._saving.save(segment.name, words, segment.definition, note))
            if again is not None:
                ui.navigate.to(f"/segments/{again.id}")

        with self._page:
            with ui.link(target="/segments").classes("line tight small").style("width: fit-content"):
                icon("arrow_back")
                text("Segments", "", "span")
            UndoBar().offer(f"“{segment.name}” was deleted.", "Save it again, without its history", undo)

    async def _reload(self, *, reopen: bool = False) -> None:
        """Show the segment as it is stored now."""
        segment_id = self._segment.id
        saved = await attempt(
            self._viewer.read(lambda session, actor, now: view_saved(session, actor, now, segment_id))
        )
        if saved is None:
            return
        self._saved = saved
        self._sections.forget(KEPT_IN_TIME)
        if reopen:
            await self.editor.open(saved.segment.definition)
        else:
            self._show_head()
            await self._sections.show(self.editor.definition)
