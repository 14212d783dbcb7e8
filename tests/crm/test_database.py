"""What the database layer promises."""

import gc
import sqlite3
import threading
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, select
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

import agent.models
import crm.tables  # noqa: F401 - registers every table
from crm.access.models import AuditEntry
from crm.database import Base, Sessions, open_engine, unit_of_work
from crm.errors import InvalidRequest
from crm.migrations import alembic_config


def test_the_migrations_make_exactly_the_tables_that_the_code_names(engine: Engine) -> None:
    assert agent.models.Thread.__table__ in Base.metadata.tables.values()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_naive_moment_is_refused(session: Session) -> None:
    session.add(AuditEntry(at=datetime(2026, 6, 1), action="x", subject="y:1", detail={}))  # noqa: DTZ001
    with pytest.raises(StatementError, match="naive datetime"):
        session.flush()


def test_a_failed_use_case_leaves_nothing(sessions: Sessions, now: datetime) -> None:
    def use_case() -> None:
        with unit_of_work(sessions) as session:
            session.add(AuditEntry(at=now, action="x.done", subject="y:1", detail={}))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use_case()
    with sessions() as session:
        assert session.scalars(select(AuditEntry)).all() == []


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "nurture.sqlite"
    path.write_text("these are my notes, not a database " * 100)
    with pytest.raises(InvalidRequest, match="not a SQLite database"):
        open_engine(f"sqlite:///{path}")
    assert path.read_text().startswith("these are my notes")


def test_a_database_opened_while_somebody_writes_keeps_no_query_open(tmp_path: Path) -> None:
    """SQLite drops no table while another query of the connection is open."""
    path = tmp_path / "nurture.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("PRAGMA journal_mode=WAL").fetchall()
        other.execute("CREATE TABLE theirs (id INTEGER)")
        other.execute("BEGIN IMMEDIATE")
        done = threading.Timer(0.5, lambda: other.execute("COMMIT"))
        done.start()
        gc.disable()  # what is only closed when it is collected stays open
        try:
            engine = open_engine(f"sqlite:///{path}")
            with engine.begin() as connection:
                connection.exec_driver_sql("CREATE TEMPORARY TABLE ours (id INTEGER)")
                connection.exec_driver_sql("DROP TABLE ours")
            engine.dispose()
        finally:
            gc.enable()
            done.join()


def test_a_database_of_the_first_version_keeps_its_consents(tmp_path: Path) -> None:
    engine, config = open_engine(f"sqlite:///{tmp_path / 'old.sqlite'}"), alembic_config()

    def consents() -> list[tuple[Any, ...]]:
        columns = "member_id, channel, granted, changed_at, source"
        with engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(f"SELECT {columns} FROM consents")]

    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(
            "INSERT INTO members (id, external_ref, name, tier, joined_at) VALUES (7, 'M7', 'Zhang Min', 'gold', 0)"
        )
        connection.exec_driver_sql(
            "INSERT INTO consents (id, member_id, channel, granted, changed_at, source) "
            "VALUES (1, 7, 'sms', 1, 5, 'web')"
        )
    before = consents()
    for step in (command.upgrade, command.downgrade):
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            step(config, "head" if step is command.upgrade else "0001")
        assert consents() == before == [(7, "sms", 1, 5, "web")]
    engine.dispose()
