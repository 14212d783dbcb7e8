"""From a stored review to lessons that the next plan can cite."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from crm.insights.models import Insight, InsightState
from crm.insights.service import InsightDraft, expire_insights, record_insight
from crm.reports.blocks import CampaignReview, MetricVerdict, NextStep, ReviewKind
from crm.reports.words import Words


def record_lessons(session: Session, review: CampaignReview, *, now: datetime) -> list[Insight]:
    """Write what the review teaches, re-testing older lessons of the same scope; old ones expire."""
    expire_insights(session, now)
    return [record_insight(session, draft, now=now) for draft in insights_from_review(review)]


def insights_from_review(review: CampaignReview) -> tuple[InsightDraft, ...]:
    """The headline, and each channel finding that its numbers support; nothing before the window has closed."""
    if review.kind is ReviewKind.NOT_LAUNCHED or review.window is None or not review.window.is_complete:
        return ()
    if review.sample_ratio is not None and not review.sample_ratio.fits:
        return (_headline_lesson(review),)
    findings = (step for step in review.next_steps if step.id == "test_channels")
    return (_headline_lesson(review), *(_channel_lesson(review, step) for step in findings))


def _headline_lesson(review: CampaignReview) -> InsightDraft:
    metric = review.metric(review.primary_metric)
    supported = review.headline.verdict is MetricVerdict.EFFECT
    claim = _claim(review, review.headline.words)
    return InsightDraft(
        key=f"review:{review.campaign_id}:headline",
        topic=_topic(review),
        claim=claim.en,
        claim_zh=claim.zh,
        state=InsightState.SUPPORTED if supported else InsightState.INCONCLUSIVE,
        metric=review.primary_metric,
        effect=metric.value if metric else None,
        effect_low=metric.low if metric else None,
        effect_high=metric.high if metric else None,
        scope=_scope(review),
        evidence=_evidence(review),
    )


def _channel_lesson(review: CampaignReview, step: NextStep) -> InsightDraft:
    evidence = step.evidence[0]
    claim = _claim(review, Words(en=f"{step.words.en} {evidence.en}", zh=f"{step.words.zh}{evidence.zh}"))
    return InsightDraft(
        key=f"review:{review.campaign_id}:{step.id}",
        topic=f"channels {_topic(review)}",
        claim=claim.en,
        claim_zh=claim.zh,
        state=InsightState.SUPPORTED,
        metric="click_rate",
        scope=_scope(review),
        evidence=_evidence(review),
    )


def _claim(review: CampaignReview, finding: Words) -> Words:
    about = " · ".join(part for part in (review.campaign, review.goal, *review.tiers, *review.channels_used) if part)
    return Words(en=f"{about}: {finding.en}", zh=f"{about}：{finding.zh}")


def _topic(review: CampaignReview) -> str:
    return " ".join(part for part in (review.goal or review.campaign, *review.channels_used) if part)


def _scope(review: CampaignReview) -> dict[str, Any]:
    """Where the lesson holds. Only lessons of the very same scope are tested against each other."""
    scope: dict[str, Any] = {
        "goal": review.goal.strip().casefold(),
        "channels": sorted(review.channels_used),
        "tiers": sorted(review.tiers),
        "randomised": review.kind is ReviewKind.RANDOMISED,
    }
    if not review.goal:
        scope["campaign"] = review.campaign
    return scope


def _evidence(review: CampaignReview) -> tuple[dict[str, Any], ...]:
    return (
        {
            "campaign": review.campaign,
            "campaign_id": review.campaign_id,
            "review_id": review.review_id,
            "version": review.version,
        },
    )
