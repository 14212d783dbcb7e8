"""Loading much at once: memory, indexes and numbers of a database that is being filled."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from sqlite3 import OperationalError
from typing import Any

from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import DeclarativeBase, Session

from crm.bulk import Progress, no_progress, table_of
from crm.database import Sessions, open_sessions

LOAD_PRAGMAS = {"busy_timeout": 1, "journal_mode": "DELETE", "cache_size": -128_000, "temp_store": "FILE"}
"""How SQLite works while much is written. With its usual cache of 2 MB, every index of a large load is read from the
file and written back again and again; sorting for an index works in portions of this size, too, and larger ones do
not fit the processor's cache and take twice as long."""


@contextmanager
def for_loading(sessions: Sessions) -> Iterator[Sessions]:
    """Sessions for a large load, one after the other over one connection.

    SQLite has the memory for it there, sorts in files instead of one long list, and writes new pages where they
    belong: read back from a write-ahead log of gigabytes, each costs a search through it. Where somebody else has
    the file open, the log stays. PostgreSQL is set up for its machine by its owner.
    """
    engine: Engine = sessions.kw["bind"]
    if engine.dialect.name != "sqlite":
        yield sessions
        return
    engine.dispose()
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        usual = {name: driver.execute(f"PRAGMA {name}").fetchone()[0] for name in LOAD_PRAGMAS}
        _set_pragmas(driver, LOAD_PRAGMAS)
        try:
            yield open_sessions(connection)
        finally:
            connection.rollback()
            _set_pragmas(driver, usual)


def _set_pragmas(driver: Any, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        with suppress(OperationalError):  # what needs the file for itself is refused while others have it open
            driver.execute(f"PRAGMA {name}={value}")


@contextmanager
def indexed_at_the_end(
    session: Session, models: Sequence[type[DeclarativeBase]], progress: Progress = no_progress
) -> Iterator[None]:
    """Fill tables that are empty: their indexes are made once at the end, in order, instead of row by row.

    Unique ones stay, so that a double row is refused and foreign keys find what they point to.
    """
    connection = session.connection()
    indexes = [index for model in models for index in table_of(model).indexes if not index.unique]
    indexes.sort(key=lambda index: str(index.name))
    for index in indexes:
        index.drop(connection)
    yield
    for number, index in enumerate(indexes):
        progress("indexes", number, len(indexes))
        index.create(connection)
    progress("indexes", len(indexes), len(indexes))


def move_sequences(session: Session, models: Sequence[type[DeclarativeBase]]) -> None:
    """Let PostgreSQL number new rows after those that were inserted with ids of their own."""
    if session.get_bind().dialect.name != "postgresql":
        return
    for model in models:
        table = table_of(model)
        highest = session.scalar(select(func.max(table.c.id)))
        if highest is not None:
            session.execute(
                text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :highest)"),
                {"table": table.name, "highest": highest},
            )


def refresh_statistics(session: Session) -> None:
    """Tell the query planner how large the tables have become: a planner that guesses joins the wrong way round."""
    session.execute(text("ANALYZE"))


def highest_id(session: Session, model: type[DeclarativeBase]) -> int:
    """The largest id of a table, 0 when it is empty."""
    return session.scalar(select(func.max(table_of(model).c.id))) or 0


def count_rows(session: Session, model: type[DeclarativeBase]) -> int:
    return session.scalar(select(func.count()).select_from(table_of(model))) or 0
