"""The clock of a demo workspace: it says that time is simulated, and lets who may walk it forward."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from nicegui import ui

from api.ui import formats
from api.ui.theme import block, icon, primary, quiet, text
from api.ui.viewer import Viewer, attempt
from crm.access.actor import Permission, require
from crm.catalog import CATALOG
from crm.clock import SystemClock
from crm.datasets.simulation_clock import advance_clock
from crm.errors import InvalidRequest
from crm.limits import Cancellation
from crm.reading.moments import local_moment

REFRESH_S = 15.0
PROGRESS_S = 0.4
COMES_BACK_S = 3.0


def clock_control(viewer: Viewer) -> None:
    """What time it is in this workspace; a button where the person may move it."""
    if not viewer.is_simulated:
        return
    may_walk = viewer.actor.may(Permission.WALK_TIME)
    with block("clock") as box:
        icon("schedule").style("font-size: 18px")
        shown = text("", "number")
        if may_walk:
            dialog = WalkDialog(viewer)
            ui.button(icon="fast_forward", on_click=dialog.open).props(
                'flat round dense size=sm color=warning aria-label="Walk to another moment"'
            ).tooltip("Walk to another moment")
    box.props["title"] = f"This workspace lives in its own time ({viewer.zone.key})."

    def refresh() -> None:
        now = viewer.nurture.clock.now()
        shown.text = f"Demo time: {formats.moment(now, viewer.zone)} · {viewer.zone.key}"

    ui.timer(REFRESH_S, refresh)


@dataclass(frozen=True)
class _Jump:
    words: str
    distance: timedelta


_JUMPS = (
    _Jump("+1 hour", timedelta(hours=1)),
    _Jump("+1 day", timedelta(days=1)),
    _Jump("+3 days", timedelta(days=3)),
    _Jump("+1 week", timedelta(weeks=1)),
    _Jump("+2 weeks", timedelta(weeks=2)),
)


class WalkDialog:
    """Asks for a moment and walks there, doing everything that falls due on the way."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        with ui.dialog() as self._dialog, ui.card().classes("dialog"):
            text("Walk to another moment", "section-title", "h2")
            text(
                "Campaigns start, messages go to the outbox, members respond as simulated. Time only walks forward.",
                "small muted",
            )
            with block("line flow tight"):
                for jump in _JUMPS:
                    button = text(jump.words, "choice", "button").props("type=button")
                    button.on("click", lambda _event, distance=jump.distance: self._jump(distance))
            with block("line"):
                self._day = ui.input("Day").props("type=date stack-label").classes("grow")
                self._time = ui.input("Time").props("type=time stack-label").style("width: 130px")
            self._progress = ui.linear_progress(0, show_value=False).props('rounded aria-label="Progress"')
            self._status = text("", "small muted number").props("role=status")
            with block("line").style("justify-content: flex-end"):
                self._cancel = quiet("Cancel", self._close)
                self._go = primary("Walk there", self._walk)
        self._progress.visible = False
        self._cancellation: Cancellation | None = None
        self._client = ui.context.client
        self._client.on_disconnect(self._stop_if_gone)

    def _close(self) -> None:
        if self._cancellation is None:
            self._dialog.close()
        else:
            self._stop()

    async def _stop_if_gone(self) -> None:
        """A page that was closed walks no further; one that only lost its connection comes back soon."""
        await asyncio.sleep(COMES_BACK_S)
        if not self._client.has_socket_connection:
            self._stop()

    def _stop(self) -> None:
        if self._cancellation is not None:
            self._cancellation.cancel()

    def open(self) -> None:
        self._jump(timedelta(days=1))
        self._status.text = ""
        self._dialog.open()

    def _jump(self, distance: timedelta) -> None:
        local = (self._viewer.nurture.clock.now() + distance).astimezone(self._viewer.zone)
        self._day.value, self._time.value = f"{local:%Y-%m-%d}", f"{local:%H:%M}"

    async def _walk(self) -> None:
        try:
            await attempt(self._walk_to_target())
        finally:
            self._cancellation = None
        self._set_busy(busy=False)

    async def _walk_to_target(self) -> None:
        viewer = self._viewer
        await viewer.read(lambda _session, actor, _now: require(actor, Permission.WALK_TIME))
        start, target = viewer.nurture.clock.now(), self._target()
        if target <= start:
            raise InvalidRequest("time only walks forward; choose a later moment")
        self._cancellation = Cancellation()
        self._set_busy(busy=True)

        def show_progress() -> None:
            at = min(viewer.nurture.clock.now(), target)
            self._progress.value = (at - start) / (target - start)
            self._status.text = formats.moment(at, viewer.zone)

        # The walk moves the workspace's clock as it goes, so the clock is its progress.
        watch = ui.timer(PROGRESS_S, show_progress)
        try:
            await asyncio.to_thread(
                advance_clock,
                viewer.nurture.sessions,
                target,
                viewer.nurture.adapters,
                catalog=CATALOG,
                machine=SystemClock(),
                links=viewer.nurture.links,
                cancellation=self._cancellation,
            )
        finally:
            watch.cancel()
        self._dialog.close()
        ui.navigate.reload()

    def _target(self) -> datetime:
        try:
            local = datetime.fromisoformat(f"{self._day.value}T{self._time.value}")
        except ValueError as error:
            raise InvalidRequest("give a day and a time") from error
        return local_moment(local, self._viewer.zone)

    def _set_busy(self, *, busy: bool) -> None:
        self._progress.visible = busy
        self._dialog.props("persistent" if busy else "", remove="" if busy else "persistent")
        self._cancel.text = "Stop here" if busy else "Cancel"
        for control in (self._go, self._day, self._time):
            control.set_enabled(not busy)
