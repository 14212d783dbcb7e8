"""Several workers on PostgreSQL, whose clocks need not agree."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, Select, select, text, update

from crm.database import open_sessions, unit_of_work
from crm.outreach.dispatch import dispatch_due
from crm.outreach.models import Message, MessageState
from crm.outreach.rules import LEASE
from crm.workspace import Workspace
from tests.builders import make_member
from tests.conftest import OpenDatabase
from tests.journeys import journey_spec, launch
from tests.providers import FakeProvider, Killed

PATIENCE_SECONDS = 30.0


def await_a_waiting_connection(engine: Engine) -> None:
    """Until somebody waits for a lock in this database."""
    waits = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    ends_at = time.monotonic() + PATIENCE_SECONDS
    with engine.connect() as connection:
        while not connection.scalar(waits):
            assert time.monotonic() < ends_at, "nobody waits for the lock"
            time.sleep(0.02)


def test_what_another_worker_claims_meanwhile_by_a_clock_behind_ours_is_not_given_up(
    open_database: OpenDatabase, now: datetime, zone: ZoneInfo
) -> None:
    with open_database("postgresql") as engine, ThreadPoolExecutor(1) as pool:
        sessions = open_sessions(engine)
        with unit_of_work(sessions) as session:
            session.add(
                Workspace(id=1, name="T", dataset="own", zone_name=zone.key, currency="CNY", clock_offset_seconds=0)
            )
            for _ in range(2):
                make_member(session)
            launch(session, journey_spec(), now)
        provider = FakeProvider(script=["kill"])
        with pytest.raises(Killed):
            dispatch_due(sessions, provider.on_all_channels(), now=now, worker="killed", batch_size=1)

        later = now + LEASE
        with unit_of_work(sessions) as other:
            lapsed = other.scalars(_one(MessageState.CLAIMED).with_for_update()).one()
            ours = pool.submit(dispatch_due, sessions, provider.on_all_channels(), now=later, worker="ours")
            await_a_waiting_connection(engine)
            theirs = other.scalars(_one(MessageState.PLANNED)).one()
            claimed = {"state": MessageState.CLAIMED, "claimed_by": "theirs:1", "lease_until": now, "attempts": 1}
            other.execute(update(Message).where(Message.id == theirs.id).values(claimed))
        assert ours.result(PATIENCE_SECONDS).unknown == 0

        dispatch_due(sessions, provider.on_all_channels(), now=later, worker="ours")
        with unit_of_work(sessions) as session:
            assert set(session.scalars(select(Message.state))) == {MessageState.DELIVERED}
            assert {lapsed.id, theirs.id} == {message.message_id for message in provider.taken}


def _one(state: MessageState) -> Select[Message]:
    return select(Message).where(Message.state == state)
