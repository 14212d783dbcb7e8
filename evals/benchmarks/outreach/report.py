"""Targets beside what was measured of planning and dispatch."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from evals.benchmarks.outreach.planning import Planning
from evals.benchmarks.outreach.sending import Dispatch
from evals.benchmarks.segments.report import Line

MOST_PLANNING_RATIO = 1.5
LEAST_MESSAGES_A_SECOND = 5_000
LEAST_TWO_WORKERS = 1.7
MOST_MEMORY_RATIO = 1.1
"""Memory at the largest ledger to that at the smallest: an allocator rounds, a leak does not stop at a tenth."""


@dataclass(frozen=True)
class OutreachReport:
    database: str
    """`sqlite` or `postgresql`."""
    members: int
    planning: Planning
    alone: tuple[Dispatch, ...]
    """By one process, the smallest ledger first."""
    turns: tuple[Dispatch, ...]
    """One process and two in turn; none on SQLite."""

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(self._lines())

    def _lines(self) -> Iterator[Line]:
        yield Line("plan to hand-written SQL", MOST_PLANNING_RATIO, self.planning.plan_ratio, "x")
        yield Line(
            "launch to hand-written SQL that fills the ledger", MOST_PLANNING_RATIO, self.planning.launch_ratio, "x"
        )
        for dispatch in self.alone:
            what = f"{dispatch.messages:,} messages by one process, a second"
            yield Line(what, LEAST_MESSAGES_A_SECOND, dispatch.messages_a_second, "", is_floor=True)
        if self.turns:
            yield Line("two processes to one", LEAST_TWO_WORKERS, self.two_workers_ratio, "x", is_floor=True)
        if len(self.alone) > 1:
            growth = self.alone[-1].peak_bytes / self.alone[0].peak_bytes
            sizes = f"{self.alone[-1].messages:,} messages to {self.alone[0].messages:,}"
            yield Line(f"memory at {sizes}", MOST_MEMORY_RATIO, growth, "x")

    @property
    def two_workers_ratio(self) -> float:
        """Of the medians."""
        one, two = (
            median(turn.messages_a_second for turn in self.turns if (turn.workers > 1) is several)
            for several in (False, True)
        )
        return two / one

    @property
    def holds(self) -> bool:
        return all(line.holds for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        return {
            "database": self.database,
            "members": self.members,
            "planning": asdict(self.planning),
            "alone": [asdict(dispatch) for dispatch in self.alone],
            "turns": [asdict(dispatch) for dispatch in self.turns],
            "targets": [asdict(line) | {"holds": line.holds} for line in self.lines],
            "holds": self.holds,
        }

    def to_text(self) -> str:
        missed = sum(not line.holds for line in self.lines)
        verdict = "every bar holds" if not missed else f"{missed} of {len(self.lines)} bars do not hold"
        planning, slowest = self.planning, min(dispatch.messages_a_second for dispatch in self.alone)
        return "\n".join(
            [
                f"{'':<58}{'target':>20}{'measured':>12}",
                *(line.to_text() for line in self.lines),
                "",
                f"plan {planning.plan_seconds:.2f} s, launch {planning.launch_seconds:.2f} s, "
                f"hand-written {planning.yardstick_seconds:.2f} s and, into the ledger, "
                f"{planning.ledger_yardstick_seconds:.2f} s; {planning.found.people:,} people before cap and holdout, "
                "in all",
                f"a launch accounts for {planning.ledger_rows:,} messages, of which {planning.ledger_messages:,} go "
                f"out; hand-written SQL with a table of its own writes {planning.yardstick_messages:,}",
                *(_row(dispatch) for dispatch in (*self.alone, *self.turns)),
                f"outreach: {self.members:,} members on {self.database}, plan {planning.plan_ratio:.2f}x of "
                f"hand-written SQL, {slowest:,.0f} messages a second: {verdict}",
            ]
        )


def _row(dispatch: Dispatch) -> str:
    processes = "one process" if dispatch.workers == 1 else f"{dispatch.workers} processes"
    return (
        f"{processes}: {dispatch.messages:,} messages in {dispatch.seconds:.1f} s, "
        f"{dispatch.messages_a_second:,.0f} a second, {dispatch.peak_bytes / 2**20:.0f} MiB of memory"
    )
