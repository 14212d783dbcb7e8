"""Walking a demo through time."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from crm.access.service import find_actor
from crm.activity.models import MemberActivity, Order
from crm.campaigns import service as campaigns
from crm.campaigns.lookup import find_campaign
from crm.catalog import CATALOG
from crm.clock import local_day
from crm.database import Sessions, read_only, unit_of_work
from crm.datasets.simulation import CAUSED, simulate_until
from crm.datasets.simulation_clock import advance_clock
from crm.errors import Conflict, InvalidRequest
from crm.outreach.channels import default_adapters
from crm.outreach.models import Arm, Enrolment, Message, MessageState
from crm.workspace import Workspace, WorldClock, get_workspace
from tests.crm.datasets.worlds import MACHINE, digest
from tests.decisions import asked_of

START = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
END = datetime(2026, 6, 6, 4, 30, tzinfo=UTC)
Open = Callable[[str], Sessions]


def approve_win_back(sessions: Sessions) -> None:
    with unit_of_work(sessions) as session:
        campaign = find_campaign(session, "Platinum Win-back")
        grace, asked = find_actor(session, "manager"), asked_of(session, campaign.id)
        campaigns.approve(session, campaign.id, fingerprint=asked, actor=grace, now=START)


def walk(sessions: Sessions, stops: Iterable[datetime]) -> None:
    for stop in stops:
        advance_clock(sessions, stop, default_adapters(), machine=MACHINE, catalog=CATALOG)


def test_one_step_and_many_steps_give_the_same_world(open_demo: Open) -> None:
    at_once, in_steps = open_demo("once"), open_demo("steps")
    approve_win_back(at_once)
    approve_win_back(in_steps)
    walk(at_once, [END])
    odd_hours = [START + timedelta(hours=hours) for hours in (1, 7, 26, 26.5, 49, 73, 80, 100)]
    walk(in_steps, [*odd_hours, END])
    with read_only(at_once) as first, read_only(in_steps) as second:
        assert digest(first) == digest(second)


def test_time_moves_to_where_it_was_told_and_campaigns_move_on(demo: Sessions) -> None:
    approve_win_back(demo)
    result = advance_clock(demo, END, default_adapters(), machine=MACHINE, catalog=CATALOG)
    assert WorldClock(demo, MACHINE).now() == END
    assert [launch.name for launch in result.done.launches if launch.is_launched] == ["Platinum Win-back"]
    assert result.done.dispatched.delivered > 0
    assert result.lived.orders > result.lived.caused_orders > 0
    with read_only(demo) as session:
        workspace = get_workspace(session)
        assert workspace.lived_until == END
        assert set(session.scalars(select(MemberActivity.as_of_on))) == {local_day(END, workspace.zone)}


def test_people_held_out_go_on_buying_and_nothing_is_caused_in_them(demo: Sessions) -> None:
    walk(demo, [END])
    with read_only(demo) as session:
        held_out = select(Enrolment.member_id).where(Enrolment.arm == Arm.HOLDOUT)
        theirs = select(func.count(Order.id)).where(Order.ordered_at > START, Order.member_id.in_(held_out))
        assert session.scalar(theirs)
        messaged = select(Message.member_id).where(Message.state == MessageState.DELIVERED)
        caused = select(func.count(Order.id)).where(Order.external_ref.startswith(CAUSED))
        assert session.scalar(caused)
        assert session.scalar(caused.where(Order.member_id.not_in(messaged))) == 0


def test_walking_back_is_refused(demo: Sessions) -> None:
    with pytest.raises(InvalidRequest, match="time only walks forward"):
        advance_clock(demo, START - timedelta(hours=1), default_adapters(), machine=MACHINE, catalog=CATALOG)


def test_a_ticking_clock_does_what_is_due_without_living_each_second(demo: Sessions) -> None:
    result = advance_clock(demo, START, default_adapters(), machine=MACHINE, catalog=CATALOG)
    assert result.lived.orders == 0
    with read_only(demo) as session:
        assert get_workspace(session).lived_until == START


def test_real_data_is_never_simulated(sessions: Sessions) -> None:
    with unit_of_work(sessions) as session:
        session.get_one(Workspace, 1).clock_offset_seconds = None
    with pytest.raises(Conflict, match="real data"):
        simulate_until(sessions, since=START, until=END)
    result = advance_clock(sessions, START, default_adapters(), machine=MACHINE, catalog=CATALOG)
    assert (result.since, result.lived.orders) == (START, 0)
