"""The clock of a workspace."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm.clock import FixedClock, day_end, day_start, local_day
from crm.database import Sessions, unit_of_work
from crm.errors import Conflict, InvalidRequest
from crm.workspace import WORKSPACE_ID, Workspace, WorldClock, get_workspace, move_clock


def test_a_demo_clock_walks_forward_and_every_reader_sees_it(sessions: Sessions, now: datetime) -> None:
    machine = FixedClock(now)
    clock = WorldClock(sessions, machine)
    assert clock.now() == now
    thursday = now + timedelta(days=3)
    with unit_of_work(sessions) as session:
        move_clock(session, thursday, machine)
    assert clock.now() == thursday
    assert WorldClock(sessions, machine).now() == thursday


def test_time_does_not_walk_back(sessions: Sessions, now: datetime) -> None:
    with pytest.raises(InvalidRequest, match="only walks forward"), unit_of_work(sessions) as session:
        move_clock(session, now - timedelta(days=1), FixedClock(now))


def test_a_workspace_on_real_time_refuses_to_walk(sessions: Sessions, now: datetime) -> None:
    with unit_of_work(sessions) as session:
        get_workspace(session).clock_offset_seconds = None
    with pytest.raises(Conflict, match="real time"), unit_of_work(sessions) as session:
        move_clock(session, now + timedelta(days=1), FixedClock(now))


def test_an_empty_database_says_how_to_load_data(sessions: Sessions) -> None:
    with unit_of_work(sessions) as session:
        session.delete(session.get_one(Workspace, WORKSPACE_ID))
    with pytest.raises(Conflict, match="nurture demo load"), unit_of_work(sessions) as session:
        get_workspace(session)


def test_local_days_follow_daylight_saving() -> None:
    new_york = ZoneInfo("America/New_York")
    spring = datetime(2026, 3, 8, tzinfo=new_york).date()
    assert day_end(spring, new_york) - day_start(spring, new_york) == timedelta(hours=23)
    autumn = datetime(2026, 11, 1, tzinfo=new_york).date()
    assert day_end(autumn, new_york) - day_start(autumn, new_york) == timedelta(hours=25)
    assert local_day(datetime(2026, 6, 1, 3, tzinfo=UTC), new_york).isoformat() == "2026-05-31"
