"""Every write of the product notes whom it concerns: saved segments stay true while a demo lives."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.service import find_actor
from crm.campaigns import service as campaigns
from crm.campaigns.lookup import find_campaign
from crm.catalog import CATALOG
from crm.database import Sessions, read_only, unit_of_work
from crm.datasets.simulation_clock import advance_clock
from crm.outreach.channels import default_adapters
from crm.segments.compile import select_member_ids
from crm.segments.definition import parse_definition
from crm.segments.evaluation import scope_for_all
from crm.segments.history import SegmentState, standings
from crm.segments.models import Segment, SegmentMember
from crm.segments.saved import save_segment
from tests.crm.datasets.worlds import MACHINE
from tests.decisions import asked_of

START = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
END = START + timedelta(days=5, hours=3)

DEFINITIONS: dict[str, dict[str, Any]] = {
    "lapsed": {"field": "orders.count", "op": "=", "value": 0, "window_days": 14},
    "spenders": {"field": "orders.spend", "op": ">", "value": 200, "window_days": 7},
    "coffee": {"field": "orders.category", "op": "contains_any", "value": ["coffee"], "window_days": 30},
    "visitors": {"field": "visit.count", "op": ">=", "value": 2, "window_days": 7},
    "reached": {"field": "messages.received", "op": ">", "value": 0, "window_days": 3},
    "openers": {"field": "messages.opened", "op": ">", "value": 0, "window_days": 3},
    "in win-back": {"field": "campaign", "op": "in", "value": ["Platinum Win-back"]},
    "redeemers": {"field": "coupon.redeemed", "op": ">", "value": 0, "window_days": 30},
    "e-mail": {"field": "consent.email", "op": "=", "value": True},
    "declining": {"field": "activity_trend", "op": ">=", "value": 2},
    "at risk": {"field": "churn_risk", "op": ">=", "value": 0.5},
    "new": {"field": "joined_at", "op": ">=", "value": {"days_ago": 20}},
    "best": {"order_by": {"field": "orders.spend", "window_days": 30}, "limit": 20},
    "both": {"all": [{"field": "segment", "op": "in", "value": ["lapsed"]}, {"field": "age", "op": "<", "value": 40}]},
}


def asked(session: Session, segment: Segment) -> set[int]:
    definition = parse_definition(segment.definition, CATALOG)
    return set(session.scalars(select_member_ids(definition, scope_for_all(session, END, CATALOG))))


@pytest.fixture
def living(demo: Sessions) -> Sessions:
    """A demo that lived five days, with a campaign launched in it."""
    with unit_of_work(demo) as session:
        grace = find_actor(session, "manager")
        win_back = find_campaign(session, "Platinum Win-back").id
        campaigns.approve(session, win_back, fingerprint=asked_of(session, win_back), actor=grace, now=START)
        for name, definition in DEFINITIONS.items():
            save_segment(session, name=name, definition=definition, actor=grace, now=START, catalog=CATALOG)
    for hours in (2, 30, 75):
        advance_clock(demo, START + timedelta(hours=hours), default_adapters(), machine=MACHINE, catalog=CATALOG)
    advance_clock(demo, END, default_adapters(), machine=MACHINE, catalog=CATALOG)
    return demo


def test_saved_segments_have_the_members_that_their_definitions_have(living: Sessions) -> None:
    moved = set()
    with read_only(living) as session:
        for segment in session.scalars(select(Segment)):
            rows = session.execute(
                select(SegmentMember.member_id, SegmentMember.since).where(SegmentMember.segment_id == segment.id)
            ).all()
            assert {row.member_id for row in rows} == asked(session, segment), segment.name
            assert segment.count == len(rows)
            moved |= {segment.name for row in rows if row.since > START}
        assert {standing.state for standing in standings(session, END, CATALOG).values()} == {SegmentState.FRESH}
    assert moved >= DEFINITIONS.keys() - {"e-mail", "new"}
