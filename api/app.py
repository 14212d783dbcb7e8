"""The web application: pages and JSON API."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from api.bootstrap import Nurture, settle_interrupted
from api.cross_site import CrossSiteCheck
from api.docs import show_docs
from api.headers import SecurityHeaders
from api.health import Readiness
from api.host_check import HostCheck
from api.host_names import AllowedHosts
from api.limits import Limits
from api.overload import Overload, set_up_threads
from api.problems import Faults, install_error_handlers
from api.request_events import RequestEvents
from api.routes import (
    access,
    assistant,
    campaigns,
    channels,
    contacts,
    exclusions,
    health,
    insights,
    journeys,
    metrics,
    nothing,
    people,
    receipts,
    reviews,
    saved_segments,
    segment_answers,
    segments,
    tasks,
    tracking,
    workspace,
)

if TYPE_CHECKING:
    from api.worker import EngineProcess


SWITCH_SECONDS = 0.001
"""After which a thread that computes lets others run. A health check beside four long messages took 0.1 to 0.2 s with
the usual 5 ms, half of that with one."""


def _answer_beside_long_work() -> None:
    """Nothing that this process does for one person holds the answers to others up."""
    sys.setswitchinterval(SWITCH_SECONDS)
    # What the program itself consists of is not looked through again: that stopped everything for a quarter second.
    gc.collect()
    gc.freeze()


def create_app(
    nurture: Nurture,
    *,
    internal_token: str,
    with_pages: bool = True,
    engine: "EngineProcess | None" = None,
    hosts: AllowedHosts | None = None,
    refuses_demo_passwords: bool = False,
) -> FastAPI:
    """The ASGI application over an opened product. `internal_token` admits the CLI's internal calls.

    `hosts` are the names it answers to; None leaves that check to what stands in front of it.
    `engine` runs already, and is stopped with the application: uvicorn lets nothing happen after that.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        set_up_threads()
        _answer_beside_long_work()
        settling = asyncio.create_task(settle_interrupted(nurture))
        try:
            yield
        finally:
            settling.cancel()
            await asyncio.gather(settling, return_exceptions=True)
            if engine is not None:
                await asyncio.to_thread(engine.stop)
            await nurture.aclose()

    app = FastAPI(
        title="Nurture",
        version="0.1.0",
        summary="Membership engagement: segments, campaigns, approvals, monitoring and reviews.",
        docs_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=lifespan,
    )
    show_docs(app)
    app.state.nurture = nurture
    app.state.readiness = Readiness(nurture)
    app.state.internal_token = internal_token
    app.state.refuses_demo_passwords = refuses_demo_passwords
    install_error_handlers(app)
    # The last one added stands outermost.
    app.add_middleware(Overload)
    app.add_middleware(Limits)
    app.add_middleware(CrossSiteCheck, public_url=nurture.settings.public_url)
    app.add_middleware(Faults)
    if hosts is not None:
        app.add_middleware(HostCheck, hosts=hosts)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestEvents)
    asking = (assistant, segments, segment_answers, saved_segments)
    for room in (
        health,
        metrics,
        access,
        people,
        workspace,
        *asking,
        campaigns,
        exclusions,
        contacts,
        reviews,
        insights,
        tracking,
        receipts,
        channels,
        journeys,
        tasks,
        nothing,
    ):
        app.include_router(room.router)
    if with_pages:
        # Imported here: NiceGUI keeps one registry of pages in a process, and the API does without it.
        from api.ui import mount_ui  # noqa: PLC0415

        mount_ui(app, nurture)
    return app
