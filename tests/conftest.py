"""What every test may use: a real, migrated SQLite file of its own, and a fixed moment."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, settings
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from crm.database import Sessions, open_engine, open_sessions, unit_of_work
from crm.migrations import migrate
from crm.workspace import Workspace

# CI tries the same examples each time, so that a red run is about the change; everybody else explores and shrinks.
settings.register_profile("ci", derandomize=True, phases=(Phase.explicit, Phase.generate))
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file; tests copy it."""
    path = tmp_path_factory.mktemp("template") / "nurture.sqlite"
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture
def engine(empty_database: Path, tmp_path: Path) -> Iterator[Engine]:
    path = tmp_path / "nurture.sqlite"
    shutil.copy(empty_database, path)
    engine = open_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


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
