"""Comparisons of recipients who were chosen: balance, robust errors, and honesty where adjustments disagree."""

from dataclasses import replace

import numpy as np
import pytest

from crm.reports.matching import (
    Panel,
    adjusted_estimates,
    agree,
    balance_of,
    covariate_adjusted,
    difference_in_differences,
    match,
    placebo,
    unadjusted,
)


def chosen_spenders(*, effect: float, n: int = 4000, seed: int = 5) -> Panel:
    """Members with a lasting habit; big spenders are chosen more often; `effect` is added to recipients' spend."""
    rng = np.random.default_rng(seed)
    habit = rng.gamma(2.0, 10_000, n)
    before = habit * rng.gamma(30.0, 1 / 30, n)
    is_recipient = rng.random(n) < habit / (habit + 40_000)
    during = habit * rng.gamma(30.0, 1 / 30, n) + effect * is_recipient
    visits = np.round(before / 5000).astype(float)
    return Panel(is_recipient, before, during, visits)


def test_choosing_spenders_looks_like_a_huge_effect_where_there_is_none() -> None:
    panel = chosen_spenders(effect=0)
    raw = unadjusted(panel)
    assert raw.low > 5_000
    adjusted = adjusted_estimates(panel, match(panel))
    assert not agree(adjusted, None)
    assert all(abs(estimate.value) < 0.2 * raw.value for estimate in adjusted)


def test_every_adjustment_finds_a_large_planted_effect() -> None:
    panel = chosen_spenders(effect=6_000)
    estimates = adjusted_estimates(panel, match(panel))
    assert [estimate.id for estimate in estimates] == ["did", "ancova", "did_matched", "ancova_matched"]
    assert agree(estimates, None)
    assert all(estimate.low <= 6_000 + 1_500 and estimate.high >= 6_000 - 1_500 for estimate in estimates)


def test_matching_balances_what_it_matches_on() -> None:
    panel = chosen_spenders(effect=0)
    matched = match(panel)
    before = balance_of(panel.spend_before, panel.is_recipient, np.ones(len(panel)))
    after = balance_of(matched.panel.spend_before, matched.panel.is_recipient, matched.weights)
    assert before.standardised_difference is not None
    assert after.standardised_difference is not None
    assert before.standardised_difference > 0.4
    assert abs(after.standardised_difference) < 0.1


def test_a_hand_computed_stratum_weighs_its_others() -> None:
    """Two recipients and one other without purchases before: the other stands for both."""
    panel = Panel(np.array([True, True, False]), np.zeros(3), np.array([5.0, 7.0, 2.0]), np.zeros(3))
    matched = match(panel)
    assert matched.weights.tolist() == [1.0, 1.0, 2.0]
    assert difference_in_differences(matched.panel, matched.weights, "did").value == pytest.approx(4.0)


def test_members_without_a_counterpart_are_dropped() -> None:
    panel = Panel(np.array([True, False]), np.array([100.0, 0.0]), np.array([1.0, 1.0]), np.array([1.0, 0.0]))
    assert len(match(panel).panel) == 0
    assert adjusted_estimates(panel, match(panel)) == ()


def test_without_covariates_the_robust_interval_is_close_to_welchs() -> None:
    panel = chosen_spenders(effect=0)
    estimate = unadjusted(panel)
    treated, control = panel.spend_during[panel.is_recipient], panel.spend_during[~panel.is_recipient]
    error = np.sqrt(treated.var(ddof=1) / len(treated) + control.var(ddof=1) / len(control))
    assert estimate.value == pytest.approx(treated.mean() - control.mean())
    assert estimate.high - estimate.low == pytest.approx(2 * 1.96 * error, rel=0.01)


def test_a_constant_covariate_changes_nothing() -> None:
    panel = chosen_spenders(effect=0)
    constant = replace(panel, visit_days_before=np.full(len(panel), 3.0))
    estimate = covariate_adjusted(constant, np.ones(len(panel)), "ancova")
    assert np.isfinite([estimate.value, estimate.low, estimate.high]).all()


def test_intervals_cover_the_planted_effect() -> None:
    panels = (chosen_spenders(effect=1_000, n=600, seed=seed) for seed in range(200))
    estimates = [difference_in_differences(panel, np.ones(len(panel)), "did") for panel in panels]
    assert np.mean([estimate.low <= 1_000 <= estimate.high for estimate in estimates]) >= 0.91


def test_a_placebo_apart_from_zero_forbids_a_conclusion() -> None:
    """Recipients were already growing before the campaign: the same growth during it looks like an effect."""
    panel = chosen_spenders(effect=6_000)
    tried = placebo(panel)
    assert tried is not None
    assert tried.excludes_zero
    estimates = adjusted_estimates(panel, match(panel))
    assert agree(estimates, None)
    assert not agree(estimates, tried)
    assert agree(estimates, placebo(chosen_spenders(effect=0)))
