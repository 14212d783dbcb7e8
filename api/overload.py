"""How many requests are worked on at once, and what becomes of the rest: they wait their turn, or are told at once.

A queue that grows without end answers nobody; so does one whose last place is ten seconds away. Who would wait too
long is turned away within a second, with the time after which to ask again.
"""

import asyncio
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from anyio.to_thread import current_default_thread_limiter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem
from crm.database import MOST_CONNECTIONS

AT_ONCE = 16
"""Requests in work. They share one interpreter, so more would only make each of them slower."""
MOST_WAITING = 400
PATIENCE_SECONDS = 8.0
"""Nobody is kept in the queue who would wait longer."""
SECOND_LOOK_SECONDS = 0.8
"""After which a waiting request is looked at again: of requests that come all at once nobody knows what they take."""
LONGEST_WAIT_SECONDS = 10.0
FIRST_GUESS_SECONDS = 0.05
"""What a request takes, before any has been seen."""
NEWEST_SHARE = 0.1
"""Weight of the newest request in the running mean."""
ROUTE_THREADS = AT_ONCE + 4
"""Threads of routes: those in work, and the error answers and files that come after."""
WORK_THREADS = 16
"""Of pages, turns of the assistant and queries that can be cancelled."""
SPARE_CONNECTIONS = 4
"""For health checks and what the event loop asks itself."""
NEVER_FULL = ("/healthz", "/readyz", "/metrics", "/_nicegui")
"""Health checks and figures, and what a page that is open already loads or says on its socket."""
SIGN_IN = "/api/session"
"""Sign-ins wait in a queue of their own, as short as it must be (api/sign_in_desk.py). With places here, sixteen wrong
passwords would keep everybody else out for as long as it takes to verify them."""

assert ROUTE_THREADS + WORK_THREADS + SPARE_CONNECTIONS <= MOST_CONNECTIONS  # noqa: S101 - no thread waits for a connection


def set_up_threads() -> None:
    """Fit this event loop's threads to what the database's pool holds."""
    current_default_thread_limiter().total_tokens = ROUTE_THREADS
    executor = ThreadPoolExecutor(WORK_THREADS, thread_name_prefix="work")
    asyncio.get_running_loop().set_default_executor(executor)


class Overload:
    """Lets so many requests in at once, and turns away who would wait too long."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._free = AT_ONCE
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._seconds = FIRST_GUESS_SECONDS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(NEVER_FULL) or _is_sign_in(scope):
            await self.app(scope, receive, send)
        elif await self._is_let_in():
            await self._serve(scope, receive, send)
        else:
            words = "the server is busy with other requests at this moment; try again in a few seconds"
            await problem(503, "overloaded", words)(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = time.monotonic()
        holds_place = True

        def leave() -> None:
            nonlocal holds_place
            if holds_place:
                holds_place = False
                self._seconds += NEWEST_SHARE * (time.monotonic() - begun - self._seconds)
                self._give_place()

        async def noted(message: Message) -> None:
            # A stream may go on for minutes, and mostly waits; what it does has limits of its own.
            if message["type"] == "http.response.start" and _is_stream(message):
                leave()
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            leave()

    async def _is_let_in(self) -> bool:
        if self._free:
            self._free -= 1
            return True
        if len(self._waiting) >= MOST_WAITING or self._wait_at(len(self._waiting)) > PATIENCE_SECONDS:
            return False
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            return await self._comes(turn)
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give_place()
            raise
        finally:
            if turn in self._waiting:
                self._waiting.remove(turn)

    async def _comes(self, turn: asyncio.Future[None]) -> bool:
        """Whether the turn comes in good time."""
        await asyncio.wait({turn}, timeout=SECOND_LOOK_SECONDS)
        if turn.done():
            return True
        if self._wait_at(self._waiting.index(turn)) > PATIENCE_SECONDS:
            return False
        await asyncio.wait({turn}, timeout=LONGEST_WAIT_SECONDS - SECOND_LOOK_SECONDS)
        return turn.done()

    def _wait_at(self, place: int) -> float:
        """About how many seconds the one at a place of the queue still waits."""
        return (place + 1) * self._seconds / AT_ONCE

    def _give_place(self) -> None:
        if self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self._free += 1


def _is_sign_in(scope: Scope) -> bool:
    return bool(scope["method"] == "POST" and scope["path"] == SIGN_IN)


def _is_stream(message: Message) -> bool:
    return any(name.lower() == b"content-type" and b"event-stream" in value for name, value in message["headers"])
