"""The PDF of a review: made in every situation, in both languages, and the same bytes each time."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from crm.reports.blocks import CampaignReview
from crm.reports.charts import estimates_chart, response_chart, spend_chart
from crm.reports.pdf import render_pdf
from crm.reports.review import review_campaign
from crm.reports.words import Language
from tests.campaign_world import launched_world, make_campaign, manager


@pytest.fixture
def review(session: Session, now: datetime) -> CampaignReview:
    world = launched_world(session, launched_at=now - timedelta(days=20), name="Spring 铂金 *x* #danger() $y$ @z")
    return review_campaign(session, world.campaign.id, actor=world.actor, now=now)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_review_becomes_the_same_pdf_each_time(review: CampaignReview, language: Language) -> None:
    document = render_pdf(review, language=language)
    assert document.startswith(b"%PDF-")
    assert render_pdf(review, language=language) == document


def test_a_campaign_that_never_ran_has_a_pdf(session: Session, now: datetime) -> None:
    campaign = make_campaign(session, launched_at=None, journey_id=None)
    review = review_campaign(session, campaign.id, actor=manager(session), now=now)
    assert render_pdf(review).startswith(b"%PDF-")


def test_charts_use_the_packaged_font(review: CampaignReview) -> None:
    chart = spend_chart(review, "zh")
    assert chart is not None
    assert "Noto Sans CJK SC" in chart
    assert "处理组" in chart


def test_nothing_to_draw_gives_no_chart(review: CampaignReview) -> None:
    empty = review.model_copy(update={"timeseries": ()})
    assert spend_chart(empty, "en") is None
    assert response_chart(empty, "en") is None
    assert estimates_chart((), "CNY", "en") is None
