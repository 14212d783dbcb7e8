"""Comparing recipients who were chosen, not randomised, with members like them: pure statistics, no database.

Nothing here makes the comparison causal. Several adjustments are shown side by side; where they disagree,
no number may be quoted as an effect.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from crm.experiments.effects import CONFIDENCE, MIN_ARM

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SPEND_BINS = 10
VISIT_BINS = 5
"""Cut points are quantiles of the recipients, so that strata are fine where recipients are."""


@dataclass(frozen=True)
class Panel:
    """One row a member: whether a recipient, spend before and during (minor units), visit days before.

    The row is the cluster: each member's whole history is one observation, so errors are by household.
    """

    is_recipient: Mask
    spend_before: Floats
    """Scaled to the campaign's number of days."""
    spend_during: Floats
    visit_days_before: Floats

    def __len__(self) -> int:
        return len(self.is_recipient)

    @property
    def recipients(self) -> int:
        return int(self.is_recipient.sum())

    def where(self, keep: Mask) -> "Panel":
        return Panel(
            self.is_recipient[keep], self.spend_before[keep], self.spend_during[keep], self.visit_days_before[keep]
        )


@dataclass(frozen=True)
class Matched:
    """The members of strata that hold recipients and others, and the weights that make the others comparable."""

    panel: Panel
    weights: Floats


@dataclass(frozen=True)
class Estimate:
    """Recipients minus others, minor units per member over the campaign's days, with its 95% interval."""

    id: str
    value: float
    low: float
    high: float
    n_recipients: int
    n_others: int

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Balance:
    recipients_mean: float
    others_mean: float
    standardised_difference: float | None
    """(difference of means) / sd of the recipients; None when they do not vary. Below 0.1 counts as balanced
    (Austin 2009, Statistics in Medicine 28:3083)."""


def match(panel: Panel) -> Matched:
    """Coarsened exact matching on spend and visit days before the campaign.

    Members who bought nothing form strata of their own; the others are cut at the recipients' quantiles
    (10 by spend, 5 by visit days). Strata without recipients or without others are dropped; others weigh
    n_recipients / n_others of their stratum (Iacus, King & Porro 2012, Political Analysis 20:1, section 3).
    """
    strata = _strata(panel)
    size = int(strata.max()) + 1 if len(strata) else 0
    recipients = np.bincount(strata[panel.is_recipient], minlength=size)
    others = np.bincount(strata[~panel.is_recipient], minlength=size)
    keep = (recipients[strata] > 0) & (others[strata] > 0)
    matched, kept = panel.where(keep), strata[keep]
    weights = np.where(matched.is_recipient, 1.0, recipients[kept] / np.maximum(1, others[kept]))
    return Matched(matched, weights)


def _strata(panel: Panel) -> npt.NDArray[np.int64]:
    spend = _coarsen(panel.spend_before, panel.is_recipient, SPEND_BINS)
    visits = _coarsen(panel.visit_days_before, panel.is_recipient, VISIT_BINS)
    return spend * (VISIT_BINS + 1) + visits


def _coarsen(values: Floats, is_recipient: Mask, bins: int) -> npt.NDArray[np.int64]:
    """0 for nothing, else 1.. by quantiles of the recipients' positive values."""
    positive = values[is_recipient & (values > 0)]
    if len(positive) == 0:
        return (values > 0).astype(np.int64)
    cuts = np.unique(np.quantile(positive, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.where(values > 0, 1 + np.searchsorted(cuts, values, side="right"), 0).astype(np.int64)


def balance_of(values: Floats, is_recipient: Mask, weights: Floats) -> Balance:
    recipients, others = values[is_recipient], values[~is_recipient]
    spread = float(recipients.std(ddof=1)) if len(recipients) > 1 else 0.0
    recipients_mean = float(recipients.mean())
    others_mean = float(np.average(others, weights=weights[~is_recipient]))
    difference = (recipients_mean - others_mean) / spread if spread > 0 else None
    return Balance(recipients_mean, others_mean, difference)


def unadjusted(panel: Panel) -> Estimate:
    """Difference of spend during the campaign. Recipients were chosen for what they spend: this is no effect."""
    return _estimate("unadjusted", panel, panel.spend_during, (), np.ones(len(panel)))


def difference_in_differences(panel: Panel, weights: Floats, estimate_id: str) -> Estimate:
    """Change from before to during, recipients minus others: right if both would have moved alike.

    (Angrist & Pischke 2009, Mostly Harmless Econometrics, section 5.2.)
    """
    return _estimate(estimate_id, panel, panel.spend_during - panel.spend_before, (), weights)


def covariate_adjusted(panel: Panel, weights: Floats, estimate_id: str) -> Estimate:
    """Spend during, regressed on recipient, spend before and visit days before (ANCOVA): right if members alike
    in these would have spent alike. With difference-in-differences it brackets the effect when exactly one of
    the two assumptions holds (Angrist & Pischke 2009, section 5.4)."""
    covariates = (panel.spend_before, panel.visit_days_before)
    return _estimate(estimate_id, panel, panel.spend_during, covariates, weights)


def _estimate(
    estimate_id: str, panel: Panel, outcome: Floats, covariates: tuple[Floats, ...], weights: Floats
) -> Estimate:
    """Weighted least squares with heteroskedasticity-robust errors (HC1: White 1980; MacKinnon & White 1985)."""
    columns = [np.ones(len(panel)), panel.is_recipient.astype(float), *(_standardised(x) for x in covariates)]
    design = np.column_stack([column for column in columns if column.any()])
    scaled = design * np.sqrt(weights)[:, None]
    bread = np.linalg.pinv(scaled.T @ scaled)
    coefficients = bread @ (scaled.T @ (outcome * np.sqrt(weights)))
    scores = design * (weights * (outcome - design @ coefficients))[:, None]
    n, k = design.shape
    covariance = bread @ (scores.T @ scores) @ bread * n / max(1, n - k)
    quantile = float(stats.t.ppf(0.5 + CONFIDENCE / 2, max(1, n - k)))
    value, half = float(coefficients[1]), quantile * float(np.sqrt(max(0.0, covariance[1, 1])))
    return Estimate(estimate_id, value, value - half, value + half, panel.recipients, n - panel.recipients)


def _standardised(values: Floats) -> Floats:
    """Centred and scaled, which leaves the recipient's coefficient as it is and the algebra well conditioned."""
    spread = values.std()
    return (values - values.mean()) / spread if spread > 0 else np.zeros(len(values))


def adjusted_estimates(panel: Panel, matched: Matched) -> tuple[Estimate, ...]:
    """Both adjustments, over everybody and over matched members; empty where an arm has fewer than 30."""
    if not _is_large_enough(panel) or not _is_large_enough(matched.panel):
        return ()
    everyone = np.ones(len(panel))
    methods: tuple[tuple[str, Callable[[Panel, Floats, str], Estimate]], ...] = (
        ("did", difference_in_differences),
        ("ancova", covariate_adjusted),
    )
    return (
        *(method(panel, everyone, name) for name, method in methods),
        *(method(matched.panel, matched.weights, f"{name}_matched") for name, method in methods),
    )


def _is_large_enough(panel: Panel) -> bool:
    return min(panel.recipients, len(panel) - panel.recipients) >= MIN_ARM


def placebo(panel: Panel) -> Estimate | None:
    """Difference-in-differences between two periods before the campaign, where the truth is zero.

    A result apart from zero shows that recipients and others were already moving apart (pre-trends test, e.g.
    Roth 2022, AER: Insights 4:305; passing it proves nothing). None where an arm has fewer than 30.
    """
    if not _is_large_enough(panel):
        return None
    return difference_in_differences(panel, np.ones(len(panel)), "placebo")


def agree(estimates: tuple[Estimate, ...], tried: Estimate | None) -> bool:
    """Whether every adjustment has the same sign and excludes zero, and the placebo, where tried, does not."""
    signs = {estimate.value > 0 for estimate in estimates}
    same = len(signs) == 1 and all(estimate.excludes_zero for estimate in estimates)
    return same and (tried is None or not tried.excludes_zero)
