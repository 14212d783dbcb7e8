"""What every test may use: a real, migrated database of its own, and a fixed moment."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, is_hypothesis_test, settings
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from crm.database import Sessions, open_engine, open_sessions, unit_of_work
from crm.workspace import Workspace
from tests.databases import PostgresServer, migrated_file, running_postgres

# CI tries the same examples each time, so that a red run is about the change; everybody else explores and shrinks.
settings.register_profile("ci", derandomize=True, phases=(Phase.explicit, Phase.generate))
# Beside them, a tenth of the examples from a seed that nobody has tried; `make test-fresh` prints it.
IS_FRESH = "NURTURE_TEST_FRESH" in os.environ
settings.register_profile("fresh", max_examples=10, print_blob=True, phases=(Phase.explicit, Phase.generate))
if IS_FRESH:
    settings.load_profile("fresh")
elif os.environ.get("CI"):
    settings.load_profile("ci")


DATABASE_KINDS = ("sqlite", "postgresql")
DATABASE_KIND = os.environ.get("NURTURE_TEST_DATABASE", "sqlite")
"""On which database `engine`, `sessions` and `session` run; `make test-postgres` sets it."""

DEEP_EXAMPLES = int(os.environ.get("NURTURE_TEST_EXAMPLES", "0"))


def examples(usual: int, *, share: float = 1) -> int:
    """How many examples a property suite tries: `usual`, or the share of what `make test-deep` asks for.

    From a fresh seed it is a tenth, and one at least.
    """
    return max(usual // 10, 1) if IS_FRESH else max(usual, round(DEEP_EXAMPLES * share))


DATABASE_FIXTURES = {"engine", "loaded_home"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs on the database under test; let the longest file begin first, so that no process waits for it."""
    for item in items:
        if is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("property")
        if DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("database")
    items.sort(key=lambda item: item.path.name != "test_docs.py")


OpenDatabase = Callable[[str], AbstractContextManager[Engine]]


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file; tests copy it."""
    return migrated_file(tmp_path_factory.mktemp("template") / "nurture.sqlite")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def open_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> OpenDatabase:
    """Opens a migrated, empty database of a kind: `with open_database("postgresql") as engine`."""

    @contextmanager
    def opened(kind: str) -> Iterator[Engine]:
        with ExitStack() as stack:
            if kind == "postgresql":
                url = stack.enter_context(request.getfixturevalue("postgres").new_database())
            else:
                path = tmp_path_factory.mktemp("database") / "nurture.sqlite"
                url = f"sqlite:///{shutil.copy(request.getfixturevalue('empty_database'), path)}"
            engine = open_engine(url)
            stack.callback(engine.dispose)
            yield engine

    return opened


@pytest.fixture
def engine(open_database: OpenDatabase) -> Iterator[Engine]:
    with open_database(DATABASE_KIND) as engine:
        yield engine


@pytest.fixture
def sessions(engine: Engine, zone: ZoneInfo) -> Sessions:
    """Sessions on a database that holds a workspace and nothing else."""
    sessions = open_sessions(engine)
    with unit_of_work(sessions) as session:
        session.add(
            Workspace(
                id=1,
                name="Test",
                dataset="demo",
                zone_name=zone.key,
                currency="CNY",
                clock_offset_seconds=0,
            )
        )
    return sessions


@pytest.fixture
def session(sessions: Sessions) -> Iterator[Session]:
    """One open transaction, rolled back at the end of the test."""
    session = sessions()
    yield session
    session.rollback()
    session.close()


@pytest.fixture(scope="session")
def zone() -> ZoneInfo:
    return ZoneInfo("Asia/Shanghai")


@pytest.fixture
def now() -> datetime:
    """Monday 1 June 2026, 09:00 in Shanghai."""
    return datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
