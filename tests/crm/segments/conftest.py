"""A database for random worlds: each example writes one, looks at it and rolls it back."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm.database import Sessions, open_engine, open_sessions


@pytest.fixture(scope="module")
def world_sessions(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sessions]:
    path = tmp_path_factory.mktemp("worlds") / "nurture.sqlite"
    shutil.copy(empty_database, path)
    engine = open_engine(f"sqlite:///{path}")
    yield open_sessions(engine)
    engine.dispose()
