"""Dispatch in the small: one provider, one message, one thing that goes wrong."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import cast

import pytest
from sqlalchemy import URL, Engine, create_engine, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from crm.access.policy import set_policy
from crm.catalog import CATALOG
from crm.channels import Channel
from crm.database import Sessions, unit_of_work
from crm.journeys import engine as outreach
from crm.loyalty.models import Coupon
from crm.members.models import AddressSuppression, Consent, Suppression
from crm.outreach import ledger
from crm.outreach.channels import default_adapters
from crm.outreach.channels.adapter import OutgoingMessage, SendResult
from crm.outreach.dispatch import dispatch_due
from crm.outreach.models import Journey, JourneyState, Message, MessageState, OutboxItem, UnknownReason
from crm.outreach.receipts import record_receipt
from crm.outreach.rules import LEASE
from crm.outreach.sending import DispatchResult
from crm.outreach.spec import Benefits
from crm.outreach.template import Wording
from tests.builders import LONG_AGO, make_member
from tests.journeys import LINKS, journey_spec, launch, make_coupon, send_step, states
from tests.opting_out import opt_out_on_channel
from tests.providers import FakeProvider, Killed
from tests.worlds import InterruptedSessions


def prepare(sessions: Sessions, now: datetime, *, members: int = 1, **spec: object) -> Journey:
    with unit_of_work(sessions) as session:
        for _ in range(members):
            make_member(session)
        return launch(session, journey_spec(**spec), now)


def send(sessions: Sessions, provider: FakeProvider, now: datetime) -> DispatchResult:
    return dispatch_due(sessions, provider.on_all_channels(), now=now, worker="test")


def only_message(sessions: Sessions) -> Message:
    with unit_of_work(sessions) as session:
        return session.scalars(select(Message)).one()


def test_a_bad_recipient_does_not_hold_up_the_batch(sessions: Sessions, now: datetime) -> None:
    prepare(sessions, now, members=3)
    result = send(sessions, FakeProvider(script=["deliver", "refuse"]), now)
    assert (result.delivered, result.failed) == (2, 1)
    with unit_of_work(sessions) as session:
        failed = session.scalars(select(Message).where(Message.state == MessageState.FAILED)).one()
        assert failed.reason == "no such mailbox"


def test_after_a_crash_the_message_goes_again_with_the_same_key_where_that_is_safe(
    sessions: Sessions, now: datetime
) -> None:
    prepare(sessions, now)
    provider = FakeProvider(script=["kill"])
    with pytest.raises(Killed):
        send(sessions, provider, now)
    assert send(sessions, provider, now) == DispatchResult()
    assert send(sessions, provider, now + LEASE).delivered == 1
    assert len(provider.handed) == 2
    assert len(provider.taken) == 1


def test_after_a_crash_nobody_knows_where_the_provider_would_send_twice(sessions: Sessions, now: datetime) -> None:
    prepare(sessions, now)
    provider = FakeProvider(honours_idempotency_key=False, script=["kill"])
    with pytest.raises(Killed):
        send(sessions, provider, now)
    assert send(sessions, provider, now + LEASE).unknown == 1
    assert len(provider.handed) == 1
    message = only_message(sessions)
    assert (message.state, message.reason) == (MessageState.UNKNOWN, UnknownReason.WORKER_LOST)
    assert message.sent_at == now


@pytest.mark.parametrize("honours", [True, False])
def test_a_provider_that_gives_no_answer_is_asked_again_only_if_it_honours_keys(
    sessions: Sessions, now: datetime, honours: bool
) -> None:
    prepare(sessions, now, members=2)
    provider = FakeProvider(honours_idempotency_key=honours, script=["deliver", "silent"])
    first = send(sessions, provider, now)
    assert (first.delivered, first.unknown) == (1, 0 if honours else 1)
    later = send(sessions, provider, now + LEASE)
    assert later.delivered == (1 if honours else 0)
    assert len(provider.taken) == 2


def test_an_opt_out_after_a_silent_attempt_leaves_the_truth_open(sessions: Sessions, now: datetime) -> None:
    prepare(sessions, now)
    provider = FakeProvider(script=["silent"])
    send(sessions, provider, now)
    message = only_message(sessions)
    with unit_of_work(sessions) as session:
        opt_out_on_channel(session, message.member_id, Channel.EMAIL, now)
    assert send(sessions, provider, now + LEASE).unknown == 1
    assert len(provider.handed) == 1


def test_a_suppression_between_launch_and_dispatch_is_seen(sessions: Sessions, now: datetime) -> None:
    prepare(sessions, now)
    with unit_of_work(sessions) as session:
        session.add(Suppression(member_id=only_message(sessions).member_id, reason="x", created_at=LONG_AGO))
    provider = FakeProvider()
    assert send(sessions, provider, now).excluded == 1
    assert provider.handed == []


def send_interrupted(
    sessions: Sessions, provider: FakeProvider, now: datetime, happening: Callable[[], None]
) -> DispatchResult:
    """A dispatch in which something is committed between the claim and the send."""
    interrupted = InterruptedSessions(sessions, [lambda: None, lambda: None, happening])
    return dispatch_due(cast(Sessions, interrupted), provider.on_all_channels(), now=now, worker="test")


@pytest.mark.parametrize("silencing", ["opt_out", "suppression", "cancel"])
def test_what_is_committed_between_claim_and_send_stops_the_send(
    sessions: Sessions, now: datetime, silencing: str
) -> None:
    journey = prepare(sessions, now)
    member_id = only_message(sessions).member_id

    def happening() -> None:
        assert only_message(sessions).state is MessageState.CLAIMED
        with unit_of_work(sessions) as session:
            if silencing == "opt_out":
                opt_out_on_channel(session, member_id, Channel.EMAIL, now)
            elif silencing == "suppression":
                session.add(Suppression(member_id=member_id, reason="x", created_at=now))
            else:
                ledger.cancel(session, journey.id, now=now)

    provider = FakeProvider()
    assert send_interrupted(sessions, provider, now, happening).excluded == 1
    assert provider.handed == []
    reasons = {"opt_out": "no_consent", "suppression": "suppressed", "cancel": "cancelled"}
    assert only_message(sessions).reason == reasons[silencing]


def test_a_journey_paused_between_claim_and_send_takes_its_messages_back(sessions: Sessions, now: datetime) -> None:
    journey = prepare(sessions, now)

    def happening() -> None:
        with unit_of_work(sessions) as session:
            session.get_one(Journey, journey.id).state = JourneyState.PAUSED

    provider = FakeProvider()
    send_interrupted(sessions, provider, now, happening)
    message = only_message(sessions)
    assert (message.state, message.attempts, provider.handed) == (MessageState.PLANNED, 0, [])


@pytest.mark.parametrize("honours", [True, False])
def test_a_worker_that_comes_back_after_its_lease_ran_out_sends_nothing(
    sessions: Sessions, now: datetime, honours: bool
) -> None:
    prepare(sessions, now)
    provider = FakeProvider(honours_idempotency_key=honours)

    def happening() -> None:
        dispatch_due(sessions, provider.on_all_channels(), now=now + LEASE, worker="another")

    send_interrupted(sessions, provider, now, happening)
    # Another worker sent it, or (where a repeat could arrive twice) declared it unknown.
    assert len(provider.handed) == (1 if honours else 0)
    assert only_message(sessions).state is (MessageState.DELIVERED if honours else MessageState.UNKNOWN)


def test_a_message_that_another_worker_has_claimed_meanwhile_is_left_to_it(sessions: Sessions, now: datetime) -> None:
    prepare(sessions, now)
    provider = FakeProvider()

    def die() -> None:
        raise Killed

    def happening() -> None:
        dying = InterruptedSessions(sessions, [lambda: None, lambda: None, die])
        adapters = provider.on_all_channels()
        with pytest.raises(Killed):
            dispatch_due(cast(Sessions, dying), adapters, now=now + LEASE, worker="another")

    send_interrupted(sessions, provider, now, happening)
    assert provider.handed == []
    assert only_message(sessions).state is MessageState.CLAIMED


def test_a_cap_that_was_lowered_after_the_launch_holds_over_campaigns(sessions: Sessions, now: datetime) -> None:
    with unit_of_work(sessions) as session:
        make_member(session)
        for name in ("first", "second", "third"):
            launch(session, journey_spec(name=name, experiment=name), now)
        set_policy(session, "frequency_cap_total_7d", 2)
    result = send(sessions, FakeProvider(), now)
    assert (result.delivered, result.excluded) == (2, 1)


def test_an_address_that_bounced_is_written_to_by_nobody_any_more(sessions: Sessions, now: datetime) -> None:
    prepare(sessions, now)
    send(sessions, FakeProvider(script=["bounce"]), now)
    assert (only_message(sessions).state, only_message(sessions).reason) == (MessageState.FAILED, "550 5.1.1")
    with unit_of_work(sessions) as session:
        listed = session.scalars(select(AddressSuppression)).one()
        assert (listed.channel, listed.reason, listed.created_at) == (Channel.EMAIL, "hard bounce", now)
        again = launch(session, journey_spec(send_step("main", "email", "sms"), name="Again"), now)
        reasons = {channel: reason for (_, _, channel), (_, reason) in states(session, again).items()}
    assert reasons == {"email": "suppressed", "sms": None}


class OptOutDuringSend(FakeProvider):
    """While it sends, another process tries to commit an opt-out."""

    def __init__(self, url: URL) -> None:
        super().__init__()
        self.url = url
        self.refusals = 0

    def send(self, session: Session, batch: Sequence[OutgoingMessage], now: datetime) -> Iterator[SendResult]:
        impatient = {"postgresql": {"options": "-c lock_timeout=50"}, "sqlite": {"timeout": 0.05}}
        other = create_engine(self.url, connect_args=impatient[self.url.get_backend_name()])
        with other.connect() as connection, pytest.raises(OperationalError, match="lock"):
            connection.execute(update(Consent).values(granted=False))
        other.dispose()
        self.refusals += 1
        yield from super().send(session, batch, now)


def test_no_opt_out_commits_while_a_batch_is_being_sent(sessions: Sessions, engine: Engine, now: datetime) -> None:
    prepare(sessions, now)
    provider = OptOutDuringSend(engine.url)
    assert send(sessions, provider, now).delivered == 1
    assert provider.refusals == 1


def test_a_message_found_in_quiet_hours_waits_for_their_end(sessions: Sessions, now: datetime) -> None:
    prepare(sessions, now)
    at_night = now + timedelta(hours=14)
    assert send(sessions, FakeProvider(), at_night).deferred == 1
    message = only_message(sessions)
    assert (message.state, message.due_at) == (MessageState.DEFERRED, now + timedelta(hours=23))
    assert send(sessions, FakeProvider(), now + timedelta(hours=23)).delivered == 1


def test_a_message_a_day_overdue_is_not_sent(sessions: Sessions, now: datetime) -> None:
    prepare(sessions, now)
    assert send(sessions, FakeProvider(), now + timedelta(hours=25)).excluded == 1
    assert only_message(sessions).reason == "too_late"


def test_the_outbox_holds_the_finished_words_once(sessions: Sessions, now: datetime) -> None:
    words = "{{ name }} ({{ tier }}): {{ offer }} with {{ code }}. {{ unsubscribe }}"
    step = send_step(wordings=(Wording(channel=Channel.EMAIL, subject="For {{ name }}", body=words),))
    with unit_of_work(sessions) as session:
        make_coupon(session)
        member = make_member(session, name="Ann", tier="gold")
        benefits = Benefits(words="¥50 off", coupon_codes=("C50",))
        launch(session, journey_spec(step, benefits=benefits), now)
    for _ in range(2):
        outreach.advance(sessions, now, default_adapters(), catalog=CATALOG, links=LINKS)
    with unit_of_work(sessions) as session:
        item = session.scalars(select(OutboxItem)).one()
        message_id = session.scalars(select(Message.id)).one()
        assert (item.member_id, item.subject) == (member.id, "For Ann")
        assert item.body == f"Ann (gold): ¥50 off with C50. {LINKS.unsubscribe(message_id)}"


def test_a_coupon_is_issued_with_the_first_delivered_message_and_goes_back_without_one(
    sessions: Sessions, now: datetime
) -> None:
    with unit_of_work(sessions) as session:
        make_coupon(session)
        for _ in range(3):
            make_member(session)
        spec = journey_spec(send_step("main", "email", "sms"), benefits=Benefits(coupon_codes=("C50",)))
        launch(session, spec, now)
    send(sessions, FakeProvider(script=["refuse", "deliver", "refuse", "refuse", "deliver", "deliver"]), now)
    with unit_of_work(sessions) as session:
        coupon = session.scalars(select(Coupon)).one()
        assert (coupon.reserved, coupon.issued) == (0, 2)


def test_a_receipt_settles_what_the_provider_only_accepted(sessions: Sessions, now: datetime) -> None:
    with unit_of_work(sessions) as session:
        make_coupon(session)
        for _ in range(2):
            make_member(session)
        launch(session, journey_spec(benefits=Benefits(coupon_codes=("C50",))), now)
    assert send(sessions, FakeProvider(script=["accept", "accept"]), now).sent == 2
    with unit_of_work(sessions) as session:
        arrived, bounced = session.scalars(select(Message.id).order_by(Message.id))
        record_receipt(session, arrived, is_delivered=True, at=now)
        record_receipt(session, bounced, is_delivered=False, at=now, reason="mailbox full")
        coupon = session.scalars(select(Coupon)).one()
        assert (coupon.reserved, coupon.issued) == (0, 1)


def test_a_cancelled_journey_sends_nothing_more(sessions: Sessions, now: datetime) -> None:
    journey = prepare(sessions, now, members=2)
    with unit_of_work(sessions) as session:
        ledger.cancel(session, journey.id, now=now)
    provider = FakeProvider()
    send(sessions, provider, now)
    assert provider.handed == []


def test_variants_are_sent_to_the_members_they_were_drawn_for(sessions: Sessions, now: datetime) -> None:
    wordings = [Wording(channel=Channel.EMAIL, variant=name, body=f"text {name}") for name in "AB"]
    prepare(sessions, now, members=30, steps=(send_step(wordings=wordings),))
    provider = FakeProvider()
    send(sessions, provider, now)
    with unit_of_work(sessions) as session:
        drawn = dict(session.execute(select(Message.id, Message.variant)).all())
    assert {message.message_id: message.body for message in provider.taken} == {
        message_id: f"text {variant}" for message_id, variant in drawn.items()
    }
    assert 5 <= list(drawn.values()).count("A") <= 25
