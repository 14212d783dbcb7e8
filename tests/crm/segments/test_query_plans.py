"""The six questions of the speed targets go through their indexes: nobody loses one without noticing."""

import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.catalog import CATALOG
from crm.database import Sessions, open_engine, open_sessions, read_only
from crm.segments import service as segments
from crm.segments.definition import parse_definition
from evals.benchmarks.segments.load import load_world
from evals.benchmarks.segments.measure import open_bench_scope
from evals.benchmarks.segments.plans import query_plan
from evals.benchmarks.segments.questions import six_questions
from evals.benchmarks.segments.world import prepared_world

MEMBERS, ORDERS_EACH = 50_000, 2
"""As many members as it takes for the planner to mind; it does not see how many orders stand behind the facts."""

INDEXES = {
    "a": ("ix_member_facts_tier_last_order_at",),
    "b": ("ix_member_facts_tier_spend_90d",),
    "c": ("ix_members_birth_month_day",),
    "d": ("ix_member_facts_weekly_activity_ratio",),
    "e": ("ix_member_facts_spend_12m_last_order_at",),
    "f": ("ix_member_facts_last_order_at_joined_at",),
}
"""By question, what both its count and its list must read."""
KEYS = {
    "b": ("member_categories USING PRIMARY KEY", "consents USING PRIMARY KEY", "sqlite_autoindex_member_tags_1"),
}
"""Keys of tables that are looked up for each member that the index leaves."""


@pytest.fixture(scope="module")
def bench_database(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plans")
    path = folder / "nurture.sqlite"
    shutil.copy(empty_database, path)
    engine = open_engine(f"sqlite:///{path}")
    load_world(open_sessions(engine), prepared_world(folder, MEMBERS, orders_each=ORDERS_EACH))
    engine.dispose()
    return path


@pytest.fixture
def bench_sessions(bench_database: Path) -> Iterator[Sessions]:
    """Over a connection of the test's own: one that explained a statement before repeats its answer."""
    engine = open_engine(f"sqlite:///{bench_database}")
    yield open_sessions(engine)
    engine.dispose()


def asked(session: Session, letter: str) -> dict[str, Callable[[], Any]]:
    """The question as a count and as a list."""
    scope = open_bench_scope(session)
    definition = parse_definition(six_questions()[letter], CATALOG)
    return {
        "count": partial(segments.count, session, definition, scope),
        "list": partial(segments.member_ids, session, definition, scope),
    }


def missing(session: Session, letter: str, what: str) -> list[str]:
    """The indexes and keys that the database means to do without."""
    plan = "\n".join(query_plan(session, asked(session, letter)[what]))
    return [name for name in (*INDEXES[letter], *KEYS.get(letter, ())) if not re.search(rf"\b{name}\b", plan)]


@pytest.mark.parametrize("what", ["count", "list"])
@pytest.mark.parametrize("letter", INDEXES)
def test_a_question_reads_its_index(bench_sessions: Sessions, letter: str, what: str) -> None:
    with read_only(bench_sessions) as session:
        assert missing(session, letter, what) == []


@pytest.mark.parametrize("letter", INDEXES)
def test_a_lost_index_is_noticed(bench_sessions: Sessions, letter: str) -> None:
    with bench_sessions() as session:
        for name in INDEXES[letter]:
            session.execute(text(f"DROP INDEX {name}"))
        assert missing(session, letter, "count") == list(INDEXES[letter])
        session.rollback()


@pytest.mark.parametrize("letter", INDEXES)
def test_no_question_goes_through_the_rows(bench_sessions: Sessions, letter: str) -> None:
    with read_only(bench_sessions) as session:
        plan = "\n".join(query_plan(session, asked(session, letter)["count"]))
    assert not {table for table in ("orders", "order_lines", "activity_events") if f" {table}" in plan}
