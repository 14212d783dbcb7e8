"""Channels and the engine: what waits, what is held back, what is in trouble, and who sends."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from nicegui import ui
from sqlalchemy.orm import Session

from api.bootstrap import Nurture
from api.channel_views import ChannelView, WorkerView, channel_views, worker_views
from api.ui import formats
from api.ui.components.card import Local
from api.ui.components.dialogs import Answer, ask
from api.ui.components.state_chips import state_chip
from api.ui.components.tables import facts
from api.ui.shell import add_page
from api.ui.theme import block, empty_state, notice, panel, secondary, text
from api.ui.viewer import Viewer, attempt
from crm.access.actor import Actor, Permission
from crm.channels import Channel
from crm.outreach.channels.pausing import pause_channel, resume_channel
from crm.outreach.channels.status_board import TroubleView

REFRESH_S = 5.0
PAUSE_WORDS = (
    "No further message goes out on it, of whatever campaign, from the next batch on. What waits is kept, and left "
    "out once it is later than the policy allows."
)
RESUME_WORDS = "Messages that are due go out with the engine's next turn; those that are too late are left out."
WAYS = {
    "outbox": "Kept in the outbox; nothing leaves this machine",
    "smtp": "Mail server",
    "smtps": "Mail server",
    "webhook": "Gateway",
    "apprise": "Apprise service",
}


def add_channels(nurture: Nurture) -> None:
    add_page(nurture, "/channels", section="Channels", build=_build)


@dataclass(frozen=True)
class _Facts:
    channels: Sequence[ChannelView]
    workers: Sequence[WorkerView]


async def _build(viewer: Viewer, _request: Request) -> None:
    shown = await viewer.read(lambda session, _actor, now: _load(viewer, session, now))
    with block("page"):
        with block("stack snug"):
            text("Channels", "page-title", "h1")
            text("How messages leave, what waits, and who sends them.", "muted")
        ChannelBoard(viewer, shown).draw()


def _load(viewer: Viewer, session: Session, now: datetime) -> _Facts:
    """What is shown; the last sign of life of a worker that runs is not, and would only make the page flicker."""
    workers = [
        worker.model_copy(update={"seen_at": worker.started_at}) if worker.state == "running" else worker
        for worker in worker_views(session)
    ]
    return _Facts(channel_views(session, viewer.nurture.settings, now), workers)


class ChannelBoard:
    """Every channel with its button, and the workers; follows what others do."""

    def __init__(self, viewer: Viewer, shown: _Facts) -> None:
        self._viewer, self._shown = viewer, shown
        self._local = Local(viewer.zone, viewer.currency)
        self._is_asking = False

    def draw(self) -> None:
        self._box = block("stack").style("gap: 20px")
        self._fill()
        ui.timer(REFRESH_S, self._refresh)

    async def _refresh(self) -> None:
        """An open question stands inside the board and must not be drawn over."""
        if self._is_asking:
            return
        viewer = self._viewer
        newest = await attempt(viewer.read(lambda session, _actor, now: _load(viewer, session, now)))
        if newest is not None and newest != self._shown and not self._is_asking:
            self._shown = newest
            self._fill()

    def _fill(self) -> None:
        self._box.clear()
        with self._box:
            for view in self._shown.channels:
                self._channel(view)
            _workers(self._shown.workers, self._local)

    def _channel(self, view: ChannelView) -> None:
        with panel() as box:
            box.props["aria-label"] = formats.CHANNELS[view.channel]
            with block("line flow"):
                with block("line flow tight grow"):
                    text(formats.CHANNELS[view.channel], "section-title", "h2")
                    state_chip("paused" if view.pause else "open")
                if self._viewer.actor.may(Permission.OPERATE_CHANNEL):
                    self._button(view)
            if view.pause:
                words = f"Paused by {view.pause.by} since {self._local.moment(view.pause.since)}: {view.pause.reason}"
                notice(words, "warn", "pause_circle")
            if view.trouble:
                notice(_trouble_words(view.trouble, self._local), "bad")
            facts(
                (
                    ("Waiting", f"{formats.plural(view.waiting, 'message')}, {formats.count(view.due)} of them due"),
                    ("Leaves by", WAYS.get(view.way, view.way)),
                    ("Rate", f"at most {view.per_second:g} a second" if view.per_second else "as fast as it is taken"),
                    ("Addresses given up", _given_up(view)),
                )
            )

    def _button(self, view: ChannelView) -> None:
        channel, name = Channel(view.channel), formats.CHANNELS[view.channel]

        async def pause() -> None:
            why = "Why, for whoever decides later"
            question = ask(f"Pause {name}?", PAUSE_WORDS, yes="Pause", note_label=why, note_required=True)
            await self._decide(
                question,
                lambda answer, session, actor, now: pause_channel(
                    session, channel, reason=answer.note, actor=actor, now=now
                ),
            )

        async def resume() -> None:
            await self._decide(
                ask(f"Resume {name}?", RESUME_WORDS, yes="Resume"),
                lambda _answer, session, actor, now: resume_channel(session, channel, actor=actor, now=now),
            )

        if view.pause:
            secondary("Resume", resume, symbol="play_arrow")
        else:
            secondary("Pause", pause, symbol="pause")

    async def _decide(
        self, question: Awaitable[Answer | None], work: Callable[[Answer, Session, Actor, datetime], None]
    ) -> None:
        self._is_asking = True
        try:
            answer = await question
            if answer is not None:
                await attempt(self._viewer.write(lambda session, actor, now: work(answer, session, actor, now)))
        finally:
            self._is_asking = False
        await self._refresh()


def _given_up(view: ChannelView) -> str:
    """Which addresses nothing is sent to any more; who they belong to stands with each member's contacts."""
    parts = [f"{formats.count(view.given_up)} do not exist", f"{formats.count(view.complained)} complained"]
    if view.doubted:
        parts.append(f"{formats.count(view.doubted)} refused once, tried again")
    return ", ".join(parts) if view.given_up or view.complained or view.doubted else "none"


def _trouble_words(trouble: TroubleView, local: Local) -> str:
    rest = f" Nobody asks it before {local.moment(trouble.rests_until)}." if trouble.rests_until else ""
    return f"Took no more when it was last asked, {local.moment(trouble.at)}: {trouble.words}.{rest}"


def _workers(workers: Sequence[WorkerView], local: Local) -> None:
    hint = "The server and the workers that take turns to plan and send. Times are the machine's."
    with panel("Engine", hint):
        if not workers:
            empty_state("settings_suggest", "Nobody runs the engine", "Start nurture worker, or the server with it.")
        for worker in workers:
            seen = "" if worker.state == "running" else f" · last sign of life {local.moment(worker.seen_at)}"
            with block("stack snug"):
                with block("line flow tight"):
                    text(worker.name, "strong")
                    state_chip(worker.state)
                words = f"{worker.host}, process {worker.pid} · since {local.moment(worker.started_at)}{seen}"
                text(words, "small muted wrap")
