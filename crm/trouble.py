"""What went wrong below us, told apart: what a person can do something about, what passes, and what is a bug.

Asked at the edges only (API, pages, command line, assistant); inside, errors of the database stay what they are.
"""

import errno
import secrets
import sqlite3
from typing import Any

import structlog
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crm.errors import CrmError, InvalidRequest, Unavailable

log = structlog.get_logger()

_TOLD = "_nurture_told"
"""On an error: what was said of it."""
_SQLITE_WORDS = {
    sqlite3.SQLITE_BUSY: "the database is busy: something else has been writing to it for too long; try again shortly",
    sqlite3.SQLITE_LOCKED: "the database is busy: something else has been writing to it for too long; try again "
    "shortly",
    sqlite3.SQLITE_FULL: "the disk is full, so nothing can be stored; free some space and try again",
    sqlite3.SQLITE_READONLY: "the database may only be read here; let the user of this process write to its file and "
    "its folder",
    sqlite3.SQLITE_CANTOPEN: "the database file cannot be opened; look whether its folder exists, may be written to "
    "and has space left",
    sqlite3.SQLITE_IOERR: "the disk refused to read or write the database; look whether it is full or failing",
    sqlite3.SQLITE_CORRUPT: "the database file is damaged; restore it from a backup",
    sqlite3.SQLITE_NOTADB: "the database file is not a SQLite database; point DATABASE_URL or NURTURE_HOME at "
    "another place",
}
"""By the primary result code, the lowest byte of what SQLite reports."""
_POSTGRES_WORDS = {
    "08": "the connection to the database was lost; try again shortly",
    "53": "the database has no room left: connections, memory or disk; try again shortly",
    "57": "the database is being stopped or has stopped this; try again shortly",
    "40": "somebody else changed the same rows at this moment; try again",
    "55": "the rows are locked by somebody else; try again shortly",
    "58": "the database's own disk or system failed; look at its log",
    "25": "the database may only be read here; point DATABASE_URL at the primary",
    "XX": "the database reports damaged data; look at its log",
}
"""By the class of the SQLSTATE."""
_OUT_OF_REACH = "a number or day in this is larger than can be kept; give a smaller one"
_NO_TEXT = "a text in this holds a character that cannot be kept; leave control characters and half characters out"


class Fault(CrmError):
    """A bug of ours, as others hear of it: with the number under which the log holds the rest."""

    code = "internal_error"

    def __init__(self, number: str) -> None:
        super().__init__(
            f"something went wrong on our side (fault {number}); the log of this process says more under that number"
        )
        self.number = number


def explain(error: BaseException, event: str, **context: Any) -> CrmError:
    """What to tell whoever waits, after what is not theirs has been logged. Asked twice of one error, it logs once."""
    told: CrmError | None = getattr(error, _TOLD, None) or expected_of(error)
    if told is error:
        return told
    if told is None:
        told = Fault(secrets.token_hex(6))
        log.error(event, fault=told.number, exc_info=error, **context)
    elif not hasattr(error, _TOLD):
        # Ours to look at all the same: some input got further than it should, or the database is not well.
        log.warning(event, code=told.code, exc_info=error, **context)
    setattr(error, _TOLD, told)
    return told


def expected_of(error: BaseException) -> CrmError | None:
    """What an error is to the person who waits for the answer; None for a bug of ours."""
    if isinstance(error, CrmError):
        return error
    if isinstance(error, PoolTimeout):
        return Unavailable("too many requests use the database at this moment; try again shortly")
    if isinstance(error, DBAPIError):
        return _of_database(error)
    if isinstance(error, sqlite3.Error):
        words = words_of_sqlite(error)
        return Unavailable(words) if words else None
    if isinstance(error, OverflowError):
        return InvalidRequest(_OUT_OF_REACH)
    if isinstance(error, UnicodeEncodeError):
        return InvalidRequest(_NO_TEXT)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Unavailable(_SQLITE_WORDS[sqlite3.SQLITE_FULL])
    return None


def words_of_sqlite(error: BaseException | None) -> str | None:
    """What SQLite could not do; None when it is no such trouble."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else _SQLITE_WORDS.get(code & 0xFF)


def _of_database(error: DBAPIError) -> CrmError | None:
    driver_error = error.orig
    if words := words_of_sqlite(driver_error):
        return Unavailable(words)
    if isinstance(error, DataError):
        is_text = "NUL" in str(driver_error) or "surrogate" in str(driver_error)
        return InvalidRequest(_NO_TEXT if is_text else _OUT_OF_REACH)
    state = getattr(driver_error, "sqlstate", None)
    if state:
        words = _POSTGRES_WORDS.get(state[:2])
        return Unavailable(words) if words else None
    if isinstance(error, OperationalError | InterfaceError) and getattr(driver_error, "sqlite_errorcode", None) is None:
        return Unavailable(_POSTGRES_WORDS["08"])
    return None
