"""Where passwords are verified: off the event loop, few at a time, with a short queue."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from crm.access.logins import Login, note_use
from crm.access.sign_in import Attempt, SignedInAs, sign_in
from crm.access.tokens import TokenUse, note_token_use
from crm.clock import Clock
from crm.database import Sessions, unit_of_work
from crm.errors import Unavailable

T = TypeVar("T")
log = structlog.get_logger()
AT_ONCE = 2
"""Each verification takes 64 MB and all of a core for some tens of milliseconds."""
LONGEST_QUEUE = 64
"""Some seconds of work: who would wait longer is told so at once."""


class SignInDesk:
    """One for each process that serves. Its threads are its own: a rush to sign in keeps nobody from reading."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions, self._clock = sessions, clock
        self._verifiers = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sign-in")
        self._notes = ThreadPoolExecutor(1, thread_name_prefix="last-used")
        self._guard = Lock()
        self._waiting = 0

    async def sign_in(self, attempt: Attempt, *, refuses_demo_passwords: bool = False) -> SignedInAs:
        """Raises Forbidden, TooManyAttempts, or Unavailable when very many people sign in at once."""
        return await self.in_turn(
            lambda: sign_in(
                self._sessions, attempt, now=self._clock.now(), refuses_demo_passwords=refuses_demo_passwords
            )
        )

    def note_use(self, use: Login | TokenUse) -> None:
        """Note in the background that a session or a token was used: no reader waits for a writer."""
        if use.is_worth_noting:
            self._notes.submit(self._note, use)

    def close(self) -> None:
        """What is under way ends; what waits does not begin."""
        for threads in (self._verifiers, self._notes):
            threads.shutdown(wait=True, cancel_futures=True)

    async def in_turn(self, work: Callable[[], T]) -> T:
        """Run what hashes or verifies a password. Raises Unavailable when the queue is full."""
        with self._guard:
            if self._waiting >= LONGEST_QUEUE:
                raise Unavailable("very many people are signing in just now; try again in a few seconds")
            self._waiting += 1
        future = self._verifiers.submit(work)
        future.add_done_callback(lambda _done: self._leave())
        return await asyncio.wrap_future(future)

    def _leave(self) -> None:
        with self._guard:
            self._waiting -= 1

    def _note(self, use: Login | TokenUse) -> None:
        note = note_use if isinstance(use, Login) else note_token_use
        try:
            with unit_of_work(self._sessions) as session:
                note(session, use.id, self._clock.now())
        except SQLAlchemyError as error:
            # It is noted with the next use; nobody waits for it here.
            log.warning("last_use.not_noted", error=type(error).__name__)
