"""Fast inserts of columns into tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from sqlite3 import OperationalError
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, Table, func, inspect, select, text
from sqlalchemy.orm import DeclarativeBase, Session

from crm.database import Sessions, open_sessions
from crm.datasets.summary import Progress, no_progress

CHUNK_ROWS = 50_000
LOAD_PRAGMAS = {"busy_timeout": 1, "journal_mode": "DELETE", "cache_size": -128_000, "temp_store": "FILE"}
"""How SQLite works while much is written. With its usual cache of 2 MB, every index of a large load is read from the
file and written back again and again; sorting for an index works in portions of this size, too, and larger ones do
not fit the processor's cache and take twice as long."""

Column = NDArray[Any] | Sequence[Any]


def table_of(model: type[DeclarativeBase]) -> Table:
    table = inspect(model).local_table
    assert isinstance(table, Table)  # noqa: S101 - every model of ours is one table
    return table


def insert_columns(
    session: Session, model: type[DeclarativeBase], columns: Mapping[str, Column], progress: Progress = no_progress
) -> int:
    """Insert rows given as columns of equal length; gives their number.

    Values go to the driver as they are: moments as epoch seconds, days as ISO text, enums as their words.
    """
    table = table_of(model)
    total = len(next(iter(columns.values())))
    write = _copy_rows if session.get_bind().dialect.name == "postgresql" else _insert_rows
    for start in range(0, total, CHUNK_ROWS):
        end = min(start + CHUNK_ROWS, total)
        chunk = (_as_python(column[start:end]) for column in columns.values())
        write(session, table, columns, zip(*chunk, strict=True))
        progress(table.name.replace("_", " "), end, total)
    return total


def _insert_rows(session: Session, table: Table, names: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> None:
    names = tuple(names)
    marks = ", ".join("?" * len(names))
    statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - names of ours
    driver = session.connection().connection.driver_connection
    assert driver is not None  # noqa: S101 - a session in use has one
    # Rows are made as the driver takes them: a list of them first costs a fifth of the time.
    driver.executemany(statement, rows)


def _copy_rows(session: Session, table: Table, names: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """PostgreSQL's own way for many rows, several times as fast as INSERT."""
    driver = session.connection().connection.driver_connection
    assert driver is not None  # noqa: S101 - a session in use has one
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


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


def _as_python(column: Column) -> Sequence[Any]:
    return column.tolist() if isinstance(column, np.ndarray) else column
