"""Writing and re-testing lessons. One key, one lesson: writing it again updates it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm.errors import InvalidRequest, NotFound
from crm.insights.models import Insight, InsightState

LIFETIME_DAYS = 540
"""A lesson that nothing confirmed for a year and a half is shown as expired: it has seen each season once."""

LISTED_LIMIT = 500


@dataclass(frozen=True)
class InsightDraft:
    """A lesson to write. `scope` says where it holds: goal, channels, tiers; `evidence` what it rests on."""

    key: str
    topic: str
    claim: str
    state: InsightState
    claim_zh: str | None = None
    metric: str | None = None
    effect: float | None = None
    effect_low: float | None = None
    effect_high: float | None = None
    scope: dict[str, Any] = field(default_factory=dict)
    evidence: Sequence[dict[str, Any]] = ()


def record_insight(session: Session, draft: InsightDraft, *, now: datetime, created_by: int | None = None) -> Insight:
    """Write the lesson, or update the one with its key, then re-test the others in its scope.

    The state that a later review gave a lesson (contradicted) survives a rewrite of the same figures.
    Raises InvalidRequest for an empty claim or an interval without both ends in order.
    """
    _check(draft)
    insight = session.scalar(select(Insight).where(Insight.key == draft.key))
    if insight is None:
        insight = Insight(key=draft.key, created_at=now, created_by=created_by, state=draft.state)
        session.add(insight)
    elif not (insight.state is InsightState.CONTRADICTED and _figures(insight) == _figures(draft)):
        insight.state = draft.state
    insight.topic, insight.claim, insight.claim_zh = draft.topic, draft.claim, draft.claim_zh
    insight.metric, insight.effect = draft.metric, draft.effect
    insight.effect_low, insight.effect_high = draft.effect_low, draft.effect_high
    insight.scope, insight.evidence = dict(draft.scope), [dict(item) for item in draft.evidence]
    insight.updated_at = now
    session.flush()
    if insight.state in (InsightState.SUPPORTED, InsightState.INCONCLUSIVE):
        _retest(session, insight, now)
    return insight


def _check(draft: InsightDraft) -> None:
    if not draft.claim.strip():
        raise InvalidRequest("a lesson needs a claim", path="claim")
    if (draft.effect_low is None) != (draft.effect_high is None):
        raise InvalidRequest("give both ends of the interval or none", path="effect_low")
    if draft.effect_low is not None and draft.effect_high is not None and draft.effect_low > draft.effect_high:
        raise InvalidRequest("the interval's lower end lies above its upper end", path="effect_low")


def _figures(lesson: Insight | InsightDraft) -> tuple[Any, ...]:
    return (lesson.metric, lesson.effect, lesson.effect_low, lesson.effect_high)


def _retest(session: Session, newer: Insight, now: datetime) -> None:
    """Mark supported lessons of the same scope and metric contradicted where the intervals share no value.

    Two 95% intervals that do not even touch differ at about p < 0.006 when their widths are alike
    (Schenker & Gentleman 2001, The American Statistician 55:182), so this rule rarely cries wolf;
    overlapping intervals leave the older lesson as it stands.
    """
    if newer.metric is None or newer.effect_low is None or newer.effect_high is None:
        return
    older = session.scalars(
        select(Insight).where(
            Insight.id != newer.id,
            Insight.metric == newer.metric,
            Insight.state == InsightState.SUPPORTED,
            Insight.updated_at <= newer.updated_at,
            (Insight.effect_low > newer.effect_high) | (Insight.effect_high < newer.effect_low),
        )
    )
    for insight in older:
        if insight.scope == newer.scope:
            insight.state = InsightState.CONTRADICTED
            insight.evidence = [*insight.evidence, *({**item, "contradicts": True} for item in newer.evidence)]
            insight.updated_at = now
    session.flush()


def expire_insights(session: Session, now: datetime) -> int:
    """Mark lessons that nothing confirmed for `LIFETIME_DAYS` as expired; returns how many."""
    old = select(Insight.id).where(
        Insight.updated_at < now - timedelta(days=LIFETIME_DAYS), Insight.state != InsightState.EXPIRED
    )
    count = session.scalar(select(func.count()).select_from(old.subquery())) or 0
    session.execute(
        update(Insight).where(Insight.id.in_(old)).values(state=InsightState.EXPIRED),
        execution_options={"synchronize_session": "fetch"},
    )
    return count


def list_insights(session: Session, *, state: InsightState | None = None, limit: int = LISTED_LIMIT) -> list[Insight]:
    """Lessons, last changed first."""
    query = select(Insight).order_by(Insight.updated_at.desc(), Insight.id.desc()).limit(limit)
    return list(session.scalars(query if state is None else query.where(Insight.state == state)))


def get_insight(session: Session, insight_id: int) -> Insight:
    insight = session.get(Insight, insight_id)
    if insight is None:
        raise NotFound(f"there is no lesson with id {insight_id}")
    return insight
