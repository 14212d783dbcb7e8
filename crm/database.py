"""Engine, column types, sessions and the unit of work. `commit(` appears in this file only."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Connection, Dialect, Engine, Enum, MetaData, TypeDecorator, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from crm.errors import InvalidRequest

Sessions = sessionmaker[Session]

MAPPED_BYTES = 16 * 2**30
"""How much of a SQLite file is read in place. Lookups all over a large file otherwise copy each page from the
system's cache: a fifth of the time of a segment that asks three tables about each of 40,000 members."""
BUSY_TIMEOUT_MS = 30_000
"""How long a SQLite writer waits for another one (CLI beside the server) before it gives up."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, stored as integer epoch seconds on every database; refuses naive values.

    Text would double the SQLite file and slow scans by half (docs/decisions/0003).
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: attach a time zone before it is stored")
        return int(value.timestamp())

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromtimestamp(int(value), UTC)


class Base(DeclarativeBase):
    """Base of every table. Constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        # Stored as the value in plain text, on every database: a new member needs no migration.
        StrEnum: Enum(
            StrEnum,
            native_enum=False,
            create_constraint=False,
            length=32,
            values_callable=lambda members: [member.value for member in members],
        ),
    }


def open_engine(url: str) -> Engine:
    """An engine for `url`. Raises InvalidRequest when a SQLite path is no database."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = create_engine(parsed, pool_pre_ping=True)
        event.listen(engine, "begin", _begin_postgresql)
        return engine
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
    except DatabaseError as error:
        raise InvalidRequest(
            f"{parsed.database} is not a SQLite database; point DATABASE_URL or NURTURE_HOME at another place"
        ) from error
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN would start transactions too late for snapshots; see _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.execute(f"PRAGMA mmap_size={MAPPED_BYTES}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    # A transaction that may write takes the write lock at once: upgrading a read snapshot later
    # fails with "database is locked" however long one waits.
    mode = "DEFERRED" if connection.get_execution_options().get("read_only") else "IMMEDIATE"
    connection.exec_driver_sql(f"BEGIN {mode}")


def _begin_postgresql(connection: Any) -> None:
    # As on SQLite, whatever is read in one `read_only` block comes from one snapshot. Not READ ONLY to the
    # database: a campaign's plan is worked out in temporary tables.
    if connection.get_execution_options().get("read_only"):
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def open_sessions(engine: Engine | Connection) -> Sessions:
    """Sessions on a database, or one after the other on one connection to it."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def unit_of_work(sessions: Sessions) -> Iterator[Session]:
    """One use case, one transaction: commits at the end, rolls back on any error."""
    session = sessions()
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.close()


@contextmanager
def read_only(sessions: Sessions) -> Iterator[Session]:
    """A session on one consistent snapshot that is always rolled back; it never blocks a writer."""
    session = sessions()
    try:
        session.connection(execution_options={"read_only": True})
        yield session
    finally:
        # What was read stays readable: a rollback would expire every attribute of the rows still attached.
        session.expunge_all()
        session.rollback()
        session.close()
