"""Lessons: one key, one lesson; later evidence contradicts; age expires."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from crm.errors import InvalidRequest, NotFound
from crm.insights.models import Insight, InsightState
from crm.insights.service import (
    LIFETIME_DAYS,
    InsightDraft,
    expire_insights,
    get_insight,
    list_insights,
    record_insight,
)

SCOPE = {"goal": "win-back", "channels": ["sms"], "tiers": ["platinum"]}


def lesson(key: str, low: float, high: float, **changes: object) -> InsightDraft:
    values: dict[str, object] = {
        "key": key,
        "topic": "win-back sms",
        "claim": f"claim of {key}",
        "metric": "incremental_gmv_per_member",
        "effect": (low + high) / 2,
        "effect_low": low,
        "effect_high": high,
        "state": InsightState.SUPPORTED,
        "scope": SCOPE,
        "evidence": ({"campaign": key, "review_id": 1, "version": 1},),
    }
    return InsightDraft(**(values | changes))  # type: ignore[arg-type]


def test_the_same_key_updates_the_lesson(session: Session, now: datetime) -> None:
    first = record_insight(session, lesson("a", 1, 5), now=now)
    again = record_insight(session, lesson("a", 2, 6), now=now + timedelta(hours=1))
    assert again.id == first.id
    assert (again.effect_low, again.created_at) == (2, now)
    assert session.query(Insight).count() == 1


def test_a_newer_interval_apart_from_the_old_one_contradicts_it(session: Session, now: datetime) -> None:
    old = record_insight(session, lesson("old", 2, 8), now=now)
    record_insight(session, lesson("new", -5, 1, state=InsightState.INCONCLUSIVE), now=now + timedelta(days=1))
    assert old.state is InsightState.CONTRADICTED
    assert old.evidence[-1]["campaign"] == "new"
    assert old.evidence[-1]["contradicts"] is True


@pytest.mark.parametrize(
    "changes",
    [
        {"effect_low": 7.0, "effect_high": 20.0},
        {"scope": SCOPE | {"tiers": ["gold"]}},
        {"metric": "retention_lift"},
    ],
)
def test_an_overlapping_interval_or_another_scope_or_metric_leaves_it_alone(
    session: Session, now: datetime, changes: dict[str, object]
) -> None:
    old = record_insight(session, lesson("old", 2, 8), now=now)
    record_insight(session, lesson("new", -9, -4, **changes), now=now + timedelta(days=1))
    assert old.state is InsightState.SUPPORTED


def test_a_contradicted_lesson_stays_so_when_its_review_is_written_again(session: Session, now: datetime) -> None:
    record_insight(session, lesson("old", 2, 8), now=now)
    newer = record_insight(session, lesson("new", -9, -4), now=now + timedelta(days=1))
    old = record_insight(session, lesson("old", 2, 8), now=now + timedelta(days=2))
    assert (old.state, newer.state) == (InsightState.CONTRADICTED, InsightState.SUPPORTED)


def test_lessons_expire_when_nothing_confirms_them(session: Session, now: datetime) -> None:
    insight = record_insight(session, lesson("old", 2, 8), now=now)
    later = now + timedelta(days=LIFETIME_DAYS + 1)
    assert expire_insights(session, now + timedelta(days=LIFETIME_DAYS)) == 0
    assert expire_insights(session, later) == 1
    session.refresh(insight)
    assert insight.state is InsightState.EXPIRED
    assert list_insights(session, state=InsightState.EXPIRED) == [insight]


@pytest.mark.parametrize("changes", [{"claim": "  "}, {"effect_high": None}, {"effect_low": 9.0, "effect_high": 1.0}])
def test_a_lesson_that_makes_no_sense_is_refused(session: Session, now: datetime, changes: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        record_insight(session, lesson("x", 1, 2, **changes), now=now)


def test_an_unknown_lesson_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        get_insight(session, 404)
