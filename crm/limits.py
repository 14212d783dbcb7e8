"""A limit on how long a session may ask the database, and a way for another thread to stop it."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from crm.errors import Cancelled, CrmError, TimedOut

CHECK_SECONDS = 0.02
"""How often the watch looks whether to stop; a statement that starts after a stop runs at most so long."""
SERVER_GRACE_SECONDS = 1.0
"""PostgreSQL's own limit comes later than ours: it is for a process that died and cannot stop its statement."""
_STOPS = {"sqlite": "interrupt", "postgresql": "cancel"}
"""The driver's method that stops the running statement from another thread."""
_CANCELLED_SQLSTATE = "57014"


class Cancellation:
    """Says that an answer is no longer wanted. Any thread may call `cancel`, any number of times."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def is_cancelled(self) -> bool:
        return self._event.is_set()

    def cancel(self) -> None:
        self._event.set()


@contextmanager
def limited(session: Session, *, seconds: float, cancellation: Cancellation | None = None) -> Iterator[None]:
    """Stop what runs inside after `seconds` in all, or as soon as `cancellation` says so.

    Raises TimedOut or Cancelled. The transaction is then to be rolled back, as `read_only` and `unit_of_work` do.
    """
    cancellation = cancellation or Cancellation()
    if cancellation.is_cancelled:
        raise Cancelled("this was cancelled before it began; ask again to get an answer")
    connection = session.connection()
    dialect = connection.dialect.name
    driver = connection.connection.driver_connection
    if dialect == "postgresql":
        limit_ms = int((seconds + SERVER_GRACE_SECONDS) * 1000)
        session.execute(text(f"SET LOCAL statement_timeout = {limit_ms}"))
    watch = _Watch(getattr(driver, _STOPS[dialect]), seconds, cancellation)
    try:
        with watch:
            yield
    except DBAPIError as error:
        if not _was_stopped(error):
            raise
        raise watch.reason or _timed_out(seconds) from error
    if dialect == "postgresql":
        session.execute(text("SET LOCAL statement_timeout TO DEFAULT"))


class _Watch:
    """A thread that stops the statement under way when the time is up or nobody wants the answer any more.

    It repeats the stop until the work has ended: one that falls between two statements stops nothing.
    """

    def __init__(self, stop: Callable[[], None], seconds: float, cancellation: Cancellation) -> None:
        self._stop = stop
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._cancellation = cancellation
        self._over = threading.Event()
        self._stopping = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="query-watch", daemon=True)
        self.reason: CrmError | None = None

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_exception: object) -> None:
        # The lock: no stop may reach the connection once it can belong to somebody else.
        with self._stopping:
            self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(CHECK_SECONDS):
            self.reason = self.reason or self._why_stop()
            if self.reason is None:
                continue
            with self._stopping:
                if not self._over.is_set():
                    self._stop()

    def _why_stop(self) -> CrmError | None:
        if self._cancellation.is_cancelled:
            return Cancelled("this was cancelled because its answer was no longer wanted; ask again to get one")
        return _timed_out(self._seconds) if time.monotonic() > self._deadline else None


def _timed_out(seconds: float) -> TimedOut:
    return TimedOut(
        f"this took longer than {seconds:g} s and was stopped; narrow it, e.g. to a shorter window or "
        "fewer conditions, or try again when the database is less busy"
    )


def _was_stopped(error: DBAPIError) -> bool:
    driver_error = error.orig
    return (
        getattr(driver_error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT
        or getattr(driver_error, "sqlstate", None) == _CANCELLED_SQLSTATE
    )
