"""The gate in the small: one world, one message each, the reason by name."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.policy import set_policy
from crm.channels import Channel
from crm.members.models import ContactPoint, Member, Suppression
from crm.outreach.models import ExclusionReason, Message, MessageState
from crm.outreach.spec import Benefits
from tests.builders import LONG_AGO, make_member
from tests.journeys import journey_spec, launch, make_coupon, send_step, states

PLANNED = (MessageState.PLANNED, None)


def excluded(reason: ExclusionReason) -> tuple[MessageState, str]:
    return (MessageState.EXCLUDED, reason.value)


def sent_before(session: Session, member: Member, channel: Channel, at: datetime) -> None:
    """A message of another campaign that reached the member."""
    journey = launch(session, journey_spec(send_step("old"), name=f"Old {at} {channel}"), at)
    for message in session.scalars(select(Message).where(Message.journey_id == journey.id)):
        message.state, message.sent_at, message.channel = MessageState.DELIVERED, at, channel
    session.flush()


@pytest.fixture
def ann(session: Session) -> Member:
    return make_member(session, name="Ann")


def first_state(session: Session, member: Member, now: datetime, *channels: str) -> tuple[MessageState, str | None]:
    journey = launch(session, journey_spec(send_step("main", *channels)), now)
    return next(state for (member_id, _, _), state in states(session, journey).items() if member_id == member.id)


def test_a_member_who_agreed_gets_a_message(session: Session, ann: Member, now: datetime) -> None:
    assert first_state(session, ann, now) == PLANNED


def test_a_suppressed_member_gets_nothing_whatever_the_consent(session: Session, ann: Member, now: datetime) -> None:
    session.add(Suppression(member_id=ann.id, reason="asked us to stop", created_at=LONG_AGO))
    assert first_state(session, ann, now) == excluded(ExclusionReason.SUPPRESSED)


@pytest.mark.parametrize("consents", [{}, {Channel.EMAIL: False}, {Channel.SMS: True}])
def test_consent_that_is_missing_or_refused_or_for_another_channel_is_no_consent(
    session: Session, now: datetime, consents: dict[Channel, bool]
) -> None:
    member = make_member(session, consents=consents)
    assert first_state(session, member, now) == excluded(ExclusionReason.NO_CONSENT)


def test_a_member_without_an_address_on_the_channel_is_unreachable(session: Session, now: datetime) -> None:
    member = make_member(session, reachable_on=[Channel.SMS])
    assert first_state(session, member, now) == excluded(ExclusionReason.UNREACHABLE)


def share(session: Session, channel: Channel, *members: Member) -> None:
    for member in members:
        contact = session.scalars(
            select(ContactPoint).where(ContactPoint.member_id == member.id, ContactPoint.channel == channel)
        ).one()
        contact.normalised = f"shared-{channel}"
    session.flush()


def test_two_records_with_one_phone_number_are_one_person(session: Session, ann: Member, now: datetime) -> None:
    twin = make_member(session, name="Ann again")
    share(session, Channel.SMS, ann, twin)
    journey = launch(session, journey_spec(send_step("main", "email")), now)
    assert states(session, journey) == {
        (ann.id, "main", "email"): PLANNED,
        (twin.id, "main", "email"): excluded(ExclusionReason.DUPLICATE_PERSON),
    }


def test_one_device_of_two_people_is_a_duplicate_address(session: Session, ann: Member, now: datetime) -> None:
    other = make_member(session)
    share(session, Channel.PUSH, ann, other)
    journey = launch(session, journey_spec(send_step("main", "push", "email")), now)
    assert states(session, journey) == {
        (ann.id, "main", "push"): PLANNED,
        (other.id, "main", "push"): excluded(ExclusionReason.DUPLICATE_ADDRESS),
        (ann.id, "main", "email"): PLANNED,
        (other.id, "main", "email"): PLANNED,
    }


def test_a_record_that_may_not_hear_from_us_does_not_silence_its_twin(session: Session, now: datetime) -> None:
    refused = make_member(session, consents={})
    agreed = make_member(session)
    share(session, Channel.EMAIL, refused, agreed)
    assert first_state(session, agreed, now) == PLANNED


def test_the_cap_counts_what_was_sent_in_seven_days_by_any_campaign(
    session: Session, ann: Member, now: datetime
) -> None:
    set_policy(session, "frequency_cap_per_channel_7d", {"email": 1, "sms": 2, "push": 4})
    sent_before(session, ann, Channel.EMAIL, now - timedelta(days=7) + timedelta(seconds=1))
    assert first_state(session, ann, now, "email") == excluded(ExclusionReason.FREQUENCY_CAP)
    assert first_state(session, ann, now, "sms") == PLANNED


def test_a_message_of_seven_days_ago_no_longer_counts(session: Session, ann: Member, now: datetime) -> None:
    set_policy(session, "frequency_cap_total_7d", 1)
    sent_before(session, ann, Channel.EMAIL, now - timedelta(days=7))
    assert first_state(session, ann, now, "email") == PLANNED


def test_earlier_messages_of_the_same_plan_count_until_seven_days_have_passed(
    session: Session, ann: Member, now: datetime
) -> None:
    set_policy(session, "frequency_cap_per_channel_7d", {"email": 2, "sms": 2, "push": 2})
    steps = [send_step(f"day{day}", "email", offset_days=day) for day in (0, 1, 2, 7, 8)]
    journey = launch(session, journey_spec(*steps), now)
    capped = {step for (_, step, _), (_, reason) in states(session, journey).items() if reason}
    assert capped == {"day2"}


def test_the_holdout_gets_nothing_but_is_accounted_for(session: Session, now: datetime) -> None:
    for _ in range(40):
        make_member(session)
    journey = launch(session, journey_spec(send_step("main", "email", "sms"), holdout_share=0.5), now)
    reasons = [reason for _, reason in states(session, journey).values()]
    assert len(reasons) == 80
    assert 10 <= reasons.count("holdout") / 2 <= 30
    assert reasons.count(None) == 80 - reasons.count("holdout")


def test_of_several_failing_checks_the_first_is_recorded(session: Session, now: datetime) -> None:
    member = make_member(session, consents={}, reachable_on=[])
    session.add(Suppression(member_id=member.id, reason="x", created_at=LONG_AGO))
    assert first_state(session, member, now) == excluded(ExclusionReason.SUPPRESSED)


def test_quiet_hours_put_off_by_the_members_own_clock(session: Session, now: datetime) -> None:
    here = make_member(session)
    there = make_member(session, zone_name="America/New_York")  # 21:00 on the evening before
    journey = launch(session, journey_spec(), now)
    rows = {row.member_id: row for row in session.scalars(select(Message).where(Message.journey_id == journey.id))}
    assert (rows[here.id].state, rows[here.id].due_at) == (MessageState.PLANNED, now)
    assert rows[there.id].state is MessageState.DEFERRED
    assert rows[there.id].due_at == datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("preferred", "consents", "expected"),
    [
        (Channel.SMS, {Channel.EMAIL: True, Channel.SMS: True}, "sms"),
        (Channel.SMS, {Channel.EMAIL: True}, "sms"),
        (None, {Channel.PUSH: True}, "push"),
        (Channel.MAIL, {Channel.SMS: True, Channel.PUSH: True}, "sms"),
        (None, {}, "email"),
    ],
)
def test_preferred_means_the_members_own_channel_and_without_one_the_first_he_can_be_reached_on(
    session: Session, now: datetime, preferred: Channel | None, consents: dict[Channel, bool], expected: str
) -> None:
    make_member(session, preferred_channel=preferred, consents=consents)
    journey = launch(session, journey_spec(send_step("main", "preferred")), now)
    assert [channel for _, _, channel in states(session, journey)] == [expected]


def test_when_the_stock_runs_out_the_rest_gets_no_promise(session: Session, now: datetime) -> None:
    members = [make_member(session) for _ in range(5)]
    coupon = make_coupon(session, stock_total=3)
    journey = launch(session, journey_spec(benefits=Benefits(coupon_codes=("C50",))), now)
    reasons = [states(session, journey)[member.id, "main", "email"][1] for member in members]
    assert reasons == [None, None, None, "no_stock", "no_stock"]
    session.refresh(coupon)
    assert (coupon.reserved, coupon.issued) == (3, 0)


def test_an_offer_that_nothing_backs_is_promised_to_nobody(session: Session, ann: Member, now: datetime) -> None:
    journey = launch(session, journey_spec(benefits=Benefits(words="a car", unbacked=("a car",))), now)
    assert states(session, journey)[ann.id, "main", "email"] == excluded(ExclusionReason.NO_STOCK)


def test_the_reasons_are_asked_in_the_order_of_the_enum() -> None:
    from crm.outreach import gate
    from crm.outreach.models import LEDGER

    row = LEDGER.alias()
    asked = [check.reason for check in (*gate.standing_checks(row), *gate.duplicate_checks(row, LEDGER))]
    assert asked == list(ExclusionReason)[: len(asked)]
