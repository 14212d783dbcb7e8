"""An opt-out committed at time t: no hand-over to anybody at that address starts after t, whoever writes meanwhile."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from crm.channels import SENDABLE_CHANNELS, Channel
from crm.database import Sessions, open_sessions, read_only, unit_of_work
from crm.members.models import ContactPoint
from crm.members.suppression import suppress_address, suppress_member
from crm.outreach.channels.adapter import Outcome, OutgoingMessage, SendResult
from crm.outreach.dispatch import dispatch_due
from crm.outreach.models import Message, MessageState
from crm.outreach.opt_out import opt_out
from crm.outreach.rate_limit import RateLimit
from crm.workspace import Workspace
from tests.builders import make_member
from tests.journeys import journey_spec, launch, send_step

PEOPLE = 60
"""Of each there are two records, with one phone number and one e-mail address."""
SECONDS_A_MESSAGE = 0.002
WRITERS = 3
CHANGES_EACH = 14


@dataclass
class SlowProvider:
    """Takes every message, and notes when each was begun."""

    honours_idempotency_key: bool = True
    pace: RateLimit | None = None
    started: list[tuple[float, int, Channel]] = field(default_factory=list)

    def send(self, session: Session, batch: Sequence[OutgoingMessage], now: datetime) -> Iterator[SendResult]:
        for message in batch:
            self.started.append((time.perf_counter(), message.member_id, message.channel))
            time.sleep(SECONDS_A_MESSAGE)
            yield SendResult(message.idempotency_key, Outcome.DELIVERED)


@dataclass(frozen=True)
class Silence:
    """From a moment on, nothing goes to these records; on one channel, or (None) on all."""

    since: float
    records: frozenset[int]
    channel: Channel | None


def settle(session: Session, zone: ZoneInfo) -> list[tuple[int, int]]:
    session.add(Workspace(id=1, name="T", dataset="own", zone_name=zone.key, currency="CNY", clock_offset_seconds=0))
    pairs = [(make_member(session).id, make_member(session).id) for _ in range(PEOPLE)]
    person_of = {record: pair[0] for pair in pairs for record in pair}
    for point in session.scalars(select(ContactPoint)):
        if point.channel is not Channel.PUSH:
            point.normalised = f"{point.channel}{person_of[point.member_id]}@example.com"
    return pairs


class Run:
    """Senders and writers, all at once."""

    def __init__(self, engine: Engine, zone: ZoneInfo, now: datetime) -> None:
        self.sessions: Sessions = open_sessions(engine)
        self.now, self.provider = now, SlowProvider()
        with unit_of_work(self.sessions) as session:
            self.pairs = settle(session, zone)
            launch(session, journey_spec(send_step("main", *SENDABLE_CHANNELS)), now)
            self.messages = dict(session.execute(select(Message.member_id, Message.id)).all())
        self.silences: list[Silence] = []
        self.is_sending = threading.Event()

    def send(self, worker: str) -> None:
        self.is_sending.set()
        adapters = dict.fromkeys(SENDABLE_CHANNELS, self.provider)
        dispatch_due(self.sessions, adapters, now=self.now, worker=worker, batch_size=15)

    def write(self, seed: int) -> None:
        random = Random(seed)
        assert self.is_sending.wait(10)
        for pair in random.sample(self.pairs, CHANGES_EACH):
            random.choice((self.follow_the_link, self.blacklist, self.bounce))(pair, random.choice(pair))
            time.sleep(random.uniform(0, 0.03))

    def follow_the_link(self, pair: tuple[int, int], record: int) -> None:
        self._commit(lambda session: opt_out(session, self.messages[record], [Channel.SMS], self.now))
        self._silence(frozenset(pair), Channel.SMS)

    def blacklist(self, pair: tuple[int, int], record: int) -> None:
        self._commit(lambda session: suppress_member(session, record, reason="asked", now=self.now))
        self._silence(frozenset(pair), None)

    def bounce(self, pair: tuple[int, int], record: int) -> None:
        address = f"email{pair[0]}@example.com"
        self._commit(lambda session: suppress_address(session, Channel.EMAIL, address, reason="gone", now=self.now))
        self._silence(frozenset(pair), Channel.EMAIL)

    def _commit(self, change: Callable[[Session], object]) -> None:
        with unit_of_work(self.sessions) as session:
            change(session)

    def _silence(self, records: frozenset[int], channel: Channel | None) -> None:
        self.silences.append(Silence(time.perf_counter(), records, channel))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_hand_over_starts_after_an_opt_out_was_committed(
    open_database, kind: str, zone: ZoneInfo, now: datetime
) -> None:
    with open_database(kind) as engine:
        run = Run(engine, zone, now)
        senders = ("one", "two") if kind == "postgresql" else ("one",)
        with ThreadPoolExecutor() as pool:
            tasks = [pool.submit(run.send, name) for name in senders]
            tasks += [pool.submit(run.write, seed) for seed in range(WRITERS)]
            for task in tasks:
                task.result(timeout=120)
        started = run.provider.started
        broken = [
            (silence, call)
            for silence in run.silences
            for call in started
            if call[1] in silence.records and silence.channel in (None, call[2]) and call[0] > silence.since
        ]
        assert broken == []
        during = [silence for silence in run.silences if started[0][0] < silence.since < started[-1][0]]
        assert len(during) > WRITERS, "the writers came too late to prove anything"
        with read_only(run.sessions) as session:
            left_out = select(Message.id).where(Message.reason.in_(("no_consent", "suppressed")))
            assert session.scalars(left_out).all()
            open_ones = Message.state.in_((MessageState.PLANNED, MessageState.DEFERRED, MessageState.CLAIMED))
            assert session.scalars(select(Message.id).where(open_ones)).all() == []
