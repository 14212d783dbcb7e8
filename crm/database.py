"""Engine, column types, sessions and the unit of work. `commit(` appears in this file only."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    Dialect,
    Engine,
    Enum,
    MetaData,
    TypeDecorator,
    create_engine,
    event,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from crm.errors import CrmError, InvalidRequest, Unavailable
from crm.trouble import words_of_sqlite

Sessions = sessionmaker[Session]

MOST_CONNECTIONS = 40
"""Of one engine. The server's threads are fitted to it (api/overload.py), so that none of them waits for another one's
connection; a server, its engine and a worker together leave PostgreSQL's usual hundred some room."""
KEPT_CONNECTIONS = 20
"""That stay open when nobody uses them."""
POOL_SECONDS = 10.0
"""How long somebody waits for a connection all the same, before he is told that the database is busy."""
MAPPED_BYTES = 16 * 2**30
"""How much of a SQLite file is read in place. Lookups all over a large file otherwise copy each page from the
system's cache: a fifth of the time of a segment that asks three tables about each of 40,000 members."""
BUSY_TIMEOUT_MS = 30_000
"""How long a SQLite writer waits for another one (CLI beside the server) before it gives up."""
LOCK_RETRY_SECONDS = 0.001
"""How often he asks whether his turn has come. SQLite asks every tenth of a second after a while, and hardly ever finds
the moment between two batches of the engine: opt-outs waited up to 9 of the 14 seconds of a run."""
WRITERS_TURN_SECONDS = 0.003
"""The pause in which somebody who writes much on SQLite lets the others in: a few of their attempts."""
LONGEST_TURN_SECONDS = 0.25
"""How long he waits at most for those of his own process, who may be late for their turn on a busy machine."""


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


class StoredJson(TypeDecorator[Any]):
    """JSON, of which text that is none reads as an object that says so: one bad row must not spoil a list of rows."""

    impl = JSON
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], Any] | None:
        read = super().result_processor(dialect, coltype)
        if read is None:
            return None

        def readable(value: Any) -> Any:
            try:
                return read(value)
            except (ValueError, RecursionError):
                return {UNREADABLE: str(value)[:UNREADABLE_CHARACTERS]}

        return readable


UNREADABLE = "unreadable_json"
"""The one key of what could not be read. No model knows it, so that reading such a row fails with a sentence."""
UNREADABLE_CHARACTERS = 80


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


def open_engine(url: str | URL, *, beside: Engine | None = None) -> Engine:
    """An engine for `url`; `beside` is another one of this process on the same database, for whom it lets writers in.

    Raises InvalidRequest when a SQLite path is no database, Unavailable when its file cannot be used at the moment.
    """
    parsed = make_url(url)
    pool: dict[str, Any] = {
        "pool_size": KEPT_CONNECTIONS,
        "max_overflow": MOST_CONNECTIONS - KEPT_CONNECTIONS,
        "pool_timeout": POOL_SECONDS,
    }
    if parsed.get_backend_name() != "sqlite":
        engine = create_engine(parsed, pool_pre_ping=True, **pool)
        event.listen(engine, "begin", _begin_postgresql)
        return engine
    if not parsed.database or parsed.database == ":memory:":
        pool = {}
    else:
        _make_folder(Path(parsed.database).parent)
    engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, **pool)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    writers = _Writers() if beside is None else beside.get_execution_options()["writers"]
    engine.update_execution_options(writers=writers)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    except DatabaseError as error:
        engine.dispose()
        raise _unusable(parsed.database or "", error) from error
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"the data folder {folder} cannot be made: {error.strerror}; choose another place") from error


def _unusable(path: str, error: DatabaseError) -> CrmError:
    """Told apart: a file that is no database, and one that is but cannot be used at the moment."""
    if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
        return InvalidRequest(
            f"{path} is not a SQLite database; point DATABASE_URL or NURTURE_HOME at another place",
        )
    return Unavailable(f"{path} cannot be used: {words_of_sqlite(error.orig) or error.orig}")


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


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that may write takes the write lock at once: upgrading a read snapshot later
    # fails with "database is locked" however long one waits.
    if connection.get_execution_options().get("read_only"):
        connection.exec_driver_sql("BEGIN DEFERRED")
        return
    connection.exec_driver_sql("PRAGMA busy_timeout=0")
    try:
        with connection.get_execution_options()["writers"].one_more():
            _wait_for_write_lock(connection)
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


class _Writers:
    """How many threads of this process wait for the write lock of one SQLite file."""

    def __init__(self) -> None:
        self._guard = Lock()
        self.waiting = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        with self._guard:
            self.waiting += 1
        try:
            yield
        finally:
            with self._guard:
                self.waiting -= 1


def _wait_for_write_lock(connection: Connection) -> None:
    deadline = monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except OperationalError as error:
            if "locked" not in str(error.orig) or monotonic() > deadline:
                raise
            sleep(LOCK_RETRY_SECONDS)
        else:
            return


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


def let_others_write(sessions: Sessions) -> None:
    """Between two transactions of many: on SQLite give whoever waits for the write lock the time to take it.

    Sessions on one connection hold the lock throughout, and pause for nobody.
    """
    bind = sessions.kw["bind"]
    if not isinstance(bind, Engine) or bind.dialect.name != "sqlite":
        return
    sleep(WRITERS_TURN_SECONDS)
    writers, deadline = bind.get_execution_options()["writers"], monotonic() + LONGEST_TURN_SECONDS
    while writers.waiting and monotonic() < deadline:
        sleep(LOCK_RETRY_SECONDS)


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
