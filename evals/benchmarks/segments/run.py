"""One run: the world, both databases, the questions, the intake of orders, the report."""

import json
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from crm import migrations
from crm.activity.facts import refresh_facts
from crm.bulk import Progress
from crm.database import Sessions, open_engine, open_sessions, read_only, unit_of_work
from evals.benchmarks.segments.duck import open_yardstick
from evals.benchmarks.segments.intake import time_intake
from evals.benchmarks.segments.load import LoadSpeed, load_world
from evals.benchmarks.segments.measure import Note, described_plans, time_more, time_six
from evals.benchmarks.segments.report import SegmentsReport
from evals.benchmarks.segments.world import TODAY, ZONE, World, prepared_world


def measure_segments(
    work: Path, members: int, *, database_url: str | None, progress: Progress, note: Note
) -> SegmentsReport:
    """Measure on a SQLite file of its own below `work`, or on an empty or so filled database at `database_url`.

    The world and the databases stay for the next run. Raises Conflict when `database_url` holds anything else.
    """
    world = prepared_world(work, members, progress)
    sessions = _filled(database_url, world, progress) if database_url else _sqlite_sessions(world, progress)
    with open_yardstick(world) as duck, read_only(sessions) as session:
        database = session.connection().dialect.name
        plans_file = world.folder / f"plans-{database}.txt"
        plans_file.write_text(described_plans(session), encoding="utf-8")
        six = time_six(session, duck, note)
    with read_only(sessions) as session:
        more = time_more(session, note)
    intake = time_intake(sessions, world, note)
    return SegmentsReport(
        database=database,
        members=members,
        load=_load_speed(world, database),
        six=tuple(six),
        more=tuple(more),
        intake=intake,
        plans_file=str(plans_file),
    )


def _sqlite_sessions(world: World, progress: Progress) -> Sessions:
    """A file for this schema; one that was not finished is made anew."""
    versions = sorted((Path(migrations.__file__).parent / "versions").glob("*.py"))
    schema = sha256(b"".join(version.read_bytes() for version in versions)).hexdigest()[:12]
    path = world.folder / f"nurture-{schema}.sqlite"
    if not path.is_file():
        part = path.with_suffix(".part")
        for leftover in world.folder.glob(f"{part.name}*"):
            leftover.unlink()
        sessions = _filled(f"sqlite:///{part}", world, progress)
        sessions.kw["bind"].dispose()
        part.rename(path)
    return _filled(f"sqlite:///{path}", world, progress)


def _filled(url: str, world: World, progress: Progress) -> Sessions:
    engine = open_engine(url)
    migrations.migrate(engine)
    sessions = open_sessions(engine)
    speed = load_world(sessions, world, progress)
    if speed is not None:
        _speed_file(world, engine.dialect.name).write_text(json.dumps(asdict(speed)), encoding="utf-8")
    with unit_of_work(sessions) as session:
        refresh_facts(session, TODAY, ZONE)
    return sessions


def _speed_file(world: World, database: str) -> Path:
    return world.folder / f"load-{database}.json"


def _load_speed(world: World, database: str) -> LoadSpeed:
    return LoadSpeed(**json.loads(_speed_file(world, database).read_text(encoding="utf-8")))
