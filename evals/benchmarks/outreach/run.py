"""One run: the members, planning beside its yardstick, the dispatch of ledgers of each size, the report."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from crm import migrations
from crm.bulk import Progress
from crm.database import Sessions, open_engine, open_sessions, unit_of_work
from evals.benchmarks.outreach import people
from evals.benchmarks.outreach.people import fill, raise_caps, usual_caps
from evals.benchmarks.outreach.planning import time_planning
from evals.benchmarks.outreach.report import OutreachReport
from evals.benchmarks.outreach.sending import Dispatch, time_dispatch

MANY = 100
"""Messages a week: every ledger that is sent comes on top of the ones before it."""
WORKERS = 2
ROUNDS = 3
"""One process and two in turn, as often."""


def measure_outreach(
    work: Path,
    members: int,
    sizes: Sequence[int],
    *,
    database_url: str | None,
    progress: Progress,
    note: Callable[[str], None],
) -> OutreachReport:
    """Measure on a SQLite file of its own below `work`, or on an empty or so filled database at `database_url`.

    The members stay for the next run. Raises Conflict when `database_url` holds anything else.
    """
    url = database_url or f"sqlite:///{_file(work, members, progress)}"
    sessions = _filled(url, members, progress)
    engine = sessions.kw["bind"]
    with unit_of_work(sessions) as session:
        usual_caps(session)
    planning = time_planning(sessions, note)
    with unit_of_work(sessions) as session:
        raise_caps(session, MANY)
    alone = [_noted(time_dispatch(sessions, size, workers=1), note) for size in sorted(sizes)]
    # SQLite has one writer: a second process has nothing to do there.
    turns = [] if engine.dialect.name == "sqlite" else _in_turn(sessions, sorted(sizes), note)
    report = OutreachReport(engine.dialect.name, members, planning, tuple(alone), tuple(turns))
    engine.dispose()
    return report


def _in_turn(sessions: Sessions, sizes: Sequence[int], note: Callable[[str], None]) -> list[Dispatch]:
    """A ledger of the middle size by one process and by two, so that both meet the same neighbours."""
    size = sizes[len(sizes) // 2]
    return [
        _noted(time_dispatch(sessions, size, workers=workers), note) for _ in range(ROUNDS) for workers in (1, WORKERS)
    ]


def _noted(dispatch: Dispatch, note: Callable[[str], None]) -> Dispatch:
    note(
        f"{dispatch.workers} process(es): {dispatch.messages:,} messages, {dispatch.messages_a_second:,.0f} a second, "
        f"{dispatch.peak_bytes / 2**20:.0f} MiB"
    )
    return dispatch


def _file(work: Path, members: int, progress: Progress) -> Path:
    """For this schema and these members; made anew when one of the two changes, or when it was not finished."""
    versions = sorted((Path(migrations.__file__).parent / "versions").glob("*.py"))
    made_by = [*versions, Path(people.__file__)]
    name = sha256(b"".join(source.read_bytes() for source in made_by)).hexdigest()[:12]
    path = work / f"outreach-{members}-{name}.sqlite"
    if not path.is_file():
        part = path.with_suffix(".part")
        for leftover in work.glob(f"{part.name}*"):
            leftover.unlink()
        _filled(f"sqlite:///{part}", members, progress).kw["bind"].dispose()
        part.rename(path)
    return path


def _filled(url: str, members: int, progress: Progress) -> Sessions:
    engine = open_engine(url)
    migrations.migrate(engine)
    sessions = open_sessions(engine)
    fill(sessions, members, progress)
    return sessions
