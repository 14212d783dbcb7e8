"""Times counts and ids of segments and their yardstick in turn, and checks that they name the same members."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Any

import duckdb
import numpy as np
from sqlalchemy.orm import Session

from crm.access.service import find_actor
from crm.catalog import CATALOG, segment_scope
from crm.errors import Conflict
from crm.segments import service as segments
from crm.segments.definition import Definition, parse_definition
from crm.segments.scope import SegmentScope
from evals.benchmarks.segments.duck import member_queries
from evals.benchmarks.segments.load import now
from evals.benchmarks.segments.plans import query_plan
from evals.benchmarks.segments.questions import more_questions, six_questions
from evals.benchmarks.segments.world import CSM_IDS

REPEATS = 5
Ask = Callable[[], Any]
Note = Callable[[str], None]


@dataclass(frozen=True)
class Timing:
    """Medians, in milliseconds, of one question asked of both in turn."""

    letter: str
    members: int
    count_ms: float
    count_yardstick_ms: float
    ids_ms: float
    ids_yardstick_ms: float

    @property
    def count_ratio(self) -> float:
        return self.count_ms / self.count_yardstick_ms

    @property
    def ids_ratio(self) -> float:
        return self.ids_ms / self.ids_yardstick_ms


@dataclass(frozen=True)
class Asked:
    """One of the further questions: medians in milliseconds, and whether the rows themselves give the same members."""

    definition: dict[str, Any]
    members: int
    count_ms: float
    ids_ms: float
    is_same_from_rows: bool


def open_bench_scope(session: Session) -> SegmentScope:
    """Everybody's members, as a manager sees them; `@me` is the first customer success manager.

    Raises Conflict when the facts do not stand: figures from raw rows would pass for those from facts.
    """
    scope = segment_scope(session, find_actor(session, "mia"), now())
    if not scope.has_facts:
        raise Conflict("the facts of members do not stand for the bench's day; what it measures would be the raw rows")
    return replace(scope, me_id=CSM_IDS[0])


def time_six(session: Session, duck: duckdb.DuckDBPyConnection, note: Note) -> list[Timing]:
    """Raises Conflict when a question is answered differently."""
    scope, queries = open_bench_scope(session), member_queries()
    timings = []
    for letter, tree in six_questions().items():
        definition, query = parse_definition(tree, CATALOG), queries[letter]
        _require_same(letter, segments.member_ids(session, definition, scope), _yardstick_ids(duck, query))
        asks: dict[str, Ask] = {
            "count": partial(segments.count, session, definition, scope),
            "count_yardstick": partial(_yardstick_count, duck, query),
            "ids": partial(segments.member_ids, session, definition, scope),
            "ids_yardstick": partial(_yardstick_ids, duck, query),
        }
        spent = in_turn(asks)
        members = segments.count(session, definition, scope)
        timings.append(Timing(letter, members, *(spent[name] for name in asks)))
        note(f"{letter}: {members:,} members, count {spent['count']:.1f} ms, ids {spent['ids']:.1f} ms")
    return timings


def time_more(session: Session, note: Note) -> list[Asked]:
    scope = open_bench_scope(session)
    asked = []
    for number, tree in enumerate(more_questions(), start=1):
        definition = parse_definition(tree, CATALOG)
        spent = in_turn(_asks(session, definition, scope))
        ids = segments.member_ids(session, definition, scope)
        asked.append(Asked(tree, len(ids), spent["count"], spent["ids"], ids == from_rows(session, definition, scope)))
        note(f"{number}: {len(ids):,} members, count {spent['count']:.1f} ms: {tree}")
    return asked


def from_rows(session: Session, definition: Definition, scope: SegmentScope) -> list[int]:
    """The same members without the facts."""
    return segments.member_ids(session, definition, replace(scope, has_facts=False))


def in_turn(asks: dict[str, Ask]) -> dict[str, float]:
    """The median milliseconds of each, asked one after the other REPEATS times, after a round that warms up."""
    spent: dict[str, list[float]] = {name: [] for name in asks}
    for repeat in range(REPEATS + 1):
        for name, ask in asks.items():
            started = time.perf_counter()
            ask()
            if repeat:
                spent[name].append((time.perf_counter() - started) * 1000)
    return {name: median(times) for name, times in spent.items()}


def described_plans(session: Session) -> str:
    """How the database runs each of the six, as a count and as a list."""
    scope, lines = open_bench_scope(session), []
    for letter, tree in six_questions().items():
        definition = parse_definition(tree, CATALOG)
        for what, ask in _asks(session, definition, scope).items():
            lines += [f"{letter} {what}", *(f"  {step}" for step in query_plan(session, ask))]
    return "\n".join(lines) + "\n"


def _asks(session: Session, definition: Definition, scope: SegmentScope) -> dict[str, Ask]:
    return {
        "count": partial(segments.count, session, definition, scope),
        "ids": partial(segments.member_ids, session, definition, scope),
    }


def _yardstick_count(duck: duckdb.DuckDBPyConnection, query: str) -> Any:
    return duck.execute(f"SELECT count(*) FROM ({query})").fetchone()


def _yardstick_ids(duck: duckdb.DuckDBPyConnection, query: str) -> Any:
    return duck.execute(query).fetchnumpy()["id"]


def _require_same(letter: str, ids: list[int], yardstick: Any) -> None:
    if len(ids) != len(yardstick) or sum(ids) != int(np.sum(yardstick, dtype=np.int64)):
        raise Conflict(f"question {letter}: {len(ids):,} members here, {len(yardstick):,} in the yardstick")
