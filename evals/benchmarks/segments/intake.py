"""Times taking in a day's orders with everything that hangs on them, against writing just the rows."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from crm.access.service import find_actor
from crm.activity.facts import check_facts, rebuild_facts, refresh_facts
from crm.activity.ingest import OrderBatch, ingest_orders
from crm.activity.models import Order, OrderLine
from crm.bulk import Column, insert_columns
from crm.catalog import CATALOG
from crm.database import Sessions
from crm.datasets.bulk import highest_id
from crm.datasets.demo.words import CATEGORIES, GOODS
from crm.datasets.randomness import Ints
from crm.errors import Conflict
from crm.segments.maintenance import maintain
from crm.segments.saved import save_segment
from evals.benchmarks.segments.draws import SEED
from evals.benchmarks.segments.load import now
from evals.benchmarks.segments.questions import six_questions
from evals.benchmarks.segments.world import DAY, TODAY, ZONE, World, midnight

BATCH_ORDERS = 100_000
LATE_SHARE, LATE_DAYS = 0.05, 60
KEPT_SEGMENTS = ("a", "b", "e", "f")
"""Saved, and kept true while orders come in."""


@dataclass(frozen=True)
class Intake:
    """Seconds, within transactions that are undone."""

    orders: int
    bare_seconds: float
    """The rows of the orders and their lines, with all indexes."""
    ingest_seconds: float
    """The same orders checked and added, with facts and categories."""
    upkeep_seconds: float
    """Saved segments followed them up."""
    roll_seconds: float
    """The facts moved on to the next day."""
    rebuild_seconds: float
    """Facts and categories from all rows."""

    @property
    def ingest_ratio(self) -> float:
        return (self.ingest_seconds + self.upkeep_seconds) / self.bare_seconds

    @property
    def daily_ratio(self) -> float:
        return (self.ingest_seconds + self.upkeep_seconds + self.roll_seconds) / self.rebuild_seconds


@dataclass(frozen=True)
class _Arrivals:
    """Orders of one line each, one entry an order."""

    member_id: Ints
    ordered_at: Ints
    product: Ints
    """Index over the goods of all categories."""
    amount_cents: Ints

    @property
    def refs(self) -> list[str]:
        return [f"N{number}" for number in range(len(self.member_id))]


def time_intake(sessions: Sessions, world: World, note: Callable[[str], None]) -> Intake:
    """Raises Conflict when the facts differ from the rows afterwards."""
    arrivals = _arrivals(world)
    with _undone(sessions) as session:
        bare = _seconds(lambda: _insert_bare(session, arrivals))
    note(f"bare insert {bare:.1f} s")
    with _undone(sessions) as session:
        _save_segments(session)
        batch = _batch(arrivals)
        ingest = _seconds(lambda: ingest_orders(session, batch, now=now(), zone=ZONE))
        upkeep = _seconds(lambda: maintain(session, now(), catalog=CATALOG))
        note(f"ingest {ingest:.1f} s, saved segments {upkeep:.1f} s")
        roll = _seconds(lambda: refresh_facts(session, TODAY + timedelta(days=1), ZONE))
        note(f"next day {roll:.1f} s")
        if drift := check_facts(session):
            raise Conflict(f"after ingest and roll-forward the facts differ from the rows: {drift}")
    with _undone(sessions) as session:
        rebuild = _seconds(lambda: rebuild_facts(session, TODAY, ZONE))
    note(f"rebuild {rebuild:.1f} s")
    return Intake(len(arrivals.member_id), bare, ingest, upkeep, roll, rebuild)


@contextmanager
def _undone(sessions: Sessions) -> Iterator[Session]:
    with sessions() as session:
        yield session
        session.rollback()


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _arrivals(world: World) -> _Arrivals:
    """Who orders much orders now, too; a few orders come late."""
    random = np.random.default_rng(SEED)
    earlier: NDArray[np.int64] = pq.read_table(world.file("orders"), columns=["member_id"])["member_id"].to_numpy()
    size = min(BATCH_ORDERS, len(earlier))
    late = np.where(random.random(size) < LATE_SHARE, random.integers(1, LATE_DAYS, size), 0)
    opened = int(now().timestamp()) - midnight()
    return _Arrivals(
        member_id=random.choice(earlier, size),
        ordered_at=midnight() - late * DAY + random.integers(opened, size=size),
        product=random.integers(len(CATEGORIES) * len(GOODS[CATEGORIES[0]]), size=size),
        amount_cents=random.integers(1_000, 80_000, size),
    )


def _batch(arrivals: _Arrivals) -> OrderBatch:
    goods = len(GOODS[CATEGORIES[0]])
    products = [f"P-{category}-{number + 1}" for category in CATEGORIES for number in range(goods)]
    size = len(arrivals.member_id)
    return OrderBatch(
        external_refs=arrivals.refs,
        member_refs=[f"B{number}" for number in arrivals.member_id.tolist()],
        ordered_at=arrivals.ordered_at.tolist(),
        line_positions=range(size),
        product_refs=[products[index] for index in arrivals.product.tolist()],
        quantities=[1] * size,
        amounts_cents=arrivals.amount_cents.tolist(),
        discounts_cents=[0] * size,
    )


def _insert_bare(session: Session, arrivals: _Arrivals) -> None:
    size = len(arrivals.member_id)
    ids = np.arange(1, size + 1) + highest_id(session, Order)
    shared: dict[str, Column] = {
        "member_id": arrivals.member_id,
        "ordered_at": arrivals.ordered_at,
        "amount_cents": arrivals.amount_cents,
    }
    orders: dict[str, Column] = {"id": ids, "external_ref": arrivals.refs, "source": ["import"] * size, **shared}
    insert_columns(session, Order, orders)
    category = np.array(CATEGORIES, dtype=object)[arrivals.product // len(GOODS[CATEGORIES[0]])]
    lines: dict[str, Column] = {
        "order_id": ids,
        "product_id": arrivals.product + 1,
        "category": category,
        "quantity": np.ones(size, dtype=np.int64),
        "discount_cents": np.zeros(size, dtype=np.int64),
        **shared,
    }
    insert_columns(session, OrderLine, lines)


def _save_segments(session: Session) -> None:
    author, trees = find_actor(session, "mia"), six_questions()
    for letter in KEPT_SEGMENTS:
        save_segment(
            session,
            name=f"Question {letter}",
            definition=trees[letter],
            actor=author,
            now=now(),
            catalog=CATALOG,
        )
    maintain(session, now(), catalog=CATALOG)
