"""Runs the engine inside the server: every few seconds it does what is due, and nothing when nothing is."""

import asyncio
from contextlib import suppress

import structlog
from sqlalchemy import exc

from api.bootstrap import Nurture
from crm.clock import SystemClock
from crm.database import read_only
from crm.datasets.walk import walk_to
from crm.workspace import WORKSPACE_ID, Workspace

log = structlog.get_logger()


async def run_ticker(nurture: Nurture) -> None:
    """Tick until cancelled. A busy database is met again at the next tick; anything else is logged and ends it."""
    while True:
        try:
            await asyncio.to_thread(_tick, nurture)
        except exc.OperationalError as error:
            log.warning("tick.postponed", error=type(error).__name__)
        except Exception:
            log.exception("tick.crashed")
            raise
        await asyncio.sleep(nurture.settings.tick_seconds)


def _tick(nurture: Nurture) -> None:
    with read_only(nurture.sessions) as session:
        if session.get(Workspace, WORKSPACE_ID) is None:
            return
    walk_to(nurture.sessions, nurture.clock.now(), nurture.adapters, machine=SystemClock(), links=nurture.links)


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
