"""A database from before approvals held what they bind: what was approved goes on, over the segments as they are when
it is migrated, and holds where one of them is gone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Engine, delete, select

from crm.access.actor import Actor
from crm.access.approvals import approval_for
from crm.access.models import Role
from crm.access.shaping import shaped_by
from crm.campaigns import service
from crm.campaigns.brief import parse_brief
from crm.campaigns.subscribers import builders_on
from crm.catalog import CATALOG
from crm.database import Sessions, unit_of_work
from crm.journeys.engine import start_due
from crm.members.models import Member
from crm.migrations import alembic_config
from crm.outreach.models import Enrolment, JourneyState
from crm.segments.models import Segment
from crm.segments.saved import SegmentChanges, change_segment, save_segment
from tests.builders import make_member, make_order
from tests.decisions import asked_of
from tests.journeys import make_coupon
from tests.walks import Json, Walker, journey, make_actor, send

START = datetime(2026, 6, 5, 2, 0, tzinfo=UTC)


def tier(name: str) -> Json:
    return {"field": "tier", "op": "in", "value": [name]}


X: Json = {"field": "segment", "op": "in", "value": ["X"]}


@pytest.fixture
def walker(sessions: Sessions, now: datetime) -> Walker:
    return Walker(sessions, now)


def _through_an_earlier_version(engine: Engine) -> None:
    config = alembic_config()
    for step, revision in ((command.downgrade, "0011"), (command.upgrade, "head")):
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            step(config, revision)
        engine.dispose()


def _save_x(walker: Walker) -> tuple[int, Actor]:
    with unit_of_work(walker.sessions) as session:
        kevin = make_actor(session, Role.CSM)
        save_segment(session, name="Base", definition=tier("gold"), actor=kevin, now=walker.now, catalog=CATALOG)
        base: Json = {"field": "segment", "op": "in", "value": ["Base"]}
        return save_segment(session, name="X", definition=base, actor=kevin, now=walker.now, catalog=CATALOG).id, kevin


def _campaign(walker: Walker, *, is_approved: bool) -> int:
    with unit_of_work(walker.sessions) as session:
        make_coupon(session)
        brief: dict[str, Any] = {
            "name": "News",
            "audience": X,
            "channels": ["email", "sms"],
            "offers": [{"kind": "amount_off", "value": 50, "coupon_code": "C50"}],
            "start": "2026-06-05T10:00",
            "holdout_pct": 0,
        }
        campaign = service.create_draft(
            session, brief=parse_brief(brief), actor=walker.author, request_id="c", now=walker.now, catalog=CATALOG
        )
        service.submit(session, campaign.id, actor=walker.author, now=walker.now, catalog=CATALOG)
        if is_approved:
            asked = asked_of(session, campaign.id)
            service.approve(session, campaign.id, fingerprint=asked, actor=walker.approver, now=walker.now)
        return campaign.id


@pytest.mark.parametrize("is_approved", [True, False])
def test_a_campaign_that_was_approved_or_submitted_before_goes_on(
    engine: Engine, walker: Walker, *, is_approved: bool
) -> None:
    with unit_of_work(walker.sessions) as session:
        gold, _silver = make_member(session).id, make_member(session, tier="silver").id
    segment_id, kevin = _save_x(walker)
    number = _campaign(walker, is_approved=is_approved)
    _through_an_earlier_version(engine)
    with unit_of_work(walker.sessions) as session:
        approval = approval_for(session, "campaign", number)
        assert approval is not None
        assert sorted(approval.bound["segments"]) == ["Base", "X"]
        assert shaped_by(session, approval) == {walker.author.account_id, kevin.account_id}
        assert [each.name for each in builders_on(session, segment_id)] == ["News"]
        change_segment(
            session,
            segment_id,
            version=1,
            changes=SegmentChanges(definition=tier("silver")),
            actor=kevin,
            now=walker.now + timedelta(hours=1),
            catalog=CATALOG,
            subscribers=builders_on,
        )
        if not is_approved:
            shown = approval.fingerprint
            service.approve(session, number, fingerprint=shown, actor=walker.approver, now=walker.now)
        (outcome,) = start_due(session, START, CATALOG)
        assert outcome.reason is None
        assert list(session.scalars(select(Enrolment.member_id))) == [gold]


def test_a_campaign_whose_segment_is_gone_is_held(engine: Engine, walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        make_member(session)
    _save_x(walker)
    number = _campaign(walker, is_approved=True)
    with unit_of_work(walker.sessions) as session:
        session.execute(delete(Segment).where(Segment.name == "Base"))
    _through_an_earlier_version(engine)
    with unit_of_work(walker.sessions) as session:
        (outcome,) = start_due(session, START, CATALOG)
        assert outcome.reason == (
            "it builds on the saved segment Base, which there was not when it was approved; submit it again"
        )
        session.expire_all()
        assert service.get_campaign(session, number).state is JourneyState.DRAFT


def test_a_running_journey_keeps_whom_it_reaches(engine: Engine, walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        gold, silver = make_member(session).id, make_member(session, tier="silver").id
    segment_id, kevin = _save_x(walker)
    trigger = {"kind": "event", "event": {"events": ["ordered"]}, "entry": X}
    running = walker.start(journey(send("hello"), trigger=trigger))
    _through_an_earlier_version(engine)
    with unit_of_work(walker.sessions) as session:
        change_segment(
            session,
            segment_id,
            version=1,
            changes=SegmentChanges(definition=tier("silver")),
            actor=kevin,
            now=walker.now,
            catalog=CATALOG,
            subscribers=builders_on,
        )
        for member_id in (gold, silver):
            make_order(session, session.get_one(Member, member_id), ordered_at=walker.now + timedelta(minutes=1))
    walker.advance_clock(walker.now + timedelta(hours=1))
    assert ([words for words, _ in walker.heard(gold)], walker.heard(silver)) == (["hello"], [])
    assert walker.journey(running).note is None
