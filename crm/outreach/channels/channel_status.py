"""What all processes know together of how a channel fares: its turn to send, and whether its provider is left alone.

Moments here are the machine's, whatever time the workspace lives in. Turns are counted by the database's clock, so
that machines whose clocks differ keep the rate all the same.
"""

import time
from collections.abc import Mapping
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import BigInteger, ColumnElement, cast, func, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.channels import Channel
from crm.clock import SystemClock
from crm.database import Sessions, unit_of_work
from crm.outreach.channels.adapter import ChannelAdapters, ChannelUnavailable
from crm.outreach.channels.models import ChannelCondition
from crm.outreach.rate_limit import HOLD_SECONDS, RateLimit

MOST_TROUBLE_CHARACTERS = 300


class SharedRateLimit(RateLimit):
    """The pace of a channel for all processes on one database together."""

    def __init__(self, sessions: Sessions, channel: Channel, own: RateLimit) -> None:
        super().__init__(most_at_once=own.batch_size)
        self.rest_seconds = own.rest_seconds
        self._sessions = sessions
        self._channel = channel
        self._holder = uuid4().hex

    def take(self) -> float:
        of_channel = ChannelCondition.channel == self._channel
        with unit_of_work(self._sessions) as session:
            _enter(session, self._channel)
            now_ms = _now_ms(session)
            turn = update(ChannelCondition).where(of_channel, ChannelCondition.free_at_ms <= now_ms)
            turn = turn.values(free_at_ms=now_ms + round(HOLD_SECONDS * 1000), holder=self._holder)
            if session.scalar(turn.returning(ChannelCondition.channel)) is not None:
                return 0.0
            left_ms = session.scalar(select(ChannelCondition.free_at_ms - now_ms).where(of_channel)) or 0
        # A turn that is out ends as soon as its holder says so, not after HOLD_SECONDS.
        return min(max(left_ms / 1000, _SHORTEST_WAIT_SECONDS), self.rest_seconds)

    def done(self, messages: int) -> None:
        mine = (ChannelCondition.channel == self._channel, ChannelCondition.holder == self._holder)
        with unit_of_work(self._sessions) as session:
            rest_ms = round(self.rest_seconds * 1000) if messages else 0
            turn = update(ChannelCondition).where(*mine).values(free_at_ms=_now_ms(session) + rest_ms, holder=None)
            session.execute(turn)


_SHORTEST_WAIT_SECONDS = 0.01


def share_rate_limits(adapters: ChannelAdapters, sessions: Sessions) -> None:
    """Let channels with a rate keep it over all processes, where the database serves several."""
    with sessions() as session:
        if session.get_bind().dialect.name != "postgresql":
            return
    for channel, adapter in adapters.items():
        if adapter.pace is not None and adapter.pace.has_rate:
            adapter.pace = SharedRateLimit(sessions, channel, adapter.pace)


def resting_channels(session: Session) -> frozenset[Channel]:
    """Channels whose provider asked for a pause, or failed so often that it is left alone."""
    now = SystemClock().now()
    return frozenset(session.scalars(select(ChannelCondition.channel).where(ChannelCondition.rests_until > now)))


def conditions(session: Session) -> Mapping[Channel, ChannelCondition]:
    return {condition.channel: condition for condition in session.scalars(select(ChannelCondition))}


def note_trouble(session: Session, channel: Channel, error: ChannelUnavailable) -> None:
    """The provider takes no more: keep what it said, for people, and how long it is left alone, for every process."""
    _enter(session, channel)
    now = SystemClock().now()
    condition = session.get_one(ChannelCondition, channel, with_for_update=True)
    condition.trouble, condition.trouble_at = error.message[:MOST_TROUBLE_CHARACTERS], now
    condition.rests_until = now + timedelta(seconds=error.rest_seconds) if error.rest_seconds else None
    session.flush()


def note_success(session: Session, channel: Channel) -> None:
    """The provider answers; writes nothing when it did before."""
    well = update(ChannelCondition).where(ChannelCondition.channel == channel, ChannelCondition.trouble.is_not(None))
    well = well.values(trouble=None, trouble_at=None, rests_until=None)
    session.execute(well.execution_options(synchronize_session=False))


def _enter(session: Session, channel: Channel) -> None:
    known = select(ChannelCondition.channel).where(ChannelCondition.channel == channel)
    if session.scalar(known) is not None:
        return
    try:
        with session.begin_nested():
            session.add(ChannelCondition(channel=channel))
    except IntegrityError:
        return  # another process was faster


def _now_ms(session: Session) -> ColumnElement[int]:
    if session.get_bind().dialect.name == "postgresql":
        return cast(func.floor(func.extract("epoch", func.clock_timestamp()) * 1000), BigInteger)
    return literal(time.time_ns() // 1_000_000, BigInteger)
