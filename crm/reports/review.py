"""The review of a campaign, computed from the ledger and the orders; every version is kept."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.actor import Actor, Permission, require
from crm.campaigns.models import Campaign
from crm.clock import local_day
from crm.errors import NotFound
from crm.reports.anomalies import find_anomalies
from crm.reports.blocks import CampaignReview, Headline, MetricVerdict, ReviewKind
from crm.reports.conclusions import headline, limits
from crm.reports.experiment_review import (
    arm_rows,
    channel_rows,
    day_rows,
    exclusion_rows,
    metric_values,
    window_block,
)
from crm.reports.historical_data import ImportedFacts, gather_imported
from crm.reports.historical_review import (
    OBSERVATIONAL_METRIC,
    evidence_of,
    headline_of,
    observed_days,
    observed_limits,
    observed_metrics,
    observed_steps,
    window_of,
)
from crm.reports.lessons import record_lessons
from crm.reports.metrics import PRIMARY_METRIC
from crm.reports.models import Review
from crm.reports.next_steps import next_steps
from crm.reports.review_data import gather_facts
from crm.reports.words import Words
from crm.workspace import get_workspace

NOT_FACTS = {"review_id", "version", "as_of"}
"""Fields that change without anything having happened."""


def review_campaign(session: Session, campaign_id: int, *, actor: Actor, now: datetime) -> CampaignReview:
    """The review as of `now`, stored as a new version when its facts changed since the last one.

    Writes the version and its lessons to the session. Raises Forbidden without the right to read reviews,
    NotFound for an unknown campaign.
    """
    require(actor, Permission.READ_REVIEW)
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFound(f"there is no campaign with id {campaign_id}")
    review = compute_review(session, campaign, now)
    newest = latest_review(session, campaign_id)
    if newest is not None and _facts(newest) == _facts(review):
        return newest
    return _store(session, review, actor=actor, version=newest.version + 1 if newest else 1, now=now)


def latest_review(session: Session, campaign_id: int) -> CampaignReview | None:
    """The newest stored version; None before the first review."""
    row = session.scalar(
        select(Review).where(Review.campaign_id == campaign_id).order_by(Review.version.desc()).limit(1)
    )
    return _loaded(row) if row else None


def review_version(session: Session, campaign_id: int, version: int) -> CampaignReview:
    """One stored version. Raises NotFound."""
    row = session.scalar(select(Review).where(Review.campaign_id == campaign_id, Review.version == version))
    if row is None:
        raise NotFound(f"campaign {campaign_id} has no review of version {version}")
    return _loaded(row)


def _loaded(row: Review) -> CampaignReview:
    return CampaignReview.model_validate(row.content).model_copy(update={"review_id": row.id})


def _facts(review: CampaignReview) -> dict[str, Any]:
    return review.model_dump(mode="json", exclude=NOT_FACTS)


def _store(session: Session, review: CampaignReview, *, actor: Actor, version: int, now: datetime) -> CampaignReview:
    numbered = review.model_copy(update={"version": version})
    row = Review(
        campaign_id=review.campaign_id,
        version=version,
        as_of=now,
        created_at=now,
        created_by=actor.account_id,
        content=numbered.model_dump(mode="json"),
    )
    session.add(row)
    session.flush()
    stored = numbered.model_copy(update={"review_id": row.id})
    record_lessons(session, stored, now=now)
    return stored


def compute_review(session: Session, campaign: Campaign, now: datetime) -> CampaignReview:
    """The review as of `now`, without storing it."""
    draft = _blank(session, campaign, now)
    if campaign.is_imported:
        facts = gather_imported(session, campaign, now)
        return draft if facts is None else _observational(draft, facts)
    if campaign.launched_at is None or campaign.launched_at > now:
        return draft
    return _launched(session, campaign, draft)


def _blank(session: Session, campaign: Campaign, now: datetime) -> CampaignReview:
    workspace = get_workspace(session)
    brief = campaign.brief
    return CampaignReview(
        campaign_id=campaign.id,
        campaign=campaign.name,
        goal=str(brief.get("goal", "")),
        channels_used=tuple(brief.get("channels", ())),
        tiers=tuple(sorted(set(_tiers_named(brief.get("audience", {}))))),
        kind=ReviewKind.OBSERVATIONAL if campaign.is_imported else ReviewKind.NOT_LAUNCHED,
        as_of=now,
        currency=workspace.currency,
        zone_name=workspace.zone_name,
        window=None,
        headline=Headline(verdict=MetricVerdict.CANNOT_TELL, words=_nothing_to_review(campaign)),
        primary_metric=OBSERVATIONAL_METRIC if campaign.is_imported else PRIMARY_METRIC,
    )


def _nothing_to_review(campaign: Campaign) -> Words:
    if campaign.is_imported:
        return Words(
            en="Nothing to review: the imported campaign has no dates, recipients or orders to look at.",
            zh="没有可复盘的内容：该导入活动缺少日期、收件会员或订单。",
        )
    return Words(
        en=f"Nothing to review yet: the campaign was never launched (it is {campaign.journey.standing}).",
        zh=f"暂无可复盘的内容：该活动尚未启动（状态：{campaign.journey.standing}）。",
    )


def _tiers_named(node: Mapping[str, Any]) -> Iterator[str]:
    """Tiers that an audience asks for, in conditions that all members meet."""
    for part in node.get("all", ()):
        yield from _tiers_named(part)
    if node.get("field") == "tier" and node.get("op") in ("in", "="):
        value = node.get("value")
        yield from value if isinstance(value, list | tuple) else [str(value)]


def _launched(session: Session, campaign: Campaign, draft: CampaignReview) -> CampaignReview:
    facts = gather_facts(session, campaign, draft.as_of)
    comparison = facts.comparison()
    window = window_block(facts)
    review = draft.model_copy(
        update={
            "kind": ReviewKind.RANDOMISED if comparison else ReviewKind.NO_HOLDOUT,
            "channels_used": tuple(channel.value for channel in sorted(facts.channels)) or draft.channels_used,
            "window": window,
            "headline": headline(facts, comparison, window),
            "metrics": metric_values(facts, comparison),
            "arms": arm_rows(facts),
            "sample_ratio": facts.sample_ratio,
            "channels": channel_rows(facts),
            "timeseries": day_rows(facts),
            "exclusions": exclusion_rows(facts),
            "anomalies": find_anomalies(facts.channels, facts.peers),
            "notes": limits(facts, comparison, window),
        }
    )
    return review.model_copy(update={"next_steps": next_steps(review, comparison)})


def _observational(draft: CampaignReview, facts: ImportedFacts) -> CampaignReview:
    evidence = evidence_of(facts)
    return draft.model_copy(
        update={
            "channels_used": facts.channels or draft.channels_used,
            "window": window_of(facts, local_day(draft.as_of, facts.zone)),
            "headline": headline_of(evidence),
            "metrics": observed_metrics(facts, evidence),
            "timeseries": observed_days(facts, evidence),
            "observational": evidence,
            "notes": observed_limits(facts, evidence),
            "next_steps": observed_steps(facts, evidence),
        }
    )
