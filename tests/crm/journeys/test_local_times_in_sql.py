"""Local times inside the database say the same as the rules, on every database, around every change of the clock."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, ColumnElement, Connection, String, literal, select

from crm.journeys.schedulers.stepwise.local_time_sql import LocalTimes, after_quiet_hours, changes_of, next_time
from crm.outreach import rules
from crm.outreach.rules import QuietHours, moment_of
from tests.conftest import DATABASE_KINDS, OpenDatabase, examples

ZONES = ("Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Nuuk")
QUIETS = (QuietHours(time(21), time(8)), QuietHours(time(0), time(6)), QuietHours(time(9), time(9)))
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - on the wall
CHANGES = [
    datetime.fromtimestamp(change.at, UTC)
    for zone in ZONES
    for year in (2026, 2027)
    for change in changes_of(zone, year)
]
MOMENTS = st.one_of(
    st.integers(int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2027, 12, 31, tzinfo=UTC).timestamp())),
    st.builds(
        lambda change, minutes: int((change + timedelta(minutes=minutes)).timestamp()),
        st.sampled_from(CHANGES),
        st.integers(-180, 180),
    ),
).map(lambda seconds: datetime.fromtimestamp(seconds // 60 * 60, UTC))
given_a_moment = given(zone=st.sampled_from(ZONES), moment=MOMENTS)
around = settings(max_examples=examples(80), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module", params=DATABASE_KINDS)
def connection(request: pytest.FixtureRequest, open_database: OpenDatabase) -> Iterator[Connection]:
    with open_database(request.param) as engine, engine.connect() as connection:
        yield connection


def number(value: int) -> ColumnElement[int]:
    return literal(value, BigInteger)


def clocks(moment: datetime) -> LocalTimes:
    return LocalTimes(ZONES, moment, moment + timedelta(days=10))


def on_the_wall(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def wall_seconds(wall: datetime) -> int:
    return int((wall - EPOCH).total_seconds())


@around
@given_a_moment
def test_the_wall_shows_what_the_clock_of_the_zone_shows(connection: Connection, zone: str, moment: datetime) -> None:
    shown = clocks(moment).wall(literal(zone, String), number(int(moment.timestamp())))
    assert connection.scalar(select(shown)) == wall_seconds(on_the_wall(moment, zone))


@around
@given(zone=st.sampled_from(ZONES), moment=MOMENTS, shift=st.integers(-180, 180))
def test_a_wall_time_has_the_moment_of_the_rules(
    connection: Connection, zone: str, moment: datetime, shift: int
) -> None:
    wall = on_the_wall(moment, zone) + timedelta(minutes=shift)
    found = clocks(moment).moment(literal(zone, String), number(wall_seconds(wall)))
    assert connection.scalar(select(found)) == int(moment_of(wall, ZoneInfo(zone)).timestamp())


@around
@given(zone=st.sampled_from(ZONES), moment=MOMENTS, quiet=st.sampled_from(QUIETS))
def test_quiet_hours_end_when_the_rules_say(
    connection: Connection, zone: str, moment: datetime, quiet: QuietHours
) -> None:
    wall = wall_seconds(on_the_wall(moment, zone))
    awake = connection.scalar(select(after_quiet_hours(number(wall), quiet)))
    expected = rules.after_quiet_hours(moment, ZoneInfo(zone), quiet)
    assert (awake != wall) is expected.is_deferred
    if expected.is_deferred and awake is not None:
        due = connection.scalar(select(clocks(moment).moment(literal(zone, String), number(awake))))
        assert due == int(expected.moment.timestamp())


@around
@given(
    moment=MOMENTS,
    at=st.times().map(lambda drawn: drawn.replace(second=0, microsecond=0)),
    weekday=st.none() | st.integers(0, 6),
)
def test_the_next_time_is_the_first_that_shows_it(
    connection: Connection, moment: datetime, at: time, weekday: int | None
) -> None:
    wall = moment.replace(tzinfo=None)
    days = (datetime.combine(wall.date() + timedelta(days=ahead), at) for ahead in range(9))
    expected = next(day for day in days if day >= wall and weekday in (None, day.weekday()))
    found = connection.scalar(select(next_time(number(wall_seconds(wall)), at, weekday)))
    assert found == wall_seconds(expected)


@pytest.mark.parametrize(
    ("zone", "year", "hours"),
    [
        ("Asia/Shanghai", 2026, []),
        ("America/New_York", 2026, [("2026-03-08T07:00", -5, -4), ("2026-11-01T06:00", -4, -5)]),
        ("Europe/Berlin", 2026, [("2026-03-29T01:00", 1, 2), ("2026-10-25T01:00", 2, 1)]),
        ("Australia/Lord_Howe", 2026, [("2026-04-04T15:00", 11, 10.5), ("2026-10-03T15:30", 10.5, 11)]),
    ],
)
def test_clock_changes_are_found_to_the_second(zone: str, year: int, hours: list[tuple[str, float, float]]) -> None:
    found = [(change.at, change.before, change.after) for change in changes_of(zone, year)]
    expected = [
        (int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()), int(before * 3600), int(after * 3600))
        for at, before, after in hours
    ]
    assert found == expected
