"""`nurture doctor` and /readyz say what is wrong with a database, and tell one trouble from another."""

import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api.bootstrap import bootstrap
from api.health import Readiness, examine
from crm.access import audit
from crm.database import open_engine, unit_of_work
from crm.errors import CrmError, InvalidRequest, Unavailable
from crm.settings import Settings
from crm.trouble import Fault, expected_of, explain
from tests.api.conftest import Server
from tests.conftest import DATABASE_KIND


@pytest.fixture
def file(empty_database: Path, tmp_path: Path) -> Path:
    path = tmp_path / "nurture.sqlite"
    path.write_bytes(empty_database.read_bytes())
    return path


def damage(path: Path) -> None:
    """Overwrite pages in the middle; the head stays that of a database."""
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 20 * 4096] = b"\xff" * 20 * 4096
    path.write_bytes(data)


def test_a_damaged_file_is_named_by_doctor_and_readyz(file: Path) -> None:
    nurture = bootstrap(Settings(home=file.parent))
    with unit_of_work(nurture.sessions) as session:
        for _ in range(300):
            audit.record(session, now=datetime.now(UTC), actor=None, action="test.noted", subject="x" * 3_000)
    assert Readiness(nurture).why_not() is None
    nurture.close()
    data = file.read_bytes()
    file.write_bytes(data[: -60 * 4096] + b"\xff" * 50 * 4096 + data[-10 * 4096 :])
    nurture = bootstrap(Settings(home=file.parent))
    assert "damaged" in str(Readiness(nurture).why_not())
    failed = {finding.part: finding.words for finding in examine(nurture) if not finding.is_ok}
    assert "damaged" in failed["file"]
    nurture.close()


def test_a_file_too_damaged_to_be_opened_is_called_damaged(file: Path) -> None:
    damage(file)
    with pytest.raises(Unavailable, match="damaged"):
        bootstrap(Settings(home=file.parent))


@pytest.mark.parametrize("content", [b"not a database " * 1_000, b"\x00" * 9_000, b"SQLite format 4\x00" * 600])
def test_a_file_that_is_none_is_called_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.sqlite"
    path.write_bytes(content)
    with pytest.raises(InvalidRequest, match="is not a SQLite database"):
        open_engine(f"sqlite:///{path}")
    assert path.read_bytes() == content


def test_a_folder_in_place_of_the_file_is_no_database_file_that_is_broken(tmp_path: Path) -> None:
    (tmp_path / "nurture.sqlite").mkdir()
    with pytest.raises(Unavailable, match="cannot be opened"):
        open_engine(f"sqlite:///{tmp_path / 'nurture.sqlite'}")


def raised(path: Path, *statements: str, timeout: float = 0) -> BaseException:
    """What the driver raises for the last statement, as the product gets it."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": timeout})
    try:
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
    except OperationalError as error:
        return error
    finally:
        engine.dispose()
    raise AssertionError("nothing went wrong")


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Somebody else is in the middle of a write."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    yield
    connection.close()


def test_locked_full_and_read_only_are_told_apart(file: Path) -> None:
    with held(file):
        locked = raised(file, "CREATE TABLE x (a)")
    full = raised(file, "PRAGMA max_page_count=1", "CREATE TABLE x AS SELECT zeroblob(10000000)")
    read_only = raised(file, "PRAGMA query_only=1", "CREATE TABLE x (a)")
    for error, words in ((locked, "busy"), (full, "disk is full"), (read_only, "only be read")):
        told = expected_of(error)
        assert isinstance(told, Unavailable)
        assert words in told.message


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OverflowError("Python int too large to convert to SQLite INTEGER"), InvalidRequest),
        (OSError(28, "No space left on device"), Unavailable),
        (ZeroDivisionError("a secret"), Fault),
        (RecursionError("deep"), Fault),
        (ValueError("a secret"), Fault),
        (KeyError("secret"), Fault),
    ],
)
def test_a_bug_is_told_by_its_number_alone(error: Exception, kind: type[CrmError]) -> None:
    told = explain(error, "test.failed")
    assert type(told) is kind
    assert "secret" not in told.message
    assert explain(error, "test.failed") is told


def test_text_that_no_database_keeps_is_no_fault_of_ours(session: Session) -> None:
    with pytest.raises(Exception, match=r".") as caught:
        session.connection().exec_driver_sql("SELECT '\ud800'")
    assert isinstance(expected_of(caught.value), InvalidRequest)


@pytest.mark.skipif(DATABASE_KIND == "postgresql", reason="a SQLite file is damaged")
def test_the_command_line_shows_no_stack_trace(
    run_command: Callable[..., "subprocess.CompletedProcess[str]"], home: Path
) -> None:
    damage(home / "nurture.sqlite")
    for command in (("doctor",), ("ask", "--as", "mia", "how many members?"), ("campaign", "list")):
        answer = run_command(*command)
        assert "Traceback" not in "\n".join(line for line in answer.stderr.splitlines() if not line.startswith("{"))
    assert answer.returncode in (0, 1)


def test_a_server_that_was_asked_to_stop_leaves_its_folder_free(server: Server, home: Path) -> None:
    assert (home / "server.json").exists()
    assert httpx.get(f"{server.url}/readyz").status_code == 200
    server.process.terminate()
    assert server.process.wait(timeout=30) == 0
    assert not (home / "server.json").exists()
