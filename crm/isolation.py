"""One row's trouble is that row's: the one place where an unexpected error does not end the work under way.

Whatever goes over many campaigns, journeys, segments or messages does each of them in `isolated`. What fails is undone
alone and logged with its traceback, and its reason is kept where people see it; everything else goes on. A database
that is busy, full or gone is nobody's row: that passes through, and the whole is tried again later.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from crm import validation_messages
from crm.errors import CrmError, TimedOut, Unreadable

RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
"""How long a row that failed unexpectedly rests, try by try; then as long as the last time each time."""

_SQLITE_ROWS_FAULTS = frozenset({1, 18, 19, 20, 25})
"""Primary codes of a statement that makes no sense or is too large (ERROR, TOOBIG, CONSTRAINT, MISMATCH, RANGE); all
others are about the file, the lock or the machine."""
_POSTGRESQL_LIMITS = "54"
"""Class of errors of a statement that is too complex."""

log = structlog.get_logger()


@dataclass
class Attempt:
    """How the work of one row ended; without a reason it succeeded."""

    reason: str | None = None
    """What went wrong, for people: no address, no name, no text of a message."""
    error: Exception | None = None

    @property
    def failed(self) -> bool:
        return self.error is not None

    @property
    def is_quick_to_check(self) -> bool:
        """Whether the error was foreseen, and comes up before anything is done: then it may be asked for every turn."""
        return isinstance(self.error, CrmError) and not isinstance(self.error, Unreadable | TimedOut)


@contextmanager
def isolated(subject: str, session: Session | None = None, *, known: str | None = None) -> Iterator[Attempt]:
    """Do what the block does for one row; if it fails, undo that alone and say why.

    `subject` is the row's name in the log, e.g. `campaign:7`. With `session` the work is a part of its transaction (a
    savepoint: on PostgreSQL an error would void the whole); without it the block has a transaction of its own. A
    reason that is `known` already is not logged again. Raises only what is the database's trouble and not the row's.
    """
    attempt = Attempt()
    work: AbstractContextManager[Any] = nullcontext() if session is None else session.begin_nested()
    try:
        with work:
            yield attempt
    except Exception as error:
        if is_of_the_database(error):
            raise
        attempt.error, attempt.reason = error, in_words(error, subject)
        if known is None or attempt.reason not in known:
            kind = subject.partition(":")[0]
            is_bug = not isinstance(error, CrmError)
            log.warning("row.held", kind=kind, subject=subject, reason=attempt.reason, exc_info=is_bug)


@dataclass
class Stages:
    """The parts of one turn, each of which is done whatever became of the others; `finish` raises what stopped one."""

    errors: list[Exception] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            log.warning("stage.failed", stage=name, error=type(error).__name__, exc_info=bool(self.errors))
            self.errors.append(error)

    def finish(self) -> None:
        if self.errors:
            raise self.errors[0]


def next_try(tries: int, now: datetime) -> datetime:
    """When a row that failed so many times before is tried again."""
    return now + RETRY_AFTER[min(tries, len(RETRY_AFTER) - 1)]


def in_words(error: Exception, subject: str) -> str:
    """The reason that people are shown. Errors that are not ours may quote what was stored: they stay in the log."""
    if isinstance(error, CrmError):
        return error.message
    if isinstance(error, ValidationError):
        return (
            f"what is stored for it cannot be read: {validation_messages.sentence(error.errors(include_url=False)[0])}"
        )
    return f"an unexpected error ({type(error).__name__}); the log has it under {subject}"


def is_of_the_database(error: Exception) -> bool:
    """Whether the database is busy, full or away, so that any row would have met it."""
    if isinstance(error, PoolTimeout | InterfaceError):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if not isinstance(error, OperationalError):
        return False
    sqlite_code = getattr(error.orig, "sqlite_errorcode", None)
    if sqlite_code is not None:
        return sqlite_code & 0xFF not in _SQLITE_ROWS_FAULTS
    state = getattr(error.orig, "sqlstate", None)
    return not (state or "").startswith(_POSTGRESQL_LIMITS)
