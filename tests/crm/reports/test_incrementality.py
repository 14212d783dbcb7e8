"""Formulas against published and hand-computed examples, scipy, and simulated campaigns with a known truth."""

import numpy as np
import pytest
from scipy import stats

from crm.experiments.effects import (
    ArmSums,
    Verdict,
    audience_needed,
    audience_needed_for_rate,
    differ_before,
    rate_effect,
    spend_effect,
    wilson_interval,
)

REPETITIONS = 400


def arms_without_covariate(treated: list[float], control: list[float]) -> tuple[ArmSums, ArmSums]:
    return tuple(ArmSums.of(np.array(values), np.zeros(len(values))) for values in (treated, control))


def test_without_a_covariate_the_interval_is_welchs() -> None:
    rng = np.random.default_rng(1)
    treated, control = rng.gamma(1.0, 150, 400), rng.gamma(1.0, 120, 60)
    effect = spend_effect(*arms_without_covariate(list(treated), list(control)))
    reference = stats.ttest_ind(treated, control, equal_var=False).confidence_interval(0.95)
    assert (effect.low, effect.high) == pytest.approx((reference.low, reference.high), rel=1e-9)
    assert effect.value == pytest.approx(treated.mean() - control.mean())


def test_cuped_agrees_with_residuals_computed_member_by_member() -> None:
    rng = np.random.default_rng(2)
    before = rng.gamma(1.0, 400, 500)
    spend = before * 0.3 + rng.gamma(1.0, 50, 500)
    is_control = rng.random(500) < 0.2
    treated = ArmSums.of(spend[~is_control], before[~is_control])
    control = ArmSums.of(spend[is_control], before[is_control])
    centred = [(spend[arm] - spend[arm].mean(), before[arm] - before[arm].mean()) for arm in (is_control, ~is_control)]
    theta = sum(y @ x for y, x in centred) / sum(x @ x for _, x in centred)
    adjusted = spend - theta * before
    reference = stats.ttest_ind(adjusted[~is_control], adjusted[is_control], equal_var=False)
    interval = reference.confidence_interval(0.95)
    effect = spend_effect(treated, control)
    assert (effect.low, effect.high) == pytest.approx((interval.low, interval.high), rel=1e-9)


@pytest.mark.parametrize(
    ("hits", "expected"),
    [
        # Newcombe 1998, Statistics in Medicine 17:873-890, table II, method 10.
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((10, 10, 0, 20), (0.6791, 1.0000)),
    ],
)
def test_newcombes_published_examples_come_out(hits: tuple[int, int, int, int], expected: tuple[float, float]) -> None:
    effect = rate_effect(*hits)
    assert (effect.low, effect.high) == pytest.approx(expected, abs=5e-5)


def test_wilson_agrees_with_scipy_and_stays_inside_zero_and_one() -> None:
    for hits, n in ((0, 12), (1, 12), (7, 40), (40, 40)):
        reference = stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")
        assert wilson_interval(hits, n) == pytest.approx((reference.low, reference.high), abs=1e-12)


def test_needed_audience_is_the_hand_computed_one() -> None:
    """CV 1.19, rho 0.82, 10% lift: 7.849 x 1.4161 x 0.3276 / 0.01 x (1/0.1 + 1/0.9) = 4,046."""
    n, mean, sd, rho = 100_000, 149.1, 149.1 * 1.19, 0.82
    rng = np.random.default_rng(3)
    x = rng.standard_normal(n)
    y = mean + sd * (rho * x + np.sqrt(1 - rho**2) * rng.standard_normal(n))
    treated, control = ArmSums.of(y[: n // 2], x[: n // 2]), ArmSums.of(y[n // 2 :], x[n // 2 :])
    needed = audience_needed(treated, control, holdout_share=0.1)
    assert needed == pytest.approx(4_046, rel=0.03)


def test_needed_audience_for_a_rate_is_the_hand_computed_one() -> None:
    """p 0.108: 7.849 x 0.108 x 0.892 / 0.0108^2 x (1/0.1 + 1/0.9) = 72,028."""
    assert audience_needed_for_rate(0.108, holdout_share=0.1) == pytest.approx(72_028, rel=0.001)
    assert audience_needed_for_rate(0.0, holdout_share=0.1) is None


def test_fewer_than_thirty_controls_are_too_few_whatever_the_difference() -> None:
    assert rate_effect(900, 1000, 0, 29).verdict is Verdict.TOO_FEW
    assert rate_effect(900, 1000, 0, 30).verdict is Verdict.EFFECT
    treated, control = arms_without_covariate([100.0, 101.0] * 50, [1.0, 2.0] * 10)
    assert spend_effect(treated, control).verdict is Verdict.TOO_FEW


def test_one_control_gives_no_finite_interval() -> None:
    effect = spend_effect(*arms_without_covariate([5.0, 6.0], [1.0]))
    assert (effect.low, effect.high) == (float("-inf"), float("inf"))
    assert effect.verdict is Verdict.TOO_FEW


def test_arms_that_never_bought_give_zero_and_no_effect() -> None:
    effect = spend_effect(*arms_without_covariate([0.0] * 100, [0.0] * 50))
    assert (effect.value, effect.low, effect.high, effect.verdict) == (0.0, 0.0, 0.0, Verdict.CANNOT_TELL)
    assert audience_needed(*arms_without_covariate([0.0] * 100, [0.0] * 50), holdout_share=0.1) is None


def simulated_effects(*, lift: float, n: int, holdout: float, use_covariate: bool = True) -> list:
    """Campaigns over a skewed population: 15% buy nothing, CV about 1.2, correlation with spend before about 0.8."""
    rng = np.random.default_rng(42)
    effects = []
    for _ in range(REPETITIONS):
        habit = rng.gamma(0.8, 150, n)
        before = habit * rng.gamma(20.0, 3 / 20, n)
        spend = np.where(rng.random(n) < 0.15, 0.0, habit * rng.gamma(20.0, 1 / 20, n))
        is_control = rng.permutation(n) < round(n * holdout)
        spend = np.where(is_control, spend, spend * (1 + lift))
        covariate = before if use_covariate else np.zeros(n)
        effects.append(
            spend_effect(
                ArmSums.of(spend[~is_control], covariate[~is_control]),
                ArmSums.of(spend[is_control], covariate[is_control]),
            )
        )
    return effects


@pytest.mark.parametrize(("n", "holdout", "lift"), [(100, 0.2, 0.0), (1000, 0.1, 0.0), (1000, 0.2, 0.1)])
def test_the_interval_covers_the_true_effect_in_95_of_100_simulated_campaigns(
    n: int, holdout: float, lift: float
) -> None:
    truth = lift * 0.85 * 0.8 * 150
    effects = simulated_effects(lift=lift, n=n, holdout=holdout)
    coverage = np.mean([effect.low <= truth <= effect.high for effect in effects])
    assert 0.92 <= coverage <= 0.98


def test_cuped_narrows_the_interval_by_at_least_a_third() -> None:
    raw, adjusted = (
        np.mean([e.high - e.low for e in simulated_effects(lift=0, n=1000, holdout=0.2, use_covariate=flag)])
        for flag in (False, True)
    )
    assert adjusted < 0.67 * raw


@pytest.mark.parametrize(("n", "holdout", "base"), [(1000, 0.1, 0.108), (1000, 0.1, 0.022), (300, 0.2, 0.108)])
def test_newcombe_covers_a_true_difference_of_rates(n: int, holdout: float, base: float) -> None:
    rng = np.random.default_rng(7)
    control_n = round(n * holdout)
    treated_n = n - control_n
    covered = []
    for _ in range(REPETITIONS):
        effect = rate_effect(
            int(rng.binomial(treated_n, base * 1.1)), treated_n, int(rng.binomial(control_n, base)), control_n
        )
        covered.append(effect.low <= 0.1 * base <= effect.high)
    assert np.mean(covered) >= 0.93


def test_the_smallest_detectable_effect_is_found_in_about_80_of_100_campaigns() -> None:
    rng = np.random.default_rng(11)
    shift = spend_effect(*(ArmSums.of(rng.normal(100, 50, n), np.zeros(n)) for n in (800, 200))).smallest_detectable
    assert shift is not None
    found = [
        spend_effect(
            ArmSums.of(rng.normal(100 + shift, 50, 800), np.zeros(800)),
            ArmSums.of(rng.normal(100, 50, 200), np.zeros(200)),
        ).verdict
        is Verdict.EFFECT
        for _ in range(REPETITIONS)
    ]
    assert 0.72 <= np.mean(found) <= 0.88


def test_arms_that_differed_before_launch_are_noticed_and_chance_is_not() -> None:
    rng = np.random.default_rng(13)
    spend = np.zeros(500)
    alike = [(ArmSums.of(spend, rng.gamma(1, 100, 500)), ArmSums.of(spend, rng.gamma(1, 100, 500))) for _ in range(200)]
    assert sum(differ_before(*arms) for arms in alike) <= 2
    assert differ_before(ArmSums.of(spend, rng.gamma(1, 100, 500)), ArmSums.of(spend, rng.gamma(1, 160, 500)))
