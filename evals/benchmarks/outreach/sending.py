"""Times the dispatch of a ledger by processes of its own to a provider that takes everything at once."""

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from multiprocessing.connection import Connection
from pathlib import Path

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from crm.channels import SENDABLE_CHANNELS
from crm.database import Sessions, open_engine, open_sessions, unit_of_work
from crm.journeys.schedulers.planned.launch import launch_planned
from crm.members.changes import MemberChange
from crm.members.models import Consent, ContactPoint, Member
from crm.outreach.channels.adapter import Outcome, OutgoingMessage, SendResult
from crm.outreach.dispatch import dispatch_due
from crm.outreach.models import Enrolment, Journey, Message, MessageLink
from crm.outreach.rate_limit import RateLimit
from evals.benchmarks.outreach.journeys import LINKS, bench_setting, journey
from evals.benchmarks.outreach.people import NOW, tidy

LATER = NOW + timedelta(minutes=5)
"""When the messages go: all of them are due then."""
_NAME = "Sent"
_STATUS = Path("/proc/self/status")
_PASSED_SHARE = 0.9
"""Of messages whose members agreed and can be reached; the others are of doubles and of people on the blacklist."""


@dataclass(frozen=True)
class Dispatch:
    """One ledger sent to its end by so many processes."""

    workers: int
    messages: int
    seconds: float
    peak_bytes: int
    """The largest of the processes at its largest; the database's file, which is read in place, not counted."""

    @property
    def messages_a_second(self) -> float:
        return self.messages / self.seconds


@dataclass(frozen=True)
class _Done:
    messages: int
    peak_bytes: int


class NullProvider:
    """Takes every message at once and keeps nothing of it."""

    honours_idempotency_key = True
    pace: RateLimit | None = None

    def __init__(self) -> None:
        self.taken = 0
        self.peak_bytes = 0

    def send(self, session: Session, batch: Sequence[OutgoingMessage], now: object) -> Iterator[SendResult]:
        self.taken += len(batch)
        self.peak_bytes = max(self.peak_bytes, own_bytes())
        for message in batch:
            yield SendResult(message.idempotency_key, Outcome.DELIVERED, provider_ref=f"null-{message.message_id}")


def own_bytes() -> int:
    """Memory that belongs to this process alone, without files it reads in place. Linux only."""
    line = next(line for line in _STATUS.read_text(encoding="ascii").splitlines() if line.startswith("RssAnon:"))
    return int(line.split()[1]) * 1024


def time_dispatch(sessions: Sessions, messages: int, *, workers: int) -> Dispatch:
    """Launch a journey of about so many messages, all due, and send it. Nothing of it is left behind."""
    url = sessions.kw["bind"].url.render_as_string(hide_password=False)
    with _due_ledger(sessions, messages):
        context = multiprocessing.get_context("spawn")
        lines = []
        for number in range(workers):
            ours, theirs = context.Pipe()
            context.Process(target=_drain, args=(url, f"worker-{number + 1}", theirs), daemon=True).start()
            lines.append(ours)
        for line in lines:
            line.recv()
        started = time.perf_counter()
        for line in lines:
            line.send("go")
        done: list[_Done] = [line.recv() for line in lines]
        seconds = time.perf_counter() - started
    return Dispatch(
        workers=workers,
        messages=sum(part.messages for part in done),
        seconds=seconds,
        peak_bytes=max(part.peak_bytes for part in done),
    )


def _drain(url: str, worker: str, line: Connection) -> None:
    """A process of its own: sends what is due until nothing is."""
    engine = open_engine(url)
    sessions, provider = open_sessions(engine), NullProvider()
    with unit_of_work(sessions) as session:
        session.connection()
    line.send("ready")
    line.recv()
    channels = dict.fromkeys(SENDABLE_CHANNELS, provider)
    dispatch_due(sessions, channels, now=LATER, worker=worker, links=LINKS)
    line.send(_Done(provider.taken, provider.peak_bytes))
    engine.dispose()


@contextmanager
def _due_ledger(sessions: Sessions, messages: int) -> Iterator[None]:
    with unit_of_work(sessions) as session:
        _clear(session)
        agreed = (
            select(func.count())
            .join_from(Consent, ContactPoint, ContactPoint.member_id == Consent.member_id)
            .where(ContactPoint.channel == Consent.channel, Consent.granted)
        )
        passing = (session.scalar(agreed) or 0) * _PASSED_SHARE
        steps = ceil(messages / passing)
        last_id = ceil((session.scalar(select(func.max(Member.id))) or 0) * messages / (passing * steps))
        spec = journey(_NAME, [0] * steps, holdout_share=0.0)
        audience = select(Member.id).where(Member.id <= last_id)
        launch_planned(session, spec, audience, bench_setting(session), now=NOW)
    tidy(sessions)
    try:
        yield
    finally:
        with unit_of_work(sessions) as session:
            _clear(session)


def _clear(session: Session) -> None:
    """Take away what was sent, here or by a run that was interrupted."""
    session.execute(delete(MemberChange))
    mine = select(Journey.id).where(Journey.name == _NAME)
    for model in (Message, Enrolment, MessageLink):
        session.execute(delete(model).where(model.journey_id.in_(mine)))
    session.execute(delete(Journey).where(Journey.name == _NAME))
