"""A small demo world, loaded once; tests that change it take a copy."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm.catalog import CATALOG
from crm.database import Sessions, open_engine, open_sessions
from crm.datasets.demo import load_demo
from crm.datasets.summary import LoadSummary
from tests.crm.datasets.worlds import MACHINE, MEMBERS


@pytest.fixture(scope="session")
def small_demo(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, LoadSummary]:
    path = tmp_path_factory.mktemp("demo") / "nurture.sqlite"
    shutil.copy(empty_database, path)
    engine = open_engine(f"sqlite:///{path}")
    summary = load_demo(open_sessions(engine), members=MEMBERS, machine=MACHINE, catalog=CATALOG)
    engine.dispose()
    return path, summary


@pytest.fixture
def open_demo(small_demo: tuple[Path, LoadSummary], tmp_path: Path) -> Iterator[Callable[[str], Sessions]]:
    """Opens a copy of the small demo under a name."""
    engines = []

    def open_copy(name: str) -> Sessions:
        path = tmp_path / f"{name}.sqlite"
        shutil.copy(small_demo[0], path)
        engines.append(open_engine(f"sqlite:///{path}"))
        return open_sessions(engines[-1])

    yield open_copy
    for engine in engines:
        engine.dispose()


@pytest.fixture
def demo(open_demo: Callable[[str], Sessions]) -> Sessions:
    return open_demo("demo")
