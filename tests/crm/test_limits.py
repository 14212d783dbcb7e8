"""A query that takes too long, or that nobody waits for any more, is stopped and leaves nothing behind."""

import threading
import time
from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError

from crm.access.models import AuditEntry
from crm.database import Sessions, open_sessions, read_only, unit_of_work
from crm.errors import Cancelled, TimedOut
from crm.limits import Cancellation, limited
from tests.agent.probe_tools import ENDLESS
from tests.conftest import DATABASE_KINDS, OpenDatabase

SOON_SECONDS = 20.0
"""Long for a busy machine, short beside a query that would run for hours."""


@pytest.fixture(params=DATABASE_KINDS)
def engine(request: pytest.FixtureRequest, open_database: OpenDatabase) -> Iterator[Engine]:
    """Both databases in every run: each stops a statement in its own way."""
    with open_database(request.param) as engine:
        yield engine


@pytest.fixture
def sessions(engine: Engine) -> Sessions:
    return open_sessions(engine)


def _watches() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "query-watch"]


def _still_answers(sessions: Sessions) -> bool:
    with read_only(sessions) as session:
        return session.scalar(text("SELECT 42")) == 42


def test_a_query_over_its_limit_is_stopped_with_a_sentence_that_says_what_to_do(sessions: Sessions) -> None:
    began = time.monotonic()
    with (
        pytest.raises(TimedOut, match=r"longer than 0\.2 s and was stopped; narrow it"),
        read_only(sessions) as session,
        limited(session, seconds=0.2),
    ):
        session.execute(ENDLESS)
    assert 0.2 <= time.monotonic() - began < SOON_SECONDS
    assert _watches() == []
    assert _still_answers(sessions)


def test_a_query_that_nobody_waits_for_is_stopped_from_another_thread(sessions: Sessions) -> None:
    cancellation = Cancellation()
    timer = threading.Timer(0.2, cancellation.cancel)
    timer.start()
    began = time.monotonic()
    with (
        pytest.raises(Cancelled, match="no longer wanted"),
        read_only(sessions) as session,
        limited(session, seconds=60, cancellation=cancellation),
    ):
        session.execute(ENDLESS)
    timer.join()
    assert time.monotonic() - began < SOON_SECONDS
    assert _watches() == []
    assert _still_answers(sessions)


def test_the_connection_that_was_stopped_answers_again_in_its_own_pool(sessions: Sessions) -> None:
    for _ in range(8):  # more than the pool holds: a leaked connection would be missed
        with pytest.raises(TimedOut), read_only(sessions) as session, limited(session, seconds=0.05):
            session.execute(ENDLESS)
        assert _still_answers(sessions)
    assert sessions.kw["bind"].pool.checkedout() == 0


def test_what_is_cancelled_before_it_begins_asks_nothing(sessions: Sessions) -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    with (
        pytest.raises(Cancelled, match="before it began"),
        read_only(sessions) as session,
        limited(session, seconds=60, cancellation=cancellation),
    ):
        pytest.fail("the work began")


def test_a_cancel_between_two_statements_stops_the_second(sessions: Sessions) -> None:
    cancellation = Cancellation()

    def work() -> None:
        with read_only(sessions) as session, limited(session, seconds=60, cancellation=cancellation):
            session.execute(text("SELECT 1"))
            cancellation.cancel()
            time.sleep(0.1)
            session.execute(ENDLESS)

    with pytest.raises(Cancelled):
        work()


def test_a_stopped_write_leaves_nothing(sessions: Sessions, now: datetime) -> None:
    def work() -> None:
        with unit_of_work(sessions) as session, limited(session, seconds=0.2):
            session.add(AuditEntry(at=now, action="x.done", subject="y:1", detail={}))
            session.flush()
            session.execute(ENDLESS)

    with pytest.raises(TimedOut):
        work()
    with unit_of_work(sessions) as session:
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == 0
        session.add(AuditEntry(at=now, action="x.done", subject="y:1", detail={}))
    with read_only(sessions) as session:
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == 1


def test_work_within_its_limit_is_left_alone(sessions: Sessions) -> None:
    with read_only(sessions) as session:
        with limited(session, seconds=60):
            assert session.scalar(text("SELECT 1")) == 1
        # The limit ends with its block: what follows on the same session is not watched.
        assert _watches() == []
        assert session.scalar(text("SELECT 2")) == 2


def test_another_error_of_the_database_passes_through(sessions: Sessions) -> None:
    with pytest.raises(DBAPIError, match="no_such_table"), read_only(sessions) as session:  # noqa: SIM117
        with limited(session, seconds=60):
            session.execute(text("SELECT * FROM no_such_table"))
