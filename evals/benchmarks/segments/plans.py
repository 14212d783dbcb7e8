"""The SQL that a count or a list really sends, and how the database means to run it."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.orm import Session


def last_statement(session: Session, ask: Callable[[], Any]) -> tuple[str, Any]:
    """The last statement that `ask` sends, with its parameters."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Connection, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        sent.append((statement, parameters))

    engine = session.get_bind().engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return sent[-1]


def query_plan(session: Session, ask: Callable[[], Any]) -> list[str]:
    """One line a step, as the database's own EXPLAIN words it."""
    statement, parameters = last_statement(session, ask)
    connection = session.connection()
    explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    return [str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {statement}", parameters)]
