"""Where the state of conversations lies, and who may answer in one now: files on SQLite, the database on PostgreSQL.

So several servers share the conversations of one PostgreSQL database, pending questions included (decision 23).
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import aiosqlite
import psycopg
from filelock import AsyncFileLock, Timeout
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import Engine

from agent.checkpoint_move import move_into_database
from agent.checkpoint_reader import StrictReader
from crm.errors import Unavailable

CHECKPOINTS_FILE = "checkpoints.sqlite"
LOCK_WAIT_SECONDS = 120
"""How long a message waits for the turn before it in the same conversation."""
POOL_SIZE = 8
"""Connections for checkpoints; a turn holds one only while it reads or writes."""

_BUSY = "another message of this conversation is still being answered; try again"


class CheckpointStore(Protocol):
    saver: BaseCheckpointSaver[Any]

    def lock(self, thread_id: str, *, wait_seconds: float = LOCK_WAIT_SECONDS) -> AbstractAsyncContextManager[None]:
        """Be the only one who answers in the conversation, over all processes that share it; whoever dies lets go.

        Raises Unavailable after `wait_seconds`.
        """
        ...

    async def prune(self, thread_id: str) -> None:
        """Forget all but the newest checkpoint of a conversation; each one holds every message again."""
        ...


def open_checkpoint_store(engine: Engine, home: Path) -> AbstractAsyncContextManager[CheckpointStore]:
    """The store that belongs to the database. It lives in the event loop that opened it."""
    if engine.dialect.name == "postgresql":
        address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return _open_in_database(address, home)
    return _open_file(home)


class _FileStore:
    """One file beside the database of one server, and a lock file for each conversation."""

    def __init__(self, saver: AsyncSqliteSaver, home: Path) -> None:
        self.saver: BaseCheckpointSaver[Any] = saver
        self._sqlite = saver
        self._locks = home / "locks"

    @asynccontextmanager
    async def lock(self, thread_id: str, *, wait_seconds: float = LOCK_WAIT_SECONDS) -> AsyncIterator[None]:
        self._locks.mkdir(parents=True, exist_ok=True)
        try:
            async with AsyncFileLock(self._locks / f"{thread_id}.lock", timeout=wait_seconds):
                yield
        except Timeout as error:
            raise Unavailable(_BUSY) from error

    async def prune(self, thread_id: str) -> None:
        newest = "(SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = ? AND checkpoint_ns = '')"
        async with self._sqlite.lock, self._sqlite.conn.cursor() as cursor:
            for table in ("writes", "checkpoints"):
                await cursor.execute(
                    f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_ns = '' AND checkpoint_id < {newest}",  # noqa: S608
                    (thread_id, thread_id),
                )
            await self._sqlite.conn.commit()


class _DatabaseStore:
    """The library's tables in the shared database, and an advisory lock for each conversation."""

    def __init__(self, saver: AsyncPostgresSaver, address: str) -> None:
        self.saver: BaseCheckpointSaver[Any] = saver
        self._address = address

    @asynccontextmanager
    async def lock(self, thread_id: str, *, wait_seconds: float = LOCK_WAIT_SECONDS) -> AsyncIterator[None]:
        # A connection of its own: the server lets go of the name with it, however this process ends.
        async with await psycopg.AsyncConnection.connect(self._address, autocommit=True) as connection:
            await connection.execute(f"SET lock_timeout = '{max(1, round(wait_seconds * 1000))}ms'".encode())
            try:
                await connection.execute(
                    "SELECT pg_advisory_lock(hashtextextended(%s, 0))", (f"nurture:thread:{thread_id}",)
                )
            except psycopg.errors.LockNotAvailable as error:
                raise Unavailable(_BUSY) from error
            yield

    async def prune(self, thread_id: str) -> None:
        await self.saver.aprune([thread_id])


@asynccontextmanager
async def _open_file(home: Path) -> AsyncIterator[CheckpointStore]:
    home.mkdir(parents=True, exist_ok=True)
    async with aiosqlite.connect(home / CHECKPOINTS_FILE, timeout=30) as connection:
        saver = AsyncSqliteSaver(connection, serde=StrictReader())
        await saver.setup()
        yield _FileStore(saver, home)


@asynccontextmanager
async def _open_in_database(address: str, home: Path) -> AsyncIterator[CheckpointStore]:
    # Prepared statements would outlive the tables that another server may just have changed.
    settings = {"autocommit": True, "prepare_threshold": None, "row_factory": dict_row}
    pool: AsyncConnectionPool[psycopg.AsyncConnection[DictRow]] = AsyncConnectionPool(
        address, kwargs=settings, min_size=1, max_size=POOL_SIZE, open=False, check=AsyncConnectionPool.check_connection
    )
    async with pool:
        saver = AsyncPostgresSaver(pool, serde=StrictReader())
        async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
            # Servers that start together make the tables one after the other.
            await connection.execute("SELECT pg_advisory_lock(hashtextextended('nurture:checkpoints', 0))")
            await saver.setup()
            await move_into_database(home / CHECKPOINTS_FILE, saver)
        yield _DatabaseStore(saver, address)
