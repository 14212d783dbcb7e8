"""What a provider puts off waits and is tried again; what it never had waits as before."""

from datetime import datetime, timedelta

from sqlalchemy import select

from crm.database import Sessions, unit_of_work
from crm.outreach.dispatch import PATIENCE_SECONDS, dispatch_due
from crm.outreach.models import Message, MessageState, UnknownReason
from crm.outreach.rate_limit import RateLimit
from crm.outreach.rules import LEASE, RETRY_DELAYS
from crm.outreach.sending import DispatchResult
from tests.builders import make_member
from tests.journeys import journey_spec, launch
from tests.providers import FakeProvider


def prepare(sessions: Sessions, now: datetime, *, members: int = 1) -> None:
    with unit_of_work(sessions) as session:
        for _ in range(members):
            make_member(session)
        launch(session, journey_spec(), now)


def send(sessions: Sessions, provider: FakeProvider, now: datetime) -> DispatchResult:
    return dispatch_due(sessions, provider.on_all_channels(), now=now, worker="test")


def only_message(sessions: Sessions) -> Message:
    with unit_of_work(sessions) as session:
        return session.scalars(select(Message)).one()


def test_a_message_that_is_put_off_goes_later_and_no_earlier(sessions: Sessions, now: datetime) -> None:
    prepare(sessions, now)
    provider = FakeProvider(honours_idempotency_key=False, script=["later"])
    assert send(sessions, provider, now).deferred == 1
    message = only_message(sessions)
    assert (message.due_at, message.retries, message.attempts) == (now + RETRY_DELAYS[0], 1, 0)
    assert send(sessions, provider, now + RETRY_DELAYS[0] - timedelta(seconds=1)) == DispatchResult()
    assert send(sessions, provider, now + RETRY_DELAYS[0]).delivered == 1


def test_the_pauses_grow_and_in_the_end_the_message_has_failed_with_the_providers_words(
    sessions: Sessions, now: datetime
) -> None:
    prepare(sessions, now)
    provider = FakeProvider(script=["later"] * 9)
    moment = now
    for pause in RETRY_DELAYS:
        assert send(sessions, provider, moment).deferred == 1
        moment += pause
        assert only_message(sessions).due_at == moment
    assert send(sessions, provider, moment).failed == 1
    assert only_message(sessions).reason == "mailbox busy"


def test_putting_off_does_not_settle_an_earlier_attempt_that_went_unanswered(sessions: Sessions, now: datetime) -> None:
    prepare(sessions, now)
    provider = FakeProvider(script=["silent", *["later"] * 9])
    send(sessions, provider, now)
    moment = now + LEASE
    for pause in RETRY_DELAYS:
        assert send(sessions, provider, moment).deferred == 1
        moment += pause
    assert send(sessions, provider, moment).unknown == 1
    assert only_message(sessions).reason == UnknownReason.NO_ANSWER


def test_messages_that_were_not_tried_wait_as_before_and_the_channel_rests_for_this_turn(
    sessions: Sessions, now: datetime
) -> None:
    prepare(sessions, now, members=5)
    provider = FakeProvider(honours_idempotency_key=False, script=["deliver", "busy"])
    result = dispatch_due(sessions, provider.on_all_channels(), now=now, worker="test", batch_size=3)
    assert result == DispatchResult(delivered=1)
    with unit_of_work(sessions) as session:
        waiting = session.scalars(select(Message).where(Message.state == MessageState.PLANNED)).all()
        assert [(message.attempts, message.claimed_by, message.due_at) for message in waiting] == [(0, None, now)] * 4
    assert send(sessions, provider, now + timedelta(seconds=5)).delivered == 4


class Watch:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.pauses: list[float] = []

    def now(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds


def test_a_rate_spreads_the_messages_over_seconds(sessions: Sessions, now: datetime) -> None:
    prepare(sessions, now, members=10)
    watch = Watch()
    provider = FakeProvider(pace=RateLimit(most_at_once=100, per_second=4, clock=watch.now))
    result = dispatch_due(sessions, provider.on_all_channels(), now=now, worker="test", wait=watch.wait)
    assert result.delivered == 10
    assert watch.pauses == [1.0, 1.0, 1.0]


def test_a_turn_waits_only_so_long_for_a_slow_channel(sessions: Sessions, now: datetime) -> None:
    prepare(sessions, now, members=9)
    watch = Watch()
    provider = FakeProvider(pace=RateLimit(most_at_once=100, per_second=0.2, clock=watch.now))
    result = dispatch_due(sessions, provider.on_all_channels(), now=now, worker="test", wait=watch.wait)
    assert result.delivered == 5
    assert watch.seconds == PATIENCE_SECONDS
