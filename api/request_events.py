"""An event for each answered request: which route, which status, how long."""

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()
UNKNOWN_ROUTE = "none"
"""Paths that lead nowhere are one series, however many somebody tries."""


class RequestEvents:
    """Plain ASGI, so that a stream passes through as it comes; a stream counts when it ends."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.monotonic(), 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            route = getattr(scope.get("route"), "path", UNKNOWN_ROUTE)
            seconds = round(time.monotonic() - began, 4)
            log.debug("request.answered", method=scope["method"], route=route, status=status, seconds=seconds)
