"""The person who looks at a page, and the only way in which pages reach the domain."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import structlog
from fastapi import Request
from nicegui import ui
from sqlalchemy.orm import Session

from api.auth import login_token, machine_clock
from api.bootstrap import Nurture
from api.ui import formats
from crm.access.actor import Actor
from crm.access.logins import find_login
from crm.database import read_only, unit_of_work
from crm.errors import CrmError, Forbidden
from crm.limits import Cancellation, limited
from crm.trouble import explain
from crm.workspace import get_workspace

T = TypeVar("T")
PAGE_READ_SECONDS = 50.0
"""A page is given up by the browser's side after a minute (shell.PAGE_TIMEOUT_S); this says why, before that."""
log = structlog.get_logger()


class SignedOut(Forbidden):
    """The browser session behind an open page has ended."""


@dataclass(frozen=True)
class Viewer:
    """A signed-in browser. A page may stay open for hours, so each action asks anew who is behind its cookie."""

    nurture: Nurture
    token: str
    actor: Actor
    workspace: str
    zone: ZoneInfo
    currency: str
    is_simulated: bool

    async def current_actor(self) -> Actor:
        """Who is behind the cookie now. Raises SignedOut when the session has ended."""
        return await self.read(lambda _session, actor, _now: actor)

    async def read(
        self,
        work: Callable[[Session, Actor, datetime], T],
        *,
        seconds: float = PAGE_READ_SECONDS,
        cancellation: Cancellation | None = None,
    ) -> T:
        """Run `work(session, actor, now)` on one snapshot, off the event loop. Raises TimedOut and Cancelled."""

        def inside() -> T:
            now = self.nurture.clock.now()
            with (
                read_only(self.nurture.sessions) as session,
                limited(session, seconds=seconds, cancellation=cancellation),
            ):
                return work(session, self._current(session), now)

        return await asyncio.to_thread(inside)

    async def write(self, work: Callable[[Session, Actor, datetime], T]) -> T:
        """Run `work(session, actor, now)` in one transaction, off the event loop."""

        def inside() -> T:
            now = self.nurture.clock.now()
            with unit_of_work(self.nurture.sessions) as session:
                return work(session, self._current(session), now)

        return await asyncio.to_thread(inside)

    async def at_desk(self, work: Callable[[Actor], T]) -> T:
        """Run `work(actor)`, which hashes a password and makes its own transactions, in turn with the sign-ins."""
        actor = await self.current_actor()
        return await self.nurture.sign_in_desk.in_turn(lambda: work(actor))

    def _current(self, session: Session) -> Actor:
        login = find_login(session, self.token, machine_clock.now())
        if login is None:
            raise SignedOut("your sign-in has ended; sign in again to go on")
        self.nurture.sign_in_desk.note_use(login)
        return login.actor


def viewer_of(nurture: Nurture, request: Request) -> Viewer | None:
    """Who sent this request, None when nobody is signed in."""
    token = login_token(request, nurture.settings.public_url)
    if not token:
        return None
    with read_only(nurture.sessions) as session:
        login = find_login(session, token, machine_clock.now())
        if login is None:
            return None
        nurture.sign_in_desk.note_use(login)
        workspace = get_workspace(session)
        return Viewer(
            nurture=nurture,
            token=token,
            actor=login.actor,
            workspace=workspace.name,
            zone=workspace.zone,
            currency=workspace.currency,
            is_simulated=workspace.is_simulated,
        )


async def attempt(work: Awaitable[T]) -> T | None:
    """Await what a person asked for. A failure becomes a notice and gives None; a bug has a number in the log, too."""
    try:
        return await work
    except SignedOut:
        ui.navigate.to("/login")
        return None
    except Exception as error:  # noqa: BLE001 - the edge at which a bug of an action is logged, once
        show_error(explain(error, "action.failed"))
        return None


def show_error(error: CrmError) -> None:
    log.info("ui.request_refused", code=error.code)
    hint = f" Did you mean: {', '.join(error.candidates)}?" if error.candidates else ""
    message = formats.sentence(error.message) + hint
    ui.notify(message, type="negative", position="top", multi_line=True, timeout=8000, close_button="Close")
