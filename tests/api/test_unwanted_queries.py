"""A count over its time limit is answered with a sentence; one that nobody waits for any more is stopped."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from api.app import create_app
from api.bootstrap import Nurture, bootstrap
from crm.datasets.people import DEMO_PASSWORD
from tests.api.conftest import database_of, free_port, settings_of

RICH_IN_POINTS = {"all": [{"field": "points_balance", "op": ">", "value": 5000}]}
COUNT = {"definition": RICH_IN_POINTS, "sample": 0}
SPLIT = {"definition": RICH_IN_POINTS, "group_by": ["tier"]}
SOON_SECONDS = 20.0
NOT_FOR_POSTGRESQL = ("PRAGMA foreign_keys=OFF", "PRAGMA legacy_alter_table=ON")
ENDLESS_POINTS = (
    "ALTER TABLE points_accounts RENAME TO points_kept",
    """CREATE VIEW points_accounts AS SELECT points_kept.* FROM points_kept, (
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT i FROM n
    ) AS endless""",
)
ENDED_POINTS = ("DROP VIEW points_accounts", "ALTER TABLE points_kept RENAME TO points_accounts")


def make_endless(home: Path) -> None:
    """Points accounts become a view that never ends: whoever asks for points waits, really."""
    run_behind_its_back(home, *ENDLESS_POINTS)


def run_behind_its_back(home: Path, *statements: str) -> None:
    """Each statement by itself, without a transaction around it."""
    with database_of(home) as engine, engine.connect() as pooled:
        driver = pooled.connection.driver_connection
        assert driver is not None
        if engine.dialect.name == "postgresql":
            driver.autocommit = True
        else:
            statements = (*NOT_FOR_POSTGRESQL, *statements)
        for statement in statements:
            driver.execute(statement)


@contextmanager
def answering(home: Path, read_seconds: float) -> Iterator[tuple[Nurture, httpx.Client]]:
    """The API on loopback inside this process, so that its threads can be seen, and a signed-in client."""
    nurture = bootstrap(settings_of(home, read_seconds=read_seconds))
    app = create_app(nurture, internal_token="internal", with_pages=False)
    server = uvicorn.Server(uvicorn.Config(app, port=free_port(), log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        _until(lambda: server.started)
        with httpx.Client(base_url=f"http://127.0.0.1:{server.config.port}", timeout=30) as client:
            client.post("/api/session", json={"username": "mia", "password": DEMO_PASSWORD}).raise_for_status()
            yield nurture, client
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def _until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON_SECONDS * 2
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not come to that")
        time.sleep(0.01)


def _is_counting() -> bool:
    return any(thread.name == "query-watch" for thread in threading.enumerate())


def _connections_out(nurture: Nurture) -> int:
    return int(nurture.engine.pool.checkedout())  # type: ignore[attr-defined]


@pytest.fixture
def endless_home(home: Path) -> Path:
    make_endless(home)
    return home


@pytest.mark.parametrize(("path", "body"), [("query", COUNT), ("breakdown", SPLIT)])
def test_a_count_over_its_limit_is_a_problem_that_says_what_to_do(
    endless_home: Path, path: str, body: dict[str, object]
) -> None:
    with answering(endless_home, read_seconds=0.3) as (nurture, client):
        began = time.monotonic()
        answer = client.post(f"/api/segments/{path}", json=body)
        assert time.monotonic() - began < SOON_SECONDS
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:nurture:timed_out")
        assert answer.json()["detail"].startswith("this took longer than 0.3 s and was stopped; narrow it")
        assert "SELECT" not in answer.text
        assert client.get("/api/segments/fields").status_code == 200
        _until(lambda: not _connections_out(nurture))


def test_the_query_stops_when_the_client_hangs_up(endless_home: Path) -> None:
    with answering(endless_home, read_seconds=600) as (nurture, client):
        with pytest.raises(httpx.ReadTimeout):
            client.post("/api/segments/query", json=COUNT, timeout=httpx.Timeout(5, read=0.4))
        began = time.monotonic()
        _until(lambda: not _is_counting())
        # The thread hands its connection back a moment after the watch over its query has ended.
        _until(lambda: not _connections_out(nurture))
        assert time.monotonic() - began < SOON_SECONDS
        assert client.get("/api/segments/fields").status_code == 200
