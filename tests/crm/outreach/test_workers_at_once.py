"""Several workers on PostgreSQL, whose clocks need not agree."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.channels import SENDABLE_CHANNELS
from crm.database import open_sessions, unit_of_work
from crm.outreach.channels.adapter import OutgoingMessage, SendResult
from crm.outreach.dispatch import dispatch_due
from crm.outreach.models import Message, MessageState
from crm.outreach.rules import LEASE
from crm.workspace import Workspace
from tests.builders import make_member
from tests.conftest import OpenDatabase
from tests.journeys import journey_spec, launch
from tests.providers import FakeProvider

PATIENCE_SECONDS = 30.0


@dataclass
class HesitantProvider(FakeProvider):
    """Begins with a batch, and hands it over when it is told to."""

    has_begun: threading.Event = field(default_factory=threading.Event)
    may_go_on: threading.Event = field(default_factory=threading.Event)

    def send(self, session: Session, batch: Sequence[OutgoingMessage], now: datetime) -> Iterator[SendResult]:
        self.has_begun.set()
        assert self.may_go_on.wait(PATIENCE_SECONDS)
        yield from super().send(session, batch, now)


@pytest.mark.parametrize("honours_keys", [True, False])
def test_what_one_worker_is_sending_is_left_alone_by_another_for_whom_its_lease_is_over(
    open_database: OpenDatabase,
    now: datetime,
    zone: ZoneInfo,
    honours_keys: bool,
) -> None:
    slow = HesitantProvider(honours_idempotency_key=honours_keys)
    quick = FakeProvider(honours_idempotency_key=honours_keys)
    with open_database("postgresql") as engine, ThreadPoolExecutor(2) as pool:
        sessions = open_sessions(engine)
        with unit_of_work(sessions) as session:
            session.add(
                Workspace(id=1, name="T", dataset="own", zone_name=zone.key, currency="CNY", clock_offset_seconds=0)
            )
            for _ in range(3):
                make_member(session)
            launch(session, journey_spec(), now)

        first = pool.submit(
            dispatch_due, sessions, dict.fromkeys(SENDABLE_CHANNELS, slow), now=now, worker="first", batch_size=2
        )
        assert slow.has_begun.wait(PATIENCE_SECONDS)
        ahead = pool.submit(dispatch_due, sessions, quick.on_all_channels(), now=now + LEASE, worker="ahead")
        other = ahead.result(PATIENCE_SECONDS)
        assert (other.delivered, other.unknown) == (1, 0)
        slow.may_go_on.set()
        assert first.result(PATIENCE_SECONDS).delivered == 2

        assert len({message.message_id for message in (*slow.taken, *quick.taken)}) == 3
        with unit_of_work(sessions) as session:
            assert set(session.scalars(select(Message.state))) == {MessageState.DELIVERED}
