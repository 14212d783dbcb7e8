"""Fast inserts of columns into tables, and the question whether a database is free to be filled."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Table, func, inspect, select, text
from sqlalchemy.orm import DeclarativeBase, Session

from crm.datasets.summary import Progress, no_progress

CHUNK_ROWS = 50_000

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
    connection = session.connection()
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    names = ", ".join(columns)
    statement = f"INSERT INTO {table.name} ({names}) VALUES ({', '.join([mark] * len(columns))})"  # noqa: S608
    for start in range(0, total, CHUNK_ROWS):
        end = min(start + CHUNK_ROWS, total)
        rows = list(zip(*(_as_python(column[start:end]) for column in columns.values()), strict=True))
        connection.exec_driver_sql(statement, rows)
        progress(table.name.replace("_", " "), end, total)
    return total


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
