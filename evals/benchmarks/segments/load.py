"""Fills a database with the made-up world, by the product's own bulk path, and says how fast that went."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sqlalchemy import Engine, text
from sqlalchemy.orm import DeclarativeBase, Session

from crm.activity.facts import rebuild_facts
from crm.activity.models import ActivityEvent, MemberActivity, Order, OrderLine, Product
from crm.bulk import Column, Progress, insert_columns, no_progress
from crm.campaigns.models import Campaign
from crm.clock import SystemClock, day_start
from crm.database import Sessions, unit_of_work
from crm.datasets.bulk import for_loading, indexed_at_the_end, move_sequences, refresh_statistics
from crm.datasets.demo.load import DEMO_CURRENCY, add_products, add_tiers
from crm.datasets.demo.stock import make_coupons
from crm.datasets.occupancy import is_loaded, open_workspace
from crm.datasets.people import create_people
from crm.lifecycle.models import MemberScore
from crm.loyalty.models import CouponRedemption, PointsAccount
from crm.members.models import Consent, Member, MemberTag, Suppression
from crm.outreach.models import Enrolment, Journey, JourneyKind, JourneyState, Message, MessageEvent
from evals.benchmarks.segments.draws import SEED
from evals.benchmarks.segments.world import LAUNCHED, TODAY, ZONE, World

Models = tuple[type[DeclarativeBase], ...]

DATASET = "bench"
BEFORE_ORDERS: Models = (
    Member,
    Consent,
    MemberTag,
    Suppression,
    PointsAccount,
    MemberScore,
    MemberActivity,
)
AFTER_ORDERS: Models = (ActivityEvent, Enrolment, Message, MessageEvent, CouponRedemption)
NUMBERED = (Member, Order, OrderLine, ActivityEvent, Enrolment, Message, MessageEvent, CouponRedemption)


@dataclass(frozen=True)
class LoadSpeed:
    """Seconds from the Parquet files to committed rows with every index."""

    orders: int
    orders_seconds: float
    lines_seconds: float
    facts_seconds: float
    total_seconds: float

    @property
    def orders_a_second(self) -> float:
        return self.orders / self.orders_seconds

    @property
    def orders_with_lines_a_second(self) -> float:
        return self.orders / (self.orders_seconds + self.lines_seconds)


def load_world(sessions: Sessions, world: World, progress: Progress = no_progress) -> LoadSpeed | None:
    """Fill a migrated, empty database; None when this world stands there already.

    Raises Conflict when the database holds other data, or a part of this one that an interrupted run left.
    """
    origin = {"seed": SEED, "members": world.members, "world": world.folder.name}
    with unit_of_work(sessions) as session:
        if is_loaded(session, DATASET, origin):
            return None
        _add_house(session, world)
    with for_loading(sessions) as loading:
        speed = _load_tables(loading, world, progress)
    _tidy(sessions)
    with unit_of_work(sessions) as session:
        open_workspace(
            session,
            name="Benchmark of segments",
            dataset=DATASET,
            zone=ZONE,
            currency=DEMO_CURRENCY,
            origin=origin,
            now=now(),
            machine=SystemClock(),
        )
    return speed


def _load_tables(sessions: Sessions, world: World, progress: Progress) -> LoadSpeed:
    started = time.perf_counter()
    for model in BEFORE_ORDERS:
        _fill(sessions, world, (model,), progress)
    orders_seconds = _fill(sessions, world, (Order,), progress)
    lines_seconds = _fill(sessions, world, (OrderLine,), progress)
    for model in AFTER_ORDERS:
        _fill(sessions, world, (model,), progress)
    facts_seconds = _add_up(sessions, progress)
    return LoadSpeed(
        orders=pq.read_metadata(world.file("orders")).num_rows,
        orders_seconds=orders_seconds,
        lines_seconds=lines_seconds,
        facts_seconds=facts_seconds,
        total_seconds=time.perf_counter() - started,
    )


def now() -> datetime:
    """The bench's present moment: nine in the morning of its day."""
    return day_start(TODAY, ZONE) + timedelta(hours=9)


def _add_house(session: Session, world: World) -> None:
    """The few rows that stand around the members."""
    people = create_people(session)
    add_tiers(session)
    add_products(session)
    make_coupons(session, TODAY, world.members)
    for number, item in enumerate(LAUNCHED, start=1):
        starts_at = day_start(item.start_on(TODAY), ZONE)
        session.add(
            Campaign(
                brief=item.brief(TODAY).model_dump(mode="json"),
                journey=Journey(
                    id=number,
                    name=item.name,
                    kind=JourneyKind.CAMPAIGN,
                    spec={},
                    state=JourneyState.ENDED,
                    author_id=people["mia"].id,
                    created_at=starts_at,
                ),
            )
        )
    session.flush()
    move_sequences(session, (Journey, Product))


def _fill(sessions: Sessions, world: World, models: Sequence[type[DeclarativeBase]], progress: Progress) -> float:
    """Seconds for the tables, from the files to the commit."""
    started = time.perf_counter()
    with unit_of_work(sessions) as session, indexed_at_the_end(session, models):
        for model in models:
            _insert_file(session, model, world.file(model.__tablename__), progress)
    return time.perf_counter() - started


def _insert_file(session: Session, model: type[DeclarativeBase], path: Path, progress: Progress) -> None:
    rows, done = pq.read_metadata(path).num_rows, 0
    for batch in pq.ParquetFile(path).iter_batches(batch_size=500_000):
        done += insert_columns(session, model, {name: _column(batch.column(name)) for name in batch.schema.names})
        progress(model.__tablename__.replace("_", " "), done, rows)


def _column(values: pa.Array) -> Column:
    """Arrow values as the driver takes them; words of a few are shared, not copied."""
    if isinstance(values, pa.DictionaryArray):
        words = np.array([*values.dictionary.to_pylist(), None], dtype=object)
        return _array(words[_array(values.indices.fill_null(-1))])
    if values.null_count == 0 and not pa.types.is_string(values.type):
        return _array(values)
    return list(values.to_pylist())


def _array(values: Any) -> NDArray[Any]:
    return np.asarray(values)


def _add_up(sessions: Sessions, progress: Progress) -> float:
    """Statistics, then the facts; gives the seconds for the facts."""
    progress("statistics and facts", 0, 2)
    with unit_of_work(sessions) as session:
        move_sequences(session, NUMBERED)
        refresh_statistics(session)
    progress("statistics and facts", 1, 2)
    started = time.perf_counter()
    with unit_of_work(sessions) as session:
        rebuild_facts(session, TODAY, ZONE)
    progress("statistics and facts", 2, 2)
    return time.perf_counter() - started


def _tidy(sessions: Sessions) -> None:
    """Statistics of the facts; on PostgreSQL also what its own vacuum would soon do, so that indexes are enough."""
    engine: Engine = sessions.kw["bind"]
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        return
    with unit_of_work(sessions) as session:
        refresh_statistics(session)
