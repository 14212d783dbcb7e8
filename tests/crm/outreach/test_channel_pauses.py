"""A channel that a person pauses sends nothing from the next batch on; what waits follows the gate's rules."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.audit import history_of
from crm.access.models import Role
from crm.access.service import actor_for
from crm.channels import Channel
from crm.database import Sessions, unit_of_work
from crm.errors import Conflict, Forbidden, InvalidRequest
from crm.outreach.channels.adapter import ChannelUnavailable, OutgoingMessage, SendResult, not_tried
from crm.outreach.channels.channel_status import SharedRateLimit, share_rate_limits
from crm.outreach.channels.models import ChannelCondition
from crm.outreach.channels.pausing import channel_pauses, named_channel, pause_channel, resume_channel
from crm.outreach.channels.status_board import channel_board
from crm.outreach.dispatch import dispatch_due
from crm.outreach.due import count_due
from crm.outreach.models import Message, MessageState
from crm.outreach.rate_limit import RateLimit
from crm.outreach.sending import DispatchResult
from tests.builders import make_account, make_member
from tests.databases import PostgresServer
from tests.journeys import journey_spec, launch, send_step
from tests.providers import FakeProvider


def person(sessions: Sessions, role: Role = Role.OPERATIONS) -> Actor:
    with unit_of_work(sessions) as session:
        return actor_for(make_account(session, display_name=f"A {role.value}", role=role))


def prepare(sessions: Sessions, now: datetime, *channels: str, members: int = 2) -> None:
    with unit_of_work(sessions) as session:
        for _ in range(members):
            make_member(session)
        launch(session, journey_spec(send_step("main", *channels)), now)


def pause(sessions: Sessions, actor: Actor, now: datetime, reason: str = "gateway is being replaced") -> None:
    with unit_of_work(sessions) as session:
        pause_channel(session, Channel.SMS, reason=reason, actor=actor, now=now)


def resume(sessions: Sessions, actor: Actor, now: datetime) -> None:
    with unit_of_work(sessions) as session:
        resume_channel(session, Channel.SMS, actor=actor, now=now)


def send(sessions: Sessions, provider: FakeProvider, now: datetime) -> DispatchResult:
    return dispatch_due(sessions, provider.on_all_channels(), now=now, worker="test")


def states(sessions: Sessions, channel: Channel) -> set[tuple[MessageState, str | None]]:
    with unit_of_work(sessions) as session:
        rows = session.execute(select(Message.state, Message.reason).where(Message.channel == channel))
        return {(state, reason) for state, reason in rows}


def test_messages_of_a_paused_channel_wait_while_others_go_and_go_when_it_is_resumed(
    sessions: Sessions, now: datetime
) -> None:
    mia = person(sessions)
    prepare(sessions, now, "email", "sms")
    pause(sessions, mia, now)
    provider = FakeProvider()
    assert send(sessions, provider, now) == DispatchResult(delivered=2)
    assert states(sessions, Channel.SMS) == {(MessageState.PLANNED, None)}
    with unit_of_work(sessions) as session:
        assert count_due(session, now, most=10) == 0
        sms = next(view for view in channel_board(session, now) if view.channel == "sms")
        assert sms.pause is not None
        assert (sms.pause.by, sms.pause.since, sms.waiting, sms.due) == ("A operations", now, 2, 2)
    later = now + timedelta(hours=1)
    resume(sessions, mia, later)
    assert send(sessions, provider, later) == DispatchResult(delivered=2)
    with unit_of_work(sessions) as session:
        assert channel_pauses(session) == {}
        noted = [(entry.action, entry.at, entry.account_id) for entry in history_of(session, "channel:sms")]
    assert noted == [("channel.paused", now, mia.account_id), ("channel.resumed", later, mia.account_id)]


def test_what_waited_too_long_for_its_channel_is_too_late(sessions: Sessions, now: datetime) -> None:
    mia = person(sessions)
    prepare(sessions, now, "sms")
    pause(sessions, mia, now)
    next_day = now + timedelta(hours=25)
    assert send(sessions, FakeProvider(), next_day) == DispatchResult()
    resume(sessions, mia, next_day)
    assert send(sessions, FakeProvider(), next_day).excluded == 2
    assert {state for state, _ in states(sessions, Channel.SMS)} == {MessageState.EXCLUDED}


@dataclass
class PausingProvider(FakeProvider):
    """Somebody pauses the channel while its first batch is under way."""

    sessions: Sessions | None = None
    actor: Actor | None = None
    batches: list[int] = field(default_factory=list)

    def send(self, session: Session, batch: Sequence[OutgoingMessage], now: datetime) -> Iterator[SendResult]:
        self.batches.append(len(batch))
        if self.actor is not None:
            pause_channel(session, Channel.SMS, reason="wrong sender name", actor=self.actor, now=now)
        yield from super().send(session, batch, now)


def test_a_pause_holds_from_the_next_batch_on(sessions: Sessions, now: datetime) -> None:
    prepare(sessions, now, "sms", members=9)
    provider = PausingProvider(sessions=sessions, actor=person(sessions))
    done = dispatch_due(sessions, provider.on_all_channels(), now=now, worker="test", batch_size=4)
    assert done == DispatchResult(delivered=4)
    assert provider.batches == [4]


def test_who_may_not_pause_is_told_who_may_and_a_reason_is_needed(sessions: Sessions, now: datetime) -> None:
    prepare(sessions, now, "sms")
    for role in (Role.CSM, Role.ANALYST):
        with pytest.raises(Forbidden, match="operations, manager, admin"):
            pause(sessions, person(sessions, role), now)
    with pytest.raises(InvalidRequest, match="say why"):
        pause(sessions, person(sessions), now, reason="  ")
    with pytest.raises(InvalidRequest, match="there are: email, sms, push"):
        named_channel("pigeon")


def test_a_second_pause_changes_nothing_and_what_is_not_paused_cannot_be_resumed(
    sessions: Sessions, now: datetime
) -> None:
    mia, grace = person(sessions), person(sessions, Role.MANAGER)
    with pytest.raises(Conflict, match="sms is not paused"):
        resume(sessions, mia, now)
    pause(sessions, mia, now)
    pause(sessions, grace, now + timedelta(hours=1), reason="me too")
    with unit_of_work(sessions) as session:
        held = channel_pauses(session)[Channel.SMS]
        assert (held.by, held.reason) == ("A operations", "gateway is being replaced")
        assert [entry.action for entry in history_of(session, "channel:sms")] == ["channel.paused"]
    resume(sessions, grace, now + timedelta(hours=2))
    pause(sessions, grace, now + timedelta(hours=3), reason="once more")
    with unit_of_work(sessions) as session:
        assert channel_pauses(session)[Channel.SMS].reason == "once more"


@dataclass
class TiredProvider(FakeProvider):
    """Asks to be left alone for an hour, and says so to whoever asks."""

    is_tired: bool = True
    asked: int = 0

    def send(self, session: Session, batch: Sequence[OutgoingMessage], now: datetime) -> Iterator[SendResult]:
        self.asked += 1
        if self.is_tired:
            yield from not_tried(batch)
            raise ChannelUnavailable("sms.example.com asks for a pause of 3600 s", rest_seconds=3600)
        yield from super().send(session, batch, now)


def test_a_provider_that_asks_for_a_pause_is_left_alone_by_every_process_and_people_see_why(
    sessions: Sessions, now: datetime
) -> None:
    prepare(sessions, now, "sms")
    provider = TiredProvider()
    assert send(sessions, provider, now) == DispatchResult()
    assert send(sessions, provider, now) == DispatchResult()
    assert provider.asked == 1
    with unit_of_work(sessions) as session:
        trouble = next(view for view in channel_board(session, now) if view.channel == "sms").trouble
        assert trouble is not None
        assert trouble.words == "sms.example.com asks for a pause of 3600 s"
        assert trouble.rests_until == trouble.at + timedelta(hours=1)
        session.get_one(ChannelCondition, Channel.SMS).rests_until = trouble.at - timedelta(seconds=1)
    provider.is_tired = False
    assert send(sessions, provider, now).delivered == 2
    with unit_of_work(sessions) as session:
        assert next(view for view in channel_board(session, now) if view.channel == "sms").trouble is None


def test_processes_on_postgresql_take_turns_at_a_channel_with_a_rate(postgres_sessions: Sessions) -> None:
    first, second = (
        FakeProvider(pace=RateLimit(most_at_once=100, per_second=50)),
        FakeProvider(pace=RateLimit(most_at_once=100, per_second=50)),
    )
    for provider in (first, second):
        share_rate_limits({Channel.SMS: provider}, postgres_sessions)
    one, other = first.pace, second.pace
    assert isinstance(one, SharedRateLimit)
    assert isinstance(other, SharedRateLimit)
    assert one.batch_size == 50
    assert one.take() == 0
    assert 0 < other.take() <= 1
    one.done(0)
    assert other.take() == 0
    one.done(50)  # it has no turn any more, and changes nothing
    assert 0 < one.take() <= 1
    other.done(50)
    assert 0.5 < one.take() <= 1


@pytest.fixture
def postgres_sessions(postgres: PostgresServer) -> Iterator[Sessions]:
    from crm.database import open_engine, open_sessions

    with postgres.new_database() as url:
        engine = open_engine(url)
        yield open_sessions(engine)
        engine.dispose()


def test_a_channel_without_a_rate_shares_nothing(sessions: Sessions) -> None:
    provider = FakeProvider(pace=RateLimit(most_at_once=100))
    share_rate_limits({Channel.SMS: provider}, sessions)
    assert not isinstance(provider.pace, SharedRateLimit)
    assert provider.pace is not None
    assert provider.pace.take() == 0
    assert provider.pace.take() == 0
