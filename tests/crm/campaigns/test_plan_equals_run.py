"""In a world that does not change, a campaign does exactly what its plan said."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.models import Role
from crm.access.policy import set_policy
from crm.campaigns import service
from crm.campaigns.brief import CampaignBrief, parse_brief
from crm.campaigns.monitor import monitor
from crm.campaigns.plan import CampaignPlan, compute_plan
from crm.catalog import CATALOG
from crm.channels import SENDABLE_CHANNELS, Channel
from crm.clock import local_day
from crm.database import Sessions, read_only, unit_of_work
from crm.errors import InvalidRequest
from crm.journeys.engine import run_due
from crm.loyalty.models import Coupon, CouponGrant, GrantState
from crm.outreach.channels import default_adapters
from crm.outreach.models import Arm, Enrolment, Journey, JourneyState, Message, MessageState
from crm.segments.approved import author_scope
from tests.builders import make_account
from tests.conftest import examples
from tests.decisions import asked_of
from tests.journeys import make_coupon
from tests.worlds import PERSONS, Person, settle, world

NOW = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
HORIZON = timedelta(days=15)
"""Start, last step, and a night of quiet hours in the westernmost zone fit in."""
SHANGHAI = ZoneInfo("Asia/Shanghai")

CHANNEL_SETS = st.lists(st.sampled_from(SENDABLE_CHANNELS), min_size=1, max_size=3, unique=True) | st.just(
    ["preferred"]
)
BRIEFS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["Spring", "Summer", "Autumn"]),
        "audience": st.just({"all": []}),
        "channels": CHANNEL_SETS,
        "start": st.sampled_from([None, "2026-06-01T10:00", "2026-06-02T22:30", "2026-06-03T00:00"]),
        "holdout_pct": st.sampled_from([0, 20, 50]),
        "offers": st.sampled_from([[], [{"kind": "amount_off", "value": 50}], [{"kind": "gift", "item": "mug"}]]),
        "steps": st.lists(
            st.tuples(st.integers(0, 9), st.sampled_from([None, "07:15", "10:00", "20:59", "21:00"])),
            min_size=1,
            max_size=4,
        ).map(lambda drawn: [{"key": f"s{n}", "offset_days": o, "at": at} for n, (o, at) in enumerate(drawn)]),
    }
)
HISTORY = st.lists(
    st.tuples(st.integers(0, 7), st.sampled_from(SENDABLE_CHANNELS), st.integers(0, 8 * 24)), max_size=12
)
"""Earlier messages of other campaigns: to whom, on what, how many hours ago."""


def remember(session: Session, members: list[int], history: list[tuple[int, Channel, int]]) -> None:
    journey = Journey(name="History", version=1, spec={}, state=JourneyState.ENDED, created_at=NOW)
    session.add(journey)
    session.flush()
    for number, (index, channel, hours_ago) in enumerate(history):
        member_id = members[index % len(members)]
        enrolment = Enrolment(
            journey_id=journey.id, member_id=member_id, occurrence=str(number), arm=Arm.TREATMENT, enrolled_at=NOW
        )
        session.add(enrolment)
        session.flush()
        sent_at = NOW - timedelta(hours=hours_ago)
        session.add(
            Message(
                enrolment_id=enrolment.id,
                journey_id=journey.id,
                member_id=member_id,
                step_key="main",
                channel=channel,
                due_at=sent_at,
                state=MessageState.DELIVERED,
                sent_at=sent_at,
                delivered_at=sent_at,
            )
        )
    session.flush()


def people(session: Session) -> tuple[Actor, Actor]:
    accounts = [make_account(session, role=role) for role in (Role.OPERATIONS, Role.MANAGER)]
    author, approver = (Actor(row.id, row.username, row.display_name, row.role) for row in accounts)
    return author, approver


def planned(sessions: Sessions, brief: CampaignBrief, author: Actor) -> CampaignPlan:
    with read_only(sessions) as session:
        return compute_plan(session, brief, author_scope(session, author.account_id, CATALOG, NOW), NOW)


def run(sessions: Sessions, brief: CampaignBrief, author: Actor, approver: Actor) -> int:
    with unit_of_work(sessions) as session:
        campaign = service.create_draft(session, brief=brief, actor=author, request_id="call", now=NOW, catalog=CATALOG)
        service.submit(session, campaign.id, actor=author, now=NOW, catalog=CATALOG)
        service.approve(session, campaign.id, fingerprint=asked_of(session, campaign.id), actor=approver, now=NOW)
    run_due(sessions, NOW + HORIZON, default_adapters(), catalog=CATALOG, since=NOW)
    return campaign.id


def check_equal(session: Session, plan: CampaignPlan, campaign_id: int) -> None:
    watched = monitor(session, campaign_id, NOW + HORIZON)
    assert watched.adds_up
    assert watched.counts.pending == watched.counts.failed == watched.counts.unknown == 0
    assert (watched.members, watched.people) == (plan.audience_count, plan.people_count)
    assert watched.holdout == plan.holdout_count
    assert watched.counts.delivered == plan.total_messages
    assert watched.exclusions == plan.exclusions
    assert {row.channel: row.members_reached for row in watched.by_channel if row.members_reached} == (
        plan.eligible_by_channel
    )
    sent = session.scalars(
        select(Message).where(Message.state == MessageState.DELIVERED, Message.sent_at > NOW - timedelta(1))
    )
    journey_id = service.get_campaign(session, campaign_id).journey_id
    days = Counter(
        (local_day(row.sent_at, SHANGHAI), row.channel.value)
        for row in sent
        if row.journey_id == journey_id and row.sent_at is not None
    )
    assert days == {(day.day, day.channel): day.count for day in plan.messages_per_day}
    assert all(
        row.sent_at == row.due_at for row in session.scalars(select(Message).where(Message.sent_at.is_not(None)))
    )


def check_benefits(session: Session, plan: CampaignPlan) -> None:
    for need in plan.benefits:
        issued = (
            select(CouponGrant.id)
            .join(Coupon)
            .where(Coupon.code == need.coupon_code, CouponGrant.state == GrantState.ISSUED)
        )
        assert len(session.scalars(issued).all()) == need.needed - need.short


@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    persons=st.lists(PERSONS, min_size=1, max_size=8),
    data=BRIEFS,
    history=HISTORY,
    stock=st.sampled_from([1, 3, 100]),
    caps=st.sampled_from([(2, 3), (1, 5), (3, 9)]),
)
def test_the_run_equals_the_plan(
    empty_database: Path,
    persons: list[Person],
    data: dict[str, object],
    history: list[tuple[int, Channel, int]],
    stock: int,
    caps: tuple[int, int],
) -> None:
    brief = parse_brief(data)
    with world(empty_database) as sessions:
        with unit_of_work(sessions) as session:
            author, approver = people(session)
            members = settle(session, persons)
            remember(session, members, history)
            make_coupon(session, stock_total=stock)
            make_coupon(session, "MUG", name="Mug", kind="gift", value=None, stock_total=stock, unit_cost_cents=900)
            set_policy(session, "frequency_cap_per_channel_7d", dict.fromkeys(SENDABLE_CHANNELS, caps[0]))
            set_policy(session, "frequency_cap_total_7d", caps[1])
        plan = planned(sessions, brief, author)
        try:
            campaign_id = run(sessions, brief, author, approver)
        except InvalidRequest:
            assert plan.total_messages == 0
            return
        with unit_of_work(sessions) as session:
            check_equal(session, plan, campaign_id)
            check_benefits(session, plan)


def test_a_plan_leaves_nothing_behind(sessions: Sessions) -> None:
    with unit_of_work(sessions) as session:
        author, _ = people(session)
        settle(session, [Person()] * 3)
    brief = parse_brief({"name": "Spring", "audience": {"all": []}, "channels": ["email"]})
    first, second = planned(sessions, brief, author), planned(sessions, brief, author)
    assert first == second
    with read_only(sessions) as session:
        assert not session.scalars(select(Message.id)).all()
        assert not session.scalars(select(Enrolment.id)).all()
