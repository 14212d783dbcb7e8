"""What the exclusion log says while a campaign is held back, and what becomes of messages whose time passes."""

import csv
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.models import Role
from crm.access.policy import set_policy
from crm.campaigns import service
from crm.campaigns.brief import parse_brief
from crm.campaigns.exclusions import exclusion_log
from crm.campaigns.monitor import monitor
from crm.catalog import CATALOG
from crm.channels import Channel
from crm.database import Sessions, read_only, unit_of_work
from crm.journeys.engine import run_due, start_due
from crm.journeys.exclusions import ExclusionFilter, excluded_members, exclusion_lines
from crm.loyalty.models import Coupon
from crm.members.models import ContactPoint
from crm.members.suppression import COMPLAINT, HARD_BOUNCE, suppress_where_reached
from crm.outreach.channels import default_adapters
from crm.outreach.models import Message, MessageState
from crm.outreach.priority import Priority
from tests.builders import make_account, make_member
from tests.decisions import asked_of
from tests.journeys import make_coupon

FRIDAY_TEN = datetime(2026, 6, 5, 2, 0, tzinfo=UTC)
"""10:00 in Shanghai."""


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\u00a0=1+1",
    "\u3000=1+1",
    "\ufeff=1+1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20SUM(A1)",
    "Ann;=1+1",
    "Ann; @SUM(A1)",
    "Ann|=1+1",
    "Ann\t=1+1",
    "Ann\n=1+1",
    "Ann,=1+1",
    'Ann";=1+1',
]
NAMES = ["Ann-Marie O'Hara", "Ann (a+b@example.com)", "张敏", "Ann; Bob", "a=b", "Zoë, Ltd.", ""]


@pytest.fixture
def people(sessions: Sessions) -> tuple[Actor, Actor]:
    with unit_of_work(sessions) as session:
        accounts = [make_account(session, role=role) for role in (Role.OPERATIONS, Role.MANAGER)]
        author, approver = (Actor(row.id, row.username, row.display_name, row.role) for row in accounts)
    return author, approver


def running(sessions: Sessions, people: tuple[Actor, Actor], now: datetime, **changes: object) -> int:
    """A campaign of e-mails to everybody, with one on Friday at ten and one on Saturday."""
    brief = parse_brief(
        {
            "name": "Tea",
            "audience": {"all": []},
            "channels": ["email"],
            "start": "2026-06-05T10:00",
            "steps": [{"key": "first"}, {"key": "second", "offset_days": 1}],
            "holdout_pct": 0,
        }
        | changes
    )
    with unit_of_work(sessions) as session:
        campaign = service.create_draft(
            session, brief=brief, actor=people[0], request_id=brief.name, now=now, catalog=CATALOG
        )
        service.submit(session, campaign.id, actor=people[0], now=now, catalog=CATALOG)
        service.approve(session, campaign.id, fingerprint=asked_of(session, campaign.id), actor=people[1], now=now)
        return campaign.id


def journey_of(session: Session, campaign_id: int) -> int:
    return service.get_campaign(session, campaign_id).journey_id


def tick(sessions: Sessions, now: datetime) -> None:
    run_due(sessions, now, default_adapters(), catalog=CATALOG)


def test_what_a_pause_keeps_until_it_is_too_late_is_excluded_because_of_the_pause(
    sessions: Sessions, people: tuple[Actor, Actor], now: datetime
) -> None:
    with unit_of_work(sessions) as session:
        for _ in range(3):
            make_member(session)
        make_coupon(session)
    campaign_id = running(sessions, people, now, offers=[{"kind": "amount_off", "value": 50}])
    with unit_of_work(sessions) as session:
        start_due(session, FRIDAY_TEN, CATALOG)
        service.pause(session, campaign_id, actor=people[0], now=FRIDAY_TEN)
    later = FRIDAY_TEN + timedelta(hours=30)
    tick(sessions, later)
    with read_only(sessions) as session:
        seen = monitor(session, campaign_id, later)
        assert (seen.counts.pending, seen.held, seen.exclusions) == (6, 6, ())
    with unit_of_work(sessions) as session:
        service.resume(session, campaign_id, actor=people[0], now=later)
    tick(sessions, later)
    with read_only(sessions) as session:
        log = exclusion_log(session, campaign_id, later)
        assert [(row.reason, row.step, row.messages) for row in log.rows] == [("campaign_paused", "first", 3)]
        seen = monitor(session, campaign_id, later)
        assert (seen.adds_up, seen.held, seen.counts.delivered) == (True, 0, 3)
        assert [(row.reason, row.count) for row in seen.exclusions] == [("campaign_paused", 3)]
        coupon = session.scalars(select(Coupon)).one()
        assert (coupon.reserved, coupon.issued) == (0, 3)


def test_a_pause_within_the_late_limit_costs_no_message(
    sessions: Sessions, people: tuple[Actor, Actor], now: datetime
) -> None:
    with unit_of_work(sessions) as session:
        make_member(session)
    campaign_id = running(sessions, people, now)
    with unit_of_work(sessions) as session:
        start_due(session, FRIDAY_TEN, CATALOG)
        service.pause(session, campaign_id, actor=people[0], now=FRIDAY_TEN)
    soon = FRIDAY_TEN + timedelta(hours=3)
    with unit_of_work(sessions) as session:
        service.resume(session, campaign_id, actor=people[0], now=soon)
    tick(sessions, soon)
    with read_only(sessions) as session:
        assert monitor(session, campaign_id, soon).counts.delivered == 1
        assert exclusion_log(session, campaign_id, soon).messages == 0


def test_what_waits_for_the_end_of_quiet_hours_is_put_off_and_not_excluded(
    sessions: Sessions, people: tuple[Actor, Actor], now: datetime
) -> None:
    with unit_of_work(sessions) as session:
        make_member(session, zone_name="America/New_York")
        make_member(session, consents={})
        set_policy(session, "quiet_hours_start", "09:30")
    campaign_id = running(sessions, people, now, steps=[{"key": "first"}])
    with unit_of_work(sessions) as session:
        start_due(session, FRIDAY_TEN, CATALOG)
    with read_only(sessions) as session:
        log = exclusion_log(session, campaign_id, FRIDAY_TEN)
        assert [(row.reason, row.messages) for row in log.rows] == [("no_consent", 1)]
        assert [(row.reason, row.messages) for row in log.put_off] == [("quiet_hours", 1)]
        assert monitor(session, campaign_id, FRIDAY_TEN).deferred == 1


def test_a_campaign_that_has_not_started_has_an_empty_log(
    sessions: Sessions, people: tuple[Actor, Actor], now: datetime
) -> None:
    with unit_of_work(sessions) as session:
        make_member(session)
    campaign_id = running(sessions, people, now)
    with read_only(sessions) as session:
        log = exclusion_log(session, campaign_id, now)
        assert (log.messages, log.members, log.rows, log.put_off) == (0, 0, (), ())
        page = excluded_members(session, [journey_of(session, campaign_id)], ExclusionFilter(), actor=people[0])
        assert (page.total, page.next_cursor) == (0, None)


def test_names_that_a_spreadsheet_would_run_are_kept_as_text(
    sessions: Sessions, people: tuple[Actor, Actor], now: datetime
) -> None:
    with unit_of_work(sessions) as session:
        make_member(session, name="=1+1", consents={})
        make_member(session)
    campaign_id = running(sessions, people, now, steps=[{"key": "first"}])
    tick(sessions, FRIDAY_TEN)
    with read_only(sessions) as session:
        lines = list(exclusion_lines(session, [journey_of(session, campaign_id)], ExclusionFilter(), actor=people[0]))
    assert lines[0] == "member_ref,name,name_local,step,channel,reason,due_at\r\n"
    assert lines[1].split(",")[1:6] == ["'=1+1", "", "first", "email", "no_consent"]


def test_a_campaign_has_the_priority_that_its_approver_was_shown(
    sessions: Sessions, people: tuple[Actor, Actor], now: datetime
) -> None:
    with unit_of_work(sessions) as session:
        make_member(session)
    campaign_id = running(sessions, people, now, priority="service")
    with read_only(sessions) as session:
        plan = service.get_campaign(session, campaign_id).plan
        assert plan is not None
        assert (
            "Its messages count as service: no frequency cap holds them back, and they carry no way to opt out."
            in plan["warnings"]
        )
    tick(sessions, FRIDAY_TEN)
    with read_only(sessions) as session:
        assert set(session.scalars(select(Message.priority))) == {Priority.SERVICE}
        assert set(session.scalars(select(Message.state))) == {MessageState.DELIVERED, MessageState.PLANNED}


@pytest.mark.parametrize(
    ("channel", "reason", "of_the_campaign", "counted"),
    [
        (Channel.EMAIL, HARD_BOUNCE, True, 2),
        (Channel.SMS, HARD_BOUNCE, True, 2),
        (Channel.EMAIL, HARD_BOUNCE, False, 0),
        (Channel.EMAIL, COMPLAINT, True, 0),
        (Channel.EMAIL, "asked by phone", True, 0),
        (Channel.PUSH, HARD_BOUNCE, True, 0),
    ],
)
def test_the_monitor_counts_the_addresses_given_up_by_channel(
    sessions: Sessions,
    people: tuple[Actor, Actor],
    now: datetime,
    channel: Channel,
    reason: str,
    of_the_campaign: bool,
    counted: int,
) -> None:
    """The campaign writes by e-mail and SMS; two records share one of three addresses."""
    with unit_of_work(sessions) as session:
        ids = [make_member(session, tier="gold").id for _ in range(3)]
        others = [make_member(session, tier="silver").id for _ in range(3)]
    gold = {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}
    campaign_id = running(sessions, people, now, audience=gold, channels=["email", "sms"])
    tick(sessions, FRIDAY_TEN)
    with unit_of_work(sessions) as session:
        theirs = (ContactPoint.member_id.in_(ids if of_the_campaign else others), ContactPoint.channel == channel)
        points = session.scalars(select(ContactPoint).where(*theirs).order_by(ContactPoint.id)).all()
        points[2].address, points[2].normalised = points[1].address, points[1].normalised
        session.flush()
        reached = select(ContactPoint.member_id, ContactPoint.channel).where(*theirs)
        suppress_where_reached(session, reached, reason=reason, now=FRIDAY_TEN)
    with read_only(sessions) as session:
        found = {row.channel: row.given_up for row in monitor(session, campaign_id, FRIDAY_TEN).by_channel}
    assert found == {"email": 0, "sms": 0} | ({channel.value: counted} if counted else {})


def test_no_name_of_a_member_becomes_a_formula_wherever_the_export_is_opened(
    sessions: Sessions, people: tuple[Actor, Actor], now: datetime
) -> None:
    """Programs split by the separator of their country, so a formula may begin in the middle of what we wrote."""
    with unit_of_work(sessions) as session:
        for name in FORMULAS + NAMES:
            make_member(session, name=name, name_local=name, reachable_on=())
        make_member(session)
    campaign_id = running(sessions, people, now)
    tick(sessions, FRIDAY_TEN)
    with read_only(sessions) as session:
        lines = "".join(
            exclusion_lines(session, [journey_of(session, campaign_id)], ExclusionFilter(), actor=people[0])
        )
    for cell in re.split(r"[,;|\t\r\n]", lines):
        begins = unicodedata.normalize("NFKC", cell).strip(' \ufeff"')
        assert not begins.startswith(("=", "+", "-", "@")), cell
    kept = {row["name"] for row in csv.DictReader(StringIO(lines, newline=""))}
    assert kept >= set(NAMES)
    assert len(kept) == len(FORMULAS + NAMES)
