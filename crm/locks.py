"""One holder of a name at a time, over all processes on a database; whoever dies lets go at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, text

_TAKE = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
_GIVE_BACK = text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))")


@dataclass(frozen=True)
class Lock:
    is_mine: bool
    """False when somebody else holds the name."""
    connection: Connection | None = None

    def check(self) -> None:
        """Raises OperationalError when the connection, and with it the name, is lost."""
        if self.connection is not None:
            self.connection.execute(text("SELECT 1"))


@contextmanager
def exclusive_lock(engine: Engine, name: str) -> Iterator[Lock]:
    """Try to be the only one of that name while the block runs; never waits.

    On PostgreSQL by an advisory lock of a connection of its own, on SQLite by a lock file beside the database.
    """
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            taken = connection.scalar(_TAKE, {"name": _scoped(name)}) is True
            try:
                yield Lock(taken, connection)
            finally:
                # A lost connection has let go of the name already.
                if taken and not connection.invalidated:
                    connection.execute(_GIVE_BACK, {"name": _scoped(name)})
        return
    database = Path(engine.url.database or "")
    lock = FileLock(database.with_name(f"{database.name}.{name}.lock"), thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield Lock(is_mine=False)
        return
    try:
        yield Lock(is_mine=True)
    finally:
        lock.release()


def _scoped(name: str) -> str:
    return f"nurture:{name}"
