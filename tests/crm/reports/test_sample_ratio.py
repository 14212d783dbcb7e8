"""Arms whose sizes do not fit the planned share block every claim, and the review says so."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.experiments.effects import SAMPLE_RATIO_P, sample_ratio_p
from crm.insights.models import Insight, InsightState
from crm.reports.blocks import MetricVerdict
from tests.campaign_world import launched_world
from tests.crm.reports.reviewing import review_of


@pytest.mark.parametrize(
    ("treated", "held_out", "share", "fits"),
    [
        (2_000, 60, 0.1, False),
        (1_800, 200, 0.1, True),
        (90, 10, 0.1, True),
        (100, 0, 0.1, False),
        (20, 0, 0.1, True),
        (5, 1, 0.1, True),
        (100, 0, 0.0, True),
        (100, 5, 0.0, False),
        (500, 500, 0.5, True),
        (440, 560, 0.5, False),
        (900_000, 100_000, 0.1, True),
        (0, 0, 0.1, True),
    ],
)
def test_a_ratio_that_chance_does_not_explain(treated: int, held_out: int, share: float, fits: bool) -> None:
    assert (sample_ratio_p(held_out, treated, share) >= SAMPLE_RATIO_P) is fits


@pytest.mark.parametrize(
    ("treated", "held_out", "percent", "fits"),
    [(900, 100, 10, True), (1_000, 30, 10, False), (200, 0, 10, False), (200, 60, 0, False), (200, 200, 50, True)],
)
def test_a_review_claims_nothing_of_arms_that_do_not_fit_the_plan(
    session: Session, now: datetime, treated: int, held_out: int, percent: float, fits: bool
) -> None:
    launched_at = now - timedelta(days=30)
    world = launched_world(
        session, launched_at=launched_at, treated=treated, held_out=held_out, brief={"holdout_pct": percent}
    )
    review = review_of(session, world, now)
    assert review.sample_ratio is not None
    assert (review.sample_ratio.fits, review.sample_ratio.held_out) == (fits, held_out)
    effects = [metric for metric in review.metrics if metric.verdict is MetricVerdict.EFFECT]
    states = set(session.scalars(select(Insight.state)))
    if fits:
        assert review.headline.verdict is MetricVerdict.EFFECT
        assert effects
        assert InsightState.SUPPORTED in states
    else:
        assert review.headline.verdict is MetricVerdict.CANNOT_TELL
        assert review.headline.words.en.startswith("Cannot tell: ")
        assert review.headline.words.zh.startswith("无法判断")
        assert not effects
        assert InsightState.SUPPORTED not in states
