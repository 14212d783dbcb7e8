"""A demo of any size from its named members on loads; its clock stops when nobody waits for it any more."""

from datetime import UTC, date, datetime, timedelta

import pytest

from crm.campaigns.lookup import list_campaigns
from crm.catalog import CATALOG
from crm.clock import FixedClock
from crm.database import Sessions, open_sessions, read_only
from crm.datasets.demo import load_demo
from crm.datasets.simulation_clock import LONGEST_WALK, advance_clock
from crm.errors import InvalidRequest
from crm.limits import Cancellation
from crm.outreach.channels import default_adapters
from crm.outreach.models import JourneyState
from crm.workspace import WorldClock
from tests.conftest import OpenDatabase

MACHINE = FixedClock(datetime(2026, 7, 1, tzinfo=UTC))
MORE = [
    (8, 7, "2026-06-01"),
    (9, 1, "2026-06-01"),
    (50, 7, "2026-12-31"),
    (99, 3, "2026-02-28"),
    (300, 7, "2026-06-01"),
]
SIZES = [(10, 3, "2028-02-29"), *(pytest.param(*each, marks=pytest.mark.deep) for each in MORE)]


@pytest.fixture
def empty(open_database: OpenDatabase) -> Sessions:
    with open_database("sqlite") as engine:
        yield open_sessions(engine)


@pytest.mark.parametrize(("members", "seed", "today"), SIZES)
def test_campaigns_that_can_reach_nobody_stay_drafts_that_say_so(
    empty: Sessions, members: int, seed: int, today: str
) -> None:
    load_demo(empty, today=date.fromisoformat(today), seed=seed, members=members, machine=MACHINE, catalog=CATALOG)
    with read_only(empty) as session:
        found = list_campaigns(session)
    assert len(found) == 11
    for campaign in found:
        if campaign.state_note is not None and campaign.state_note.startswith("Not submitted"):
            assert campaign.state is JourneyState.DRAFT


@pytest.mark.parametrize("members", [7, 1, 0, -5])
def test_fewer_members_than_the_stories_name_are_refused_with_a_sentence(empty: Sessions, members: int) -> None:
    with pytest.raises(InvalidRequest, match="a demo has at least 8 members"):
        load_demo(empty, members=members, machine=MACHINE, catalog=CATALOG)


def test_the_clock_walks_a_year_at_most_and_stops_when_nobody_waits(empty: Sessions) -> None:
    load_demo(empty, members=8, machine=MACHINE, catalog=CATALOG)
    clock = WorldClock(empty, MACHINE)
    begin = clock.now()
    for years in (2, 10, 7_000):
        with pytest.raises(InvalidRequest, match="walk at most 400 days at a time"):
            advance_clock(
                empty, begin + timedelta(days=365 * years), default_adapters(), machine=MACHINE, catalog=CATALOG
            )
    gone = Cancellation()
    days: list[int] = []

    def progress(_what: str, done: int, _of: int) -> None:
        days.append(done)
        if done >= 2:
            gone.cancel()

    target = begin + LONGEST_WALK
    walked = advance_clock(
        empty, target, default_adapters(), machine=MACHINE, progress=progress, cancellation=gone, catalog=CATALOG
    )
    assert max(days) == 2
    assert walked.until == clock.now() < target
