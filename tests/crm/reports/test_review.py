"""Reviews of launched campaigns: what they state in each situation, and that their numbers follow the definitions."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.models import Role
from crm.campaigns.monitor import monitor
from crm.channels import Channel
from crm.errors import NotFound
from crm.insights.models import Insight, InsightState
from crm.outreach.models import Arm, JourneyState, MessageEventKind, MessageState
from crm.reports.blocks import MetricVerdict, ReviewKind
from crm.reports.metrics import METRICS
from crm.reports.models import Review
from crm.reports.review import latest_review, review_campaign, review_version
from tests.campaign_world import (
    World,
    enrol,
    launched_world,
    make_campaign,
    manager,
    message,
    plain_members,
    plain_orders,
    respond,
)
from tests.crm.reports.reviewing import review_of, value_of


def test_a_true_effect_is_headlined_with_its_interval_before_the_estimate(
    session: Session, launched_at: datetime, now: datetime
) -> None:
    review = review_of(session, launched_world(session, launched_at=launched_at), now)
    assert review.kind is ReviewKind.RANDOMISED
    assert review.headline.verdict is MetricVerdict.EFFECT
    metric = review.metric("incremental_gmv_per_member")
    assert metric is not None
    assert metric.low is not None
    assert metric.high is not None
    assert metric.low <= 2000 <= metric.high
    assert metric.words.en.index("95% interval") < metric.words.en.index("best estimate")
    assert "raised spend" in review.headline.words.en
    assert "提高" in review.headline.words.zh
    assert review.next_steps[0].id == "repeat"


def test_gmv_and_totals_follow_their_definitions(session: Session, launched_at: datetime, now: datetime) -> None:
    world = launched_world(session, launched_at=launched_at, treated=60, held_out=30)
    outside = launched_at + timedelta(days=14)
    plain_orders(session, world.treated[:1], [99_900], ordered_at=outside)
    plain_orders(session, world.treated[:1], [10_000], ordered_at=outside - timedelta(seconds=1))
    before = review_of(session, world, now)
    arm = before.arms[0]
    assert value_of(before, "gmv") == arm.gmv_cents
    per_member = value_of(before, "incremental_gmv_per_member")
    assert per_member is not None
    assert value_of(before, "incremental_gmv_total") == pytest.approx(per_member * 60)
    assert arm.retention_rate == 1.0
    assert {metric.id for metric in before.metrics} <= set(METRICS)


def test_every_number_bears_a_definition_and_words_in_both_languages(
    session: Session, launched_at: datetime, now: datetime
) -> None:
    review = review_of(session, launched_world(session, launched_at=launched_at), now)
    for metric in review.metrics:
        assert metric.definition.en
        assert metric.definition.zh
        assert metric.words.en
        assert metric.words.zh


def test_fewer_than_thirty_controls_give_an_interval_and_no_headline(
    session: Session, launched_at: datetime, now: datetime
) -> None:
    review = review_of(session, launched_world(session, launched_at=launched_at, held_out=12), now)
    assert review.headline.verdict is MetricVerdict.TOO_FEW
    metric = review.metric("incremental_gmv_per_member")
    assert metric is not None
    assert metric.value is None
    assert metric.low is not None
    assert "12 members in the smaller arm" in review.headline.words.en
    assert review.next_steps[0].id == "enlarge_holdout"


@pytest.mark.parametrize("held_out", [0, 1])
def test_without_controls_no_effect_is_claimed(
    session: Session, launched_at: datetime, now: datetime, held_out: int
) -> None:
    world = launched_world(
        session, launched_at=launched_at, held_out=held_out, brief={"holdout_waiver": "legal notice to everybody"}
    )
    review = review_of(session, world, now)
    metric = review.metric("incremental_gmv_per_member")
    assert metric is not None
    assert (metric.value, metric.low) == (None, None)
    if held_out == 0:
        assert review.kind is ReviewKind.NO_HOLDOUT
        assert "cannot be claimed" in review.headline.words.en
        assert any("legal notice to everybody" in note.en for note in review.notes)


def test_no_difference_is_reported_as_cannot_tell_with_the_audience_needed(
    session: Session, launched_at: datetime, now: datetime
) -> None:
    review = review_of(session, launched_world(session, launched_at=launched_at, treated_cents=10_000), now)
    assert review.headline.verdict is MetricVerdict.CANNOT_TELL
    assert "cannot tell" in review.headline.words.en
    assert "10% lift needs about" in review.headline.words.en
    assert review.next_steps[0].id == "enlarge_audience"


def test_arms_that_already_differed_before_launch_headline_nothing(
    session: Session, launched_at: datetime, now: datetime
) -> None:
    world = launched_world(session, launched_at=launched_at)
    plain_orders(session, world.treated, [9_000] * 200, ordered_at=launched_at - timedelta(days=9))
    review = review_of(session, world, now)
    assert review.headline.verdict is MetricVerdict.CANNOT_TELL
    assert "already differed before launch" in review.headline.words.en
    assert review.next_steps[0].id == "check_assignment"


def test_an_open_window_says_which_day_it_is_and_claims_nothing(
    session: Session, launched_at: datetime, now: datetime
) -> None:
    world = launched_world(session, launched_at=launched_at)
    review = review_of(session, world, launched_at + timedelta(days=2, hours=12))
    assert review.window is not None
    assert not review.window.is_complete
    assert review.window.words.en == "window still open: day 3 of 14"
    assert review.headline.verdict is MetricVerdict.CANNOT_TELL
    assert all(metric.verdict is not MetricVerdict.EFFECT for metric in review.metrics)
    assert session.scalar(select(func.count()).select_from(Insight)) == 0


def test_a_campaign_that_was_never_launched_has_a_review_that_says_so(session: Session, now: datetime) -> None:
    campaign = make_campaign(session, launched_at=None, state=JourneyState.DRAFT, end_reason=None)
    review = review_campaign(session, campaign.id, actor=manager(session), now=now)
    assert review.kind is ReviewKind.NOT_LAUNCHED
    assert review.window is None
    assert review.metrics == ()
    assert "never launched" in review.headline.words.en


def test_nothing_delivered_is_said_and_no_rate_is_invented(
    session: Session, launched_at: datetime, now: datetime
) -> None:
    campaign = make_campaign(session, launched_at=launched_at)
    members = plain_members(session, 80)
    enrolments = enrol(session, campaign, members[:40])
    enrol(session, campaign, members[40:], Arm.HOLDOUT)
    message(session, campaign, members[:40], enrolments, state=MessageState.EXCLUDED, reason="no_consent")
    review = review_campaign(session, campaign.id, actor=manager(session), now=now)
    assert "No message was delivered" in review.headline.words.en
    assert value_of(review, "open_rate") is None
    assert value_of(review, "coverage") == 0.0
    assert value_of(review, "cost") == 0
    assert value_of(review, "roi") is None
    assert [(row.reason, row.count) for row in review.exclusions] == [("no_consent", 40)]


def test_a_campaign_over_nobody_has_a_review(session: Session, launched_at: datetime, now: datetime) -> None:
    campaign = make_campaign(session, launched_at=launched_at)
    review = review_campaign(session, campaign.id, actor=manager(session), now=now)
    assert review.kind is ReviewKind.NO_HOLDOUT
    assert value_of(review, "coverage") is None


def test_machine_opens_and_repeated_clicks_do_not_count(session: Session, launched_at: datetime, now: datetime) -> None:
    campaign = make_campaign(session, launched_at=launched_at)
    members = plain_members(session, 10)
    ids = message(session, campaign, members, enrol(session, campaign, members))
    later = launched_at + timedelta(hours=1)
    respond(session, ids, members, MessageEventKind.OPENED, later, by_machine=True)
    respond(session, ids[:3], members, MessageEventKind.OPENED, later)
    respond(session, ids[:1], members, MessageEventKind.CLICKED, later)
    respond(session, ids[:1], members, MessageEventKind.CLICKED, later + timedelta(minutes=1))
    review = review_campaign(session, campaign.id, actor=manager(session), now=now)
    assert (value_of(review, "open_rate"), value_of(review, "click_rate")) == (0.3, 0.1)
    assert sum(day.clicks for day in review.timeseries) == 1


def test_opening_an_sms_cannot_be_seen(session: Session, launched_at: datetime, now: datetime) -> None:
    campaign = make_campaign(session, launched_at=launched_at)
    members = plain_members(session, 10)
    message(session, campaign, members, enrol(session, campaign, members), channel=Channel.SMS)
    review = review_campaign(session, campaign.id, actor=manager(session), now=now)
    assert review.channels[0].open_rate is None
    assert value_of(review, "open_rate") is None


def test_weak_sms_reach_is_answered_with_strengthening_sms(
    session: Session, launched_at: datetime, now: datetime
) -> None:
    campaign = make_campaign(session, launched_at=launched_at)
    members = plain_members(session, 200)
    enrolments = enrol(session, campaign, members)
    message(session, campaign, members[:120], enrolments[:120], channel=Channel.SMS)
    message(
        session,
        campaign,
        members[120:],
        enrolments[120:],
        channel=Channel.SMS,
        state=MessageState.EXCLUDED,
        reason="no_consent",
    )
    review = review_campaign(session, campaign.id, actor=manager(session), now=now)
    step = next(step for step in review.next_steps if step.id == "strengthen_sms")
    assert "80 of 200" in step.evidence[0].en


def test_the_parts_of_every_channel_add_up(session: Session, launched_at: datetime, now: datetime) -> None:
    campaign = make_campaign(session, launched_at=launched_at)
    members = plain_members(session, len(MessageState))
    enrolments = enrol(session, campaign, members)
    for index, state in enumerate(MessageState):
        message(session, campaign, [members[index]], [enrolments[index]], state=state)
    row = review_campaign(session, campaign.id, actor=manager(session), now=now).channels[0]
    assert row.planned == row.delivered + row.failed + row.unknown + row.excluded + row.pending == len(members)


def test_the_same_facts_keep_their_version_and_new_ones_get_the_next(
    session: Session, launched_at: datetime, now: datetime
) -> None:
    world = launched_world(session, launched_at=launched_at)
    first = review_of(session, world, now)
    again = review_of(session, world, now + timedelta(days=3))
    assert again == first
    assert first.version == 1
    plain_orders(session, world.treated[:5], [50_000] * 5, ordered_at=launched_at + timedelta(days=3))
    second = review_of(session, world, now + timedelta(days=3))
    assert second.version == 2
    assert session.scalar(select(func.count()).select_from(Review)) == 2
    assert latest_review(session, world.campaign.id) == second
    assert review_version(session, world.campaign.id, 1) == first
    with pytest.raises(NotFound):
        review_version(session, world.campaign.id, 3)


def test_missing_orders_and_simulated_orders_are_disclosed(
    session: Session, launched_at: datetime, now: datetime
) -> None:
    world = launched_world(session, launched_at=launched_at)
    plain_orders(session, world.treated[:2], [100, 100], ordered_at=launched_at + timedelta(days=3), source="simulated")
    notes = " ".join(note.en for note in review_of(session, world, now).notes)
    assert "2 orders in this window come from a simulated response model" in notes
    assert "Orders are known up to 2026-05-15 only" in notes


def test_a_rate_outside_what_other_campaigns_show_is_flagged(
    session: Session, launched_at: datetime, now: datetime
) -> None:
    def mailed(clicked: int) -> World:
        world = launched_world(session, launched_at=launched_at, treated=200, held_out=0)
        members = plain_members(session, 200)
        ids = message(session, world.campaign, members, enrol(session, world.campaign, members))
        respond(session, ids[:clicked], members, MessageEventKind.CLICKED, launched_at + timedelta(hours=2))
        return world

    for clicked in (30, 36, 33, 32, 35):
        mailed(clicked)
    usual, strange = mailed(34), mailed(200)
    assert review_of(session, usual, now).anomalies == ()
    flagged = review_of(session, strange, now).anomalies
    assert [(anomaly.metric, anomaly.channel) for anomaly in flagged] == [("click_rate", "email")]
    assert flagged[0].peers == 6


def test_the_lesson_of_a_review_is_recorded_and_a_contrary_one_contradicts_it(
    session: Session, launched_at: datetime, now: datetime
) -> None:
    good = launched_world(session, launched_at=launched_at)
    review_of(session, good, now)
    lesson = session.scalars(select(Insight)).one()
    assert lesson.state is InsightState.SUPPORTED
    assert lesson.scope["goal"] == "win-back"
    assert lesson.evidence[0]["version"] == 1
    bad = launched_world(session, launched_at=launched_at, treated_cents=8_000)
    review_of(session, bad, now + timedelta(hours=1))
    states = {insight.key: insight.state for insight in session.scalars(select(Insight))}
    assert states == {
        f"review:{good.campaign.id}:headline": InsightState.CONTRADICTED,
        f"review:{bad.campaign.id}:headline": InsightState.SUPPORTED,
    }


def test_an_unknown_campaign_is_not_found(session: Session, now: datetime) -> None:
    with pytest.raises(NotFound):
        review_campaign(session, 404, actor=Actor(1, "a", "A", Role.MANAGER), now=now)


def test_tiers_of_the_audience_become_the_scope(session: Session, launched_at: datetime, now: datetime) -> None:
    audience = {"all": [{"field": "tier", "op": "in", "value": ["platinum"]}, {"not": {"field": "tier"}}]}
    world = launched_world(session, launched_at=launched_at, brief={"audience": audience})
    assert review_of(session, world, now).tiers == ("platinum",)


def test_the_monitor_and_the_review_state_the_same_numbers(
    session: Session, launched_at: datetime, now: datetime
) -> None:
    world = launched_world(session, launched_at=launched_at)
    members = plain_members(session, 50)
    ids = message(session, world.campaign, members, enrol(session, world.campaign, members), channel=Channel.PUSH)
    respond(session, ids[:20], members, MessageEventKind.OPENED, launched_at + timedelta(hours=2))
    respond(session, ids[:9], members, MessageEventKind.CLICKED, launched_at + timedelta(hours=2))
    respond(session, ids[20:], members[20:], MessageEventKind.OPENED, launched_at, by_machine=True)
    review, live = review_of(session, world, now), monitor(session, world.campaign.id, now)
    assert (value_of(review, "coverage"), value_of(review, "conversion_rate")) == (live.coverage, live.conversion_rate)
    assert [(row.channel, row.coverage, row.open_rate, row.click_rate) for row in review.channels] == [
        (row.channel, row.coverage, row.open_rate, row.click_rate) for row in live.by_channel
    ]
