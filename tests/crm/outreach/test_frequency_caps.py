"""Frequency caps over all journeys: what was sent counts, and service goes before care before campaigns."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from crm.access.policy import set_policy
from crm.channels import Channel
from crm.database import Sessions, unit_of_work
from crm.members.models import Member
from crm.outreach import frequency_caps
from crm.outreach.dispatch import dispatch_due
from crm.outreach.models import Journey, JourneyState, Message, MessageState
from crm.outreach.priority import Priority
from tests.builders import make_member
from tests.journeys import journey_spec, launch, send_step, states
from tests.providers import FakeProvider

SERVICE, CARE, CAMPAIGN = Priority
PLANNED = (MessageState.PLANNED, None)
CAPPED = (MessageState.EXCLUDED, "frequency_cap")


@pytest.fixture
def ann(session: Session) -> Member:
    set_policy(session, "frequency_cap_total_7d", 1)
    return make_member(session, name="Ann")


def launched(session: Session, priority: Priority, now: datetime, *, in_hours: float = 0, on: str = "email") -> Journey:
    """A journey of one message that falls due so many hours from now."""
    name = f"{priority} {in_hours} {on} {now}"
    journey = launch(session, journey_spec(send_step("main", on), name=name, experiment=name, priority=priority), now)
    due_at = now + timedelta(hours=in_hours)
    session.execute(update(Message).where(Message.journey_id == journey.id).values(due_at=due_at))
    return journey


def first_of(session: Session, journey: Journey) -> tuple[MessageState, str | None]:
    return next(iter(states(session, journey).values()))


def dispatched(sessions: Sessions, now: datetime) -> list[str]:
    """The journeys' names in the order in which their messages were handed over."""
    provider = FakeProvider()
    dispatch_due(sessions, provider.on_all_channels(), now=now, worker="test")
    with unit_of_work(sessions) as session:
        names = dict(session.execute(select(Message.id, Journey.name).join(Journey)).all())
    return [names[message.message_id].split()[0] for message, _ in provider.handed]


def one_message_a_week(sessions: Sessions) -> None:
    with unit_of_work(sessions) as session:
        set_policy(session, "frequency_cap_total_7d", 1)
        make_member(session)


def test_messages_of_service_are_planned_whatever_was_sent(session: Session, ann: Member, now: datetime) -> None:
    for hours in range(4):
        assert first_of(session, launched(session, SERVICE, now, in_hours=hours)) == PLANNED


def test_a_service_message_that_was_sent_uses_up_the_cap_of_the_others(sessions: Sessions, now: datetime) -> None:
    one_message_a_week(sessions)
    with unit_of_work(sessions) as session:
        launched(session, SERVICE, now)
    assert dispatched(sessions, now) == ["service"]
    with unit_of_work(sessions) as session:
        assert first_of(session, launched(session, CARE, now + timedelta(hours=1))) == CAPPED


def test_a_plan_leaves_room_for_what_waits_of_a_higher_priority_within_a_day(
    session: Session, ann: Member, now: datetime
) -> None:
    launched(session, CARE, now, in_hours=20)
    assert first_of(session, launched(session, CAMPAIGN, now)) == CAPPED


def test_a_plan_leaves_no_room_for_what_is_due_later_than_a_day_ahead(
    session: Session, ann: Member, now: datetime
) -> None:
    launched(session, CARE, now, in_hours=25)
    assert first_of(session, launched(session, CAMPAIGN, now)) == PLANNED


def test_care_is_planned_beside_a_campaign_that_waits_on_the_same_day(
    session: Session, ann: Member, now: datetime
) -> None:
    launched(session, CAMPAIGN, now)
    assert first_of(session, launched(session, CARE, now)) == PLANNED


def test_a_plan_counts_what_will_have_been_sent_before_it_is_due(session: Session, ann: Member, now: datetime) -> None:
    launched(session, CAMPAIGN, now)
    assert first_of(session, launched(session, CAMPAIGN, now)) == CAPPED


def test_a_paused_journey_holds_no_room(session: Session, ann: Member, now: datetime) -> None:
    launched(session, CARE, now, in_hours=2).state = JourneyState.PAUSED
    session.flush()
    assert first_of(session, launched(session, CAMPAIGN, now)) == PLANNED


def test_care_that_comes_later_in_the_day_takes_the_place_of_a_waiting_campaign(
    sessions: Sessions, now: datetime
) -> None:
    one_message_a_week(sessions)
    with unit_of_work(sessions) as session:
        campaign = launched(session, CAMPAIGN, now + timedelta(minutes=1))
        care = launched(session, CARE, now, in_hours=6)
    assert dispatched(sessions, now + timedelta(minutes=1)) == []
    assert dispatched(sessions, now + timedelta(hours=6)) == ["care"]
    with unit_of_work(sessions) as session:
        assert first_of(session, campaign) == CAPPED
        assert first_of(session, care) == (MessageState.DELIVERED, None)


def test_care_that_has_been_waiting_for_a_day_for_its_channel_holds_no_room(sessions: Sessions, now: datetime) -> None:
    one_message_a_week(sessions)
    with unit_of_work(sessions) as session:
        launched(session, CAMPAIGN, now, in_hours=25)
        launched(session, CARE, now, on="sms")
    provider = FakeProvider()
    for hours in (23, 25):
        at = now + timedelta(hours=hours)
        dispatch_due(sessions, {Channel.EMAIL: provider}, now=at, worker="test")
    assert len(provider.taken) == 1


@pytest.mark.parametrize("hours_overdue", [0, 1, 6, 11, 23])
@pytest.mark.parametrize("urgent", [SERVICE, CARE])
def test_what_is_overdue_by_less_than_a_day_keeps_its_room(
    sessions: Sessions, now: datetime, urgent: Priority, hours_overdue: int
) -> None:
    """Its channel is down; until it is back a campaign on another channel does not take the member's one place."""
    one_message_a_week(sessions)
    with unit_of_work(sessions) as session:
        launched(session, CAMPAIGN, now, in_hours=hours_overdue)
        launched(session, urgent, now, on="sms")
    email, sms = FakeProvider(), FakeProvider()
    late = now + timedelta(hours=hours_overdue)
    dispatch_due(sessions, {Channel.EMAIL: email}, now=late, worker="test")
    assert email.taken == []
    dispatch_due(sessions, {Channel.EMAIL: email, Channel.SMS: sms}, now=late, worker="test")
    assert (len(sms.taken), email.taken) == (1, [])


def test_room_is_left_on_the_channel_that_is_short_and_no_other(sessions: Sessions, now: datetime) -> None:
    with unit_of_work(sessions) as session:
        set_policy(session, "frequency_cap_per_channel_7d", {"email": 1, "sms": 1, "push": 1})
        make_member(session)
        launched(session, CAMPAIGN, now, on="email")
        launched(session, CAMPAIGN, now, on="push")
        launched(session, CARE, now, in_hours=3, on="email")
    assert dispatched(sessions, now) == ["campaign"]


def test_of_what_is_due_at_once_service_goes_first_then_care_then_campaigns(sessions: Sessions, now: datetime) -> None:
    with unit_of_work(sessions) as session:
        for _ in range(3):
            make_member(session)
        for priority in (CAMPAIGN, CARE, SERVICE):
            launched(session, priority, now)
    assert dispatched(sessions, now) == ["service"] * 3 + ["care"] * 3 + ["campaign"] * 3


def test_a_batch_that_urgent_messages_fill_has_no_place_for_others(sessions: Sessions, now: datetime) -> None:
    with unit_of_work(sessions) as session:
        for _ in range(2):
            make_member(session)
        launched(session, CAMPAIGN, now)
        launched(session, CARE, now)
    provider = FakeProvider(script=["deliver", "deliver", "busy"])
    dispatch_due(sessions, provider.on_all_channels(), now=now, worker="test", batch_size=2)
    with unit_of_work(sessions) as session:
        delivered = select(Message.priority).where(Message.state == MessageState.DELIVERED)
        assert session.scalars(delivered).all() == [CARE, CARE]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_queue_of_a_priority_is_read_by_its_index(open_database, kind: str, now: datetime) -> None:
    from crm.outreach.dispatch import _due

    with open_database(kind) as engine, engine.connect() as connection:
        if kind == "postgresql":
            connection.execute(text("SET enable_seqscan = off"))
        statement = _due(CARE, ["email"], now).limit(500)
        compiled = statement.compile(connection, compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN" if kind == "postgresql" else "EXPLAIN QUERY PLAN"
        plan = " ".join(str(row) for row in connection.execute(text(f"{explain} {compiled}")))
    assert "ix_messages_due_at_pending" in plan


def test_without_anything_urgent_nothing_is_asked_of_other_journeys(
    session: Session, ann: Member, now: datetime
) -> None:
    launched(session, CAMPAIGN, now)
    assert not frequency_caps.waits_above(session, now + timedelta(days=1))
    launched(session, CARE, now, in_hours=5)
    assert frequency_caps.waits_above(session, now + timedelta(days=1))
    assert not frequency_caps.waits_above(session, now + timedelta(hours=4))
