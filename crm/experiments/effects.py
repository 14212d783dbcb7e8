"""What a campaign caused, from a random holdout: pure statistics, no database.

Spend is compared with Welch's t interval after CUPED on spend before the launch, rates with Newcombe's
interval. Both need only counts and sums per arm, so that the database can add them up. Choices and their
measured coverage: docs/decisions/0007 and `nurture bench incrementality`.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import ceil, inf, sqrt

import numpy as np
import numpy.typing as npt
from scipy import stats

CONFIDENCE = 0.95
POWER = 0.80
MIN_ARM = 30
"""Below this many members in an arm nothing is headlined: with 10 controls Welch's interval on raw spend covers
the truth 91% of the time instead of 95%, and significant results exaggerate fourfold."""
PLANNING_LIFT = 0.10
"""The lift for which a needed audience is stated: 10% of the holdout's mean."""

IMBALANCE_P = 0.001
"""Below this p-value the arms differed before launch by more than chance: the assignment cannot be trusted."""

SAMPLE_RATIO_P = 0.001
"""Below this p-value the arms' sizes do not fit the planned share: members were lost or added on one side (Fabijan et
al. 2019, KDD; Microsoft's ExP and Eppo use the same bar). No comparison of such arms can be trusted."""

Floats = npt.NDArray[np.float64]


class Verdict(StrEnum):
    EFFECT = "effect"
    CANNOT_TELL = "cannot_tell"
    TOO_FEW = "too_few"


@dataclass(frozen=True)
class ArmSums:
    """One arm of an experiment as sums over its members: outcome y and covariate x, the same units for both."""

    n: int
    y: float = 0.0
    yy: float = 0.0
    x: float = 0.0
    xx: float = 0.0
    xy: float = 0.0

    @classmethod
    def of(cls, outcome: Floats, covariate: Floats) -> "ArmSums":
        return cls(
            n=len(outcome),
            y=float(outcome.sum()),
            yy=float(outcome @ outcome),
            x=float(covariate.sum()),
            xx=float(covariate @ covariate),
            xy=float(outcome @ covariate),
        )

    @property
    def mean_y(self) -> float:
        return self.y / self.n

    @property
    def mean_x(self) -> float:
        return self.x / self.n

    @property
    def centred_yy(self) -> float:
        return max(0.0, self.yy - self.y * self.y / self.n)

    @property
    def centred_xx(self) -> float:
        return max(0.0, self.xx - self.x * self.x / self.n)

    @property
    def centred_xy(self) -> float:
        return self.xy - self.x * self.y / self.n


@dataclass(frozen=True)
class Effect:
    """Treated minus control, per member, with its 95% interval.

    `low` and `high` are infinite when an arm has fewer than two members. `smallest_detectable` is the true
    difference found with 80% power at this size; None where it cannot be computed.
    """

    value: float
    low: float
    high: float
    verdict: Verdict
    n_treated: int
    n_control: int
    treated: float
    """Outcome per treated member, as observed."""
    control: float
    smallest_detectable: float | None


def spend_effect(treated: ArmSums, control: ArmSums) -> Effect:
    """Difference in mean outcome: CUPED-adjusted, Welch's t interval.

    CUPED: y' = y - theta (x - mean x) with theta = cov(x, y) / var(x), here within arms, pooled
    (Deng, Xu, Kohavi & Walker 2013, WSDM, eq. 4). Welch-Satterthwaite degrees of freedom: Welch 1947,
    Biometrika 34:28. Smallest detectable effect = (t(.975) + z(.80)) x SE, Bloom 1995, Evaluation Review 19:547.
    """
    if min(treated.n, control.n) == 0:
        raise ValueError("both arms need members")
    observed = (treated.mean_y, control.mean_y)
    if min(treated.n, control.n) < 2:
        return Effect(observed[0] - observed[1], -inf, inf, Verdict.TOO_FEW, treated.n, control.n, *observed, None)
    theta = cuped_theta(treated, control)
    difference = observed[0] - observed[1] - theta * (treated.mean_x - control.mean_x)
    part_treated, part_control = (_residual_variance(arm, theta) / arm.n for arm in (treated, control))
    error = sqrt(part_treated + part_control)
    freedom = _welch_freedom(part_treated, treated.n, part_control, control.n)
    quantile = float(stats.t.ppf(0.5 + CONFIDENCE / 2, freedom))
    low, high = difference - quantile * error, difference + quantile * error
    return Effect(
        value=difference,
        low=low,
        high=high,
        verdict=_verdict(low, high, treated.n, control.n),
        n_treated=treated.n,
        n_control=control.n,
        treated=observed[0],
        control=observed[1],
        smallest_detectable=(quantile + _z(POWER)) * error,
    )


def differ_before(treated: ArmSums, control: ArmSums) -> bool:
    """Whether the arms' covariates, measured before launch, differ by more than random assignment explains.

    Welch's t test on the covariate; the same guard as a sample ratio mismatch check (Fabijan et al. 2019, KDD).
    """
    if min(treated.n, control.n) < 2:
        return False
    parts = [arm.centred_xx / (arm.n - 1) / arm.n for arm in (treated, control)]
    error = sqrt(sum(parts))
    if error == 0:
        return treated.mean_x != control.mean_x
    freedom = _welch_freedom(parts[0], treated.n, parts[1], control.n)
    return float(2 * stats.t.sf(abs(treated.mean_x - control.mean_x) / error, freedom)) < IMBALANCE_P


def sample_ratio_p(held_out: int, treated: int, planned_share: float) -> float:
    """How often chance alone gives a holdout at least this far from its planned share; two-sided, exact binomial."""
    if held_out + treated == 0:
        return 1.0
    return float(stats.binomtest(held_out, held_out + treated, planned_share).pvalue)


def cuped_theta(treated: ArmSums, control: ArmSums) -> float:
    """Slope of outcome on covariate within arms, 0 when the covariate does not vary."""
    spread = treated.centred_xx + control.centred_xx
    return (treated.centred_xy + control.centred_xy) / spread if spread > 0 else 0.0


def _residual_variance(arm: ArmSums, theta: float) -> float:
    residual = arm.centred_yy - 2 * theta * arm.centred_xy + theta * theta * arm.centred_xx
    return max(0.0, residual) / (arm.n - 1)


def _welch_freedom(part_a: float, n_a: int, part_b: float, n_b: int) -> float:
    spread = part_a**2 / (n_a - 1) + part_b**2 / (n_b - 1)
    return (part_a + part_b) ** 2 / spread if spread > 0 else float(n_a + n_b - 2)


def rate_effect(treated_hits: int, treated_n: int, control_hits: int, control_n: int) -> Effect:
    """Difference of two rates with Newcombe's hybrid score interval (Newcombe 1998, Stat. Med. 17:873, method 10).

    d - sqrt((p1-l1)^2 + (u2-p2)^2), d + sqrt((u1-p1)^2 + (p2-l2)^2), with Wilson limits l, u of each rate.
    """
    if min(treated_n, control_n) == 0:
        raise ValueError("both arms need members")
    p_treated, p_control = treated_hits / treated_n, control_hits / control_n
    low_treated, high_treated = wilson_interval(treated_hits, treated_n)
    low_control, high_control = wilson_interval(control_hits, control_n)
    difference = p_treated - p_control
    low = difference - sqrt((p_treated - low_treated) ** 2 + (high_control - p_control) ** 2)
    high = difference + sqrt((high_treated - p_treated) ** 2 + (p_control - low_control) ** 2)
    pooled = (treated_hits + control_hits) / (treated_n + control_n)
    error = sqrt(pooled * (1 - pooled) * (1 / treated_n + 1 / control_n))
    return Effect(
        value=difference,
        low=low,
        high=high,
        verdict=_verdict(low, high, treated_n, control_n),
        n_treated=treated_n,
        n_control=control_n,
        treated=p_treated,
        control=p_control,
        smallest_detectable=(_z(0.5 + CONFIDENCE / 2) + _z(POWER)) * error if error > 0 else None,
    )


def wilson_interval(hits: int, n: int) -> tuple[float, float]:
    """Score interval of one rate (Wilson 1927, JASA 22:209). Raises ValueError for an empty sample."""
    if n <= 0:
        raise ValueError("a rate needs a sample")
    z = _z(0.5 + CONFIDENCE / 2)
    rate = hits / n
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    # The exact limit at 0 and n hits; arithmetic alone leaves a rounding error there.
    return (0.0 if hits == 0 else centre - half, 1.0 if hits == n else centre + half)


def audience_needed(
    treated: ArmSums, control: ArmSums, *, holdout_share: float, lift: float = PLANNING_LIFT
) -> int | None:
    """Members needed, both arms together, to find a true lift of `lift` x control mean with 80% power.

    n = (z(.975) + z(.80))^2 x CV^2 x (1 - rho^2) / lift^2 x (1/h + 1/(1-h)): the usual two-sample formula
    (e.g. List, Sadoff & Wagner 2011, Experimental Economics 14:439) with the variance that CUPED leaves.
    None when nobody in the holdout bought, or the spread is unknown.
    """
    freedom = treated.n + control.n - 2
    if control.n == 0 or control.y <= 0 or freedom < 1 or not 0 < holdout_share < 1:
        return None
    theta = cuped_theta(treated, control)
    variance = sum(_residual_variance(arm, theta) * (arm.n - 1) for arm in (treated, control) if arm.n > 1) / freedom
    return _needed(variance, lift * control.mean_y, holdout_share)


def audience_needed_for_rate(rate: float, *, holdout_share: float, lift: float = PLANNING_LIFT) -> int | None:
    """Members needed to find a relative `lift` of a base rate with 80% power; None for a rate of 0 or 1."""
    if not 0 < rate < 1 or not 0 < holdout_share < 1:
        return None
    return _needed(rate * (1 - rate), lift * rate, holdout_share)


def _needed(variance: float, difference: float, holdout_share: float) -> int:
    quantiles = (_z(0.5 + CONFIDENCE / 2) + _z(POWER)) ** 2
    return ceil(quantiles * variance / difference**2 * (1 / holdout_share + 1 / (1 - holdout_share)))


def _verdict(low: float, high: float, n_treated: int, n_control: int) -> Verdict:
    if min(n_treated, n_control) < MIN_ARM:
        return Verdict.TOO_FEW
    return Verdict.EFFECT if low > 0 or high < 0 else Verdict.CANNOT_TELL


def _z(probability: float) -> float:
    return float(stats.norm.ppf(probability))
