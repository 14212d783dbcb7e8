from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.outreach.rules import QuietHours, after_quiet_hours, due_time, moment_of

wall = datetime.fromisoformat
QUIET = QuietHours(time(21), time(8))
SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
ZONES = [SHANGHAI, NEW_YORK, ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu")]
WALLS = st.datetimes(min_value=wall("2026-01-01T00:00"), max_value=wall("2027-12-31T00:00")).map(
    lambda drawn: drawn.replace(second=0, microsecond=0)
)


@pytest.mark.parametrize(
    ("given_wall", "expected"),
    [
        (wall("2026-06-05T10:00"), wall("2026-06-05T10:00")),
        (wall("2026-06-05T08:00"), wall("2026-06-05T08:00")),
        (wall("2026-06-05T07:59"), wall("2026-06-05T08:00")),
        (wall("2026-06-05T21:00"), wall("2026-06-06T08:00")),
        (wall("2026-12-31T23:30"), wall("2027-01-01T08:00")),
    ],
)
def test_quiet_hours_put_off_to_their_end(given_wall: datetime, expected: datetime) -> None:
    due = after_quiet_hours(moment_of(given_wall, SHANGHAI), SHANGHAI, QUIET)
    assert due.moment == moment_of(expected, SHANGHAI)
    assert due.is_deferred is (given_wall != expected)


def test_equal_ends_mean_that_there_are_no_quiet_hours() -> None:
    assert not QuietHours(time(0), time(0)).hold(time(0))


def test_a_skipped_wall_time_becomes_the_first_one_after_the_gap() -> None:
    assert moment_of(wall("2026-03-08T02:30"), NEW_YORK) == datetime(2026, 3, 8, 7, 0, tzinfo=UTC)


def test_of_a_wall_time_that_comes_twice_the_first_counts() -> None:
    assert moment_of(wall("2026-11-01T01:30"), NEW_YORK) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@given(st.sampled_from(ZONES), WALLS, WALLS)
def test_a_later_wall_time_is_never_due_earlier(zone: ZoneInfo, one: datetime, other: datetime) -> None:
    earlier, later = sorted((one, other))
    dues = [after_quiet_hours(moment_of(drawn, zone), zone, QUIET).moment for drawn in (earlier, later)]
    assert dues[0] <= dues[1]


@given(st.sampled_from(ZONES), WALLS)
def test_nothing_is_due_in_quiet_hours(zone: ZoneInfo, drawn: datetime) -> None:
    due = after_quiet_hours(moment_of(drawn, zone), zone, QUIET).moment
    assert not QUIET.hold(due.astimezone(zone).time())


def test_a_step_falls_due_at_its_own_time_in_the_members_zone() -> None:
    launch = moment_of(wall("2026-06-05T10:00"), SHANGHAI)
    due = due_time(2, "18:30", start=wall("2026-06-05T10:00"), launch=launch, zone=NEW_YORK, quiet=QUIET)
    assert due.moment == moment_of(wall("2026-06-07T18:30"), NEW_YORK)


def test_nothing_falls_due_before_the_launch() -> None:
    launch = moment_of(wall("2026-06-05T10:00"), SHANGHAI)
    tokyo = due_time(0, None, start=wall("2026-06-05T10:00"), launch=launch, zone=ZoneInfo("Asia/Tokyo"), quiet=QUIET)
    assert tokyo.moment == launch


def test_without_a_start_the_first_step_is_due_at_the_launch_everywhere() -> None:
    launch = datetime(2026, 6, 5, 12, tzinfo=UTC)
    for zone in (SHANGHAI, ZoneInfo("Europe/Berlin")):
        assert due_time(0, None, start=None, launch=launch, zone=zone, quiet=QUIET).moment == launch
    later = due_time(1, None, start=None, launch=launch, zone=SHANGHAI, quiet=QUIET)
    assert later.moment == launch + timedelta(days=1)
