"""Several workers that start at once on a database whose facts nobody has kept yet."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from zoneinfo import ZoneInfo

from crm.activity.facts import check_facts, facts_stand_for, refresh_facts
from crm.database import open_engine, open_sessions, read_only, unit_of_work
from tests.builders import make_member
from tests.databases import PostgresServer

TODAY = date(2026, 6, 1)
ZONE = ZoneInfo("Asia/Shanghai")
WORKERS = 3


def test_workers_that_start_together_keep_the_facts_once(postgres: PostgresServer) -> None:
    with postgres.new_database() as url:
        engine = open_engine(url)
        sessions, start = open_sessions(engine), Barrier(WORKERS)
        with unit_of_work(sessions) as session:
            for _ in range(200):
                make_member(session)

        def keep() -> None:
            with unit_of_work(sessions) as session:
                start.wait(timeout=20)
                refresh_facts(session, TODAY, ZONE)

        with ThreadPoolExecutor(WORKERS) as threads:
            for kept in [threads.submit(keep) for _ in range(WORKERS)]:
                kept.result(timeout=60)
        with read_only(sessions) as session:
            assert facts_stand_for(session, TODAY, ZONE)
            assert list(check_facts(session)) == []
        engine.dispose()
