"""Targets beside what was measured."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import quantiles
from typing import Any, Literal

from evals.benchmarks.segments.intake import Intake
from evals.benchmarks.segments.load import LoadSpeed
from evals.benchmarks.segments.measure import Asked, Timing
from evals.benchmarks.segments.questions import TITLES


@dataclass(frozen=True)
class Bars:
    """Ratios to DuckDB on raw tables, timed in the same run."""

    counts: float
    worst_count: float
    ids: float


BARS = {"sqlite": Bars(0.40, 1.5, 0.70), "postgresql": Bars(0.8, math.inf, 1.25)}
SLOWEST_COUNT_MS, SLOWEST_MS = 300.0, 500.0
MORE_P95_MS, MORE_SLOWEST_MS = 700.0, 2_000.0
LEAST_ORDERS_A_SECOND = 150_000
MOST_INGEST_RATIO, MOST_DAILY_RATIO = 3.5, 0.3


@dataclass(frozen=True)
class Line:
    """One target."""

    what: str
    target: float
    measured: float
    unit: str
    is_floor: bool = False
    """Whether more is better."""

    @property
    def holds(self) -> bool:
        return self.measured >= self.target if self.is_floor else self.measured <= self.target

    def to_text(self) -> str:
        sign = ">=" if self.is_floor else "<="
        digits = 2 if self.unit == "x" else 0
        target = f"{sign} {self.target:,.{digits}f} {self.unit}"
        verdict = "" if self.holds else "  <-- misses"
        return f"{self.what:<58}{target:>20}{self.measured:>12,.{digits}f} {self.unit}{verdict}"


@dataclass(frozen=True)
class SegmentsReport:
    database: str
    """`sqlite` or `postgresql`."""
    members: int
    load: LoadSpeed
    """Of the run that filled the database."""
    six: tuple[Timing, ...]
    more: tuple[Asked, ...]
    intake: Intake
    plans_file: str

    @property
    def lines(self) -> tuple[Line, ...]:
        bars, counts = BARS[self.database], [timing.count_ms for timing in self.six]
        more, differing = [asked.count_ms for asked in self.more], sum(not a.is_same_from_rows for a in self.more)
        six = [
            Line("sum of counts to DuckDB raw", bars.counts, _ratio(self.six, "count"), "x"),
            Line("worst single count to DuckDB raw", bars.worst_count, max(t.count_ratio for t in self.six), "x"),
            Line("sum of all ids to DuckDB raw", bars.ids, _ratio(self.six, "ids"), "x"),
            Line("slowest count", SLOWEST_COUNT_MS, max(counts), "ms"),
            Line("slowest of counts and ids", SLOWEST_MS, max(*counts, *(t.ids_ms for t in self.six)), "ms"),
        ]
        return (
            *(line for line in six if math.isfinite(line.target)),
            Line(f"{len(more)} further counts, 95th percentile", MORE_P95_MS, p95(more), "ms"),
            Line(f"{len(more)} further counts, slowest", MORE_SLOWEST_MS, max(more), "ms"),
            Line("answers from facts that differ from the rows", 0, differing, ""),
            Line("bulk load of orders, a second", LEAST_ORDERS_A_SECOND, self.load.orders_a_second, "", is_floor=True),
            Line("ingest with facts and saved segments to bare rows", MOST_INGEST_RATIO, self.intake.ingest_ratio, "x"),
            Line("a day's ingest and roll-forward to a rebuild", MOST_DAILY_RATIO, self.intake.daily_ratio, "x"),
        )

    @property
    def holds(self) -> bool:
        return all(line.holds for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        return {
            "database": self.database,
            "members": self.members,
            "six": [asdict(timing) for timing in self.six],
            "more": [asdict(asked) for asked in self.more],
            "load": asdict(self.load),
            "intake": asdict(self.intake),
            "plans_file": self.plans_file,
            "targets": [asdict(line) | {"holds": line.holds} for line in self.lines],
            "holds": self.holds,
        }

    def to_text(self) -> str:
        missed = sum(not line.holds for line in self.lines)
        verdict = "every bar holds" if not missed else f"{missed} of {len(self.lines)} bars do not hold"
        counts, ids = _ratio(self.six, "count"), _ratio(self.six, "ids")
        return "\n".join(
            [
                *_table(self.six),
                "",
                f"{'':<58}{'target':>20}{'measured':>12}",
                *(line.to_text() for line in self.lines),
                "",
                f"bulk load: {self.load.orders_a_second:,.0f} orders a second, "
                f"{self.load.orders_with_lines_a_second:,.0f} with their lines, indexes included",
                f"{self.intake.orders:,} orders: bare rows {self.intake.bare_seconds:.1f} s, ingest "
                f"{self.intake.ingest_seconds:.1f} s, saved segments {self.intake.upkeep_seconds:.1f} s, next day "
                f"{self.intake.roll_seconds:.1f} s; facts from all rows {self.intake.rebuild_seconds:.1f} s",
                f"query plans: {self.plans_file}",
                f"segments: {self.members:,} members on {self.database}, counts {counts:.2f}x and ids {ids:.2f}x "
                f"of DuckDB raw: {verdict}",
            ]
        )


def p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1]


def _ratio(six: Sequence[Timing], what: Literal["count", "ids"]) -> float:
    if what == "count":
        return sum(timing.count_ms for timing in six) / sum(timing.count_yardstick_ms for timing in six)
    return sum(timing.ids_ms for timing in six) / sum(timing.ids_yardstick_ms for timing in six)


def _table(six: Sequence[Timing]) -> list[str]:
    head = f"{'':<66}{'members':>9}{'count':>9}{'DuckDB':>9}{'ratio':>7}{'ids':>9}{'DuckDB':>9}{'ratio':>7}"
    return [
        head,
        *(
            f"{timing.letter} {TITLES[timing.letter]:<64}{timing.members:>9,}"
            f"{timing.count_ms:>9.1f}{timing.count_yardstick_ms:>9.1f}{timing.count_ratio:>7.2f}"
            f"{timing.ids_ms:>9.1f}{timing.ids_yardstick_ms:>9.1f}{timing.ids_ratio:>7.2f}"
            for timing in six
        ),
    ]
