"""The web application: pages and JSON API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.bootstrap import Nurture
from api.cross_site import CrossSiteCheck
from api.host_check import HostCheck
from api.host_names import AllowedHosts
from api.problems import install_error_handlers
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

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; connect-src 'self' ws: wss:; frame-ancestors 'none'; "
    "base-uri 'self'; form-action 'self'"
)
"""Keeps a picture in a model's text from carrying data out; Vue's templates need 'unsafe-eval'."""
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


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
        try:
            yield
        finally:
            if engine is not None:
                await asyncio.to_thread(engine.stop)
            await nurture.aclose()

    app = FastAPI(
        title="Nurture",
        version="0.1.0",
        summary="Membership engagement: segments, campaigns, approvals, monitoring and reviews.",
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=lifespan,
    )
    app.state.nurture = nurture
    app.state.internal_token = internal_token
    app.state.refuses_demo_passwords = refuses_demo_passwords
    install_error_handlers(app)
    app.add_middleware(CrossSiteCheck, public_url=nurture.settings.public_url)
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
    ):
        app.include_router(room.router)
    if with_pages:
        # Imported here: NiceGUI keeps one registry of pages in a process, and the API does without it.
        from api.ui import mount_ui  # noqa: PLC0415

        mount_ui(app, nurture)
    return app


class SecurityHeaders:
    """Adds the headers that every answer bears; plain ASGI, so that a stream passes through as it comes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)
