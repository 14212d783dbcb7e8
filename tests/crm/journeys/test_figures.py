"""One set of figures and one exclusion log, whatever sends: the same story for each kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from crm.access.models import AuditEntry, Role
from crm.campaigns import service as campaigns
from crm.campaigns.brief import parse_brief
from crm.campaigns.exclusions import exclusion_log
from crm.campaigns.monitor import monitor
from crm.catalog import CATALOG
from crm.database import Sessions, read_only, unit_of_work
from crm.errors import Forbidden
from crm.journeys.engine import run_due
from crm.journeys.exclusions import (
    CSV_COLUMNS,
    ExclusionFilter,
    ExclusionNumbers,
    excluded_members,
    exclusion_lines,
    journey_exclusion_log,
    record_export,
)
from crm.journeys.figures import DeliveryFigures
from crm.journeys.finding import find_versions
from crm.journeys.monitor import monitor_journey
from crm.members.models import Member
from crm.outreach.models import ExclusionReason, Message, MessageEvent, MessageEventKind, MessageState
from tests.builders import make_member, make_order
from tests.decisions import asked_of
from tests.walks import Walker, journey, make_actor, send, wait

FRIDAY_TEN = datetime(2026, 6, 5, 2, 0, tzinfo=UTC)
"""10:00 in Shanghai."""
KINDS = ("campaign", "audience", "walked")
EVERYTHING = ExclusionFilter()


@dataclass
class Sender:
    """Something that sends e-mails to everybody, one on Friday at ten and one a day later, read as people read it."""

    walker: Walker
    kind: str
    campaign_id: int
    journey_ids: Sequence[int]

    def figures(self) -> DeliveryFigures:
        with read_only(self.walker.sessions) as session:
            if self.kind == "campaign":
                return monitor(session, self.campaign_id, self.walker.now)
            return monitor_journey(session, find_versions(session, "Tea"), self.walker.now)

    def log(self) -> ExclusionNumbers:
        with read_only(self.walker.sessions) as session:
            if self.kind == "campaign":
                return exclusion_log(session, self.campaign_id, self.walker.now)
            return journey_exclusion_log(session, find_versions(session, "Tea"), self.walker.now)

    def advance_to(self, moment: datetime) -> None:
        if self.kind == "campaign":
            run_due(self.walker.sessions, moment, self.walker.provider.on_all_channels(), catalog=CATALOG)
            self.walker.now = moment
        else:
            self.walker.advance_clock(moment)


def start(walker: Walker, kind: str, members: Sequence[int]) -> Sender:
    if kind == "campaign":
        return _campaign(walker)
    trigger = {"kind": "by_hand"} if kind == "walked" else {"kind": "audience_at_launch", "definition": {"all": []}}
    walker.now = FRIDAY_TEN
    steps = (send("first", "email"), wait("a_day", days=1), send("second", "email"))
    journey_id = walker.start(journey(*steps, name="Tea", trigger=trigger))
    if kind == "walked":
        walker.enter(journey_id, *members)
    return Sender(walker, kind, 0, [journey_id])


def _campaign(walker: Walker) -> Sender:
    words: dict[str, Any] = {
        "name": "Tea",
        "audience": {"all": []},
        "channels": ["email"],
        "start": "2026-06-05T10:00",
        "steps": [{"key": "first"}, {"key": "second", "offset_days": 1}],
        "holdout_pct": 0,
    }
    with unit_of_work(walker.sessions) as session:
        made = campaigns.create_draft(
            session, brief=parse_brief(words), actor=walker.author, request_id="tea", now=walker.now, catalog=CATALOG
        )
        campaigns.submit(session, made.id, actor=walker.author, now=walker.now, catalog=CATALOG)
        shown = asked_of(session, made.id)
        campaigns.approve(session, made.id, fingerprint=shown, actor=walker.approver, now=walker.now)
        return Sender(walker, "campaign", made.id, [made.journey_id])


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_story_gives_the_same_figures_whatever_sends(walker: Walker, sessions: Sessions, kind: str) -> None:
    with unit_of_work(sessions) as session:
        members = [make_member(session, name=f"Member {number}").id for number in range(3)]
        members.append(make_member(session, name="=1+1", consents={}).id)
    sender = start(walker, kind, members)
    sender.advance_to(FRIDAY_TEN + timedelta(minutes=1))
    assert sender.figures().adds_up
    sender.advance_to(FRIDAY_TEN + timedelta(days=1, minutes=1))
    with unit_of_work(sessions) as session:
        read = session.scalars(select(Message).where(Message.state == MessageState.DELIVERED)).all()
        opened = {"message_id": read[0].id, "member_id": read[0].member_id, "kind": MessageEventKind.OPENED}
        # A person twice and a machine: one message opened.
        for by_machine in (False, False, True):
            session.add(MessageEvent(**opened, occurred_at=walker.now, by_machine=by_machine))
        # Twice in the window, once before the first message, and once after the window.
        for member, days in ((0, 3), (0, 4), (1, -3), (2, 15)):
            make_order(session, session.get_one(Member, members[member]), ordered_at=FRIDAY_TEN + timedelta(days=days))
        # Somebody who could not be written to is nobody's conversion.
        make_order(session, session.get_one(Member, members[3]), ordered_at=FRIDAY_TEN + timedelta(days=2))
    walker.now = FRIDAY_TEN + timedelta(days=20)

    seen = sender.figures()
    assert (seen.counts.planned, seen.counts.delivered, seen.counts.excluded, seen.adds_up) == (8, 6, 2, True)
    assert (seen.members, seen.people, seen.members_reached, seen.coverage) == (4, 4, 3, 0.75)
    assert (seen.conversions, seen.conversion_rate) == (1, pytest.approx(1 / 3))
    assert "within 14 days after their first one" in seen.conversion_definition
    (email,) = seen.by_channel
    assert (email.opened, email.open_rate, email.clicked, email.unsubscribed) == (1, pytest.approx(1 / 6), 0, 0)
    assert [(row.channel, row.reason, row.count) for row in seen.exclusions] == [("email", "no_consent", 2)]
    assert [(day.delivered, day.opened) for day in seen.timeseries] == [(3, 0), (3, 1)]
    assert seen.next_due_at is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_story_gives_the_same_exclusion_log_whatever_sends(
    walker: Walker, sessions: Sessions, kind: str
) -> None:
    with unit_of_work(sessions) as session:
        csm = make_actor(session, Role.CSM)
        members = [
            make_member(session, name="=1+1", consents={}).id,
            make_member(session, name="Zhang Min", name_local="张敏", consents={}, owner_id=csm.account_id).id,
            make_member(session).id,
        ]
    sender = start(walker, kind, members)
    for days in (0, 1):
        sender.advance_to(FRIDAY_TEN + timedelta(days=days, minutes=1))

    log = sender.log()
    assert (log.messages, log.members, log.put_off) == (4, 2, ())
    assert [(total.reason, total.messages, total.members) for total in log.by_reason] == [("no_consent", 4, 2)]
    assert [(row.step, row.messages) for row in log.rows] == [("first", 2), ("second", 2)]
    assert log.messages == sender.figures().counts.excluded
    with read_only(sessions) as session:
        ids = sender.journey_ids
        page = excluded_members(session, ids, EVERYTHING, actor=walker.author, limit=3)
        rest = excluded_members(session, ids, EVERYTHING, actor=walker.author, after=page.next_cursor or 0)
        assert (page.total, len(page.items), len(rest.items), rest.next_cursor) == (4, 3, 1, None)
        second = excluded_members(session, ids, ExclusionFilter(step="second"), actor=walker.author)
        assert {item.step for item in second.items} == {"second"}
        assert excluded_members(session, ids, ExclusionFilter(ExclusionReason.NO_STOCK), actor=csm).total == 0
        own = excluded_members(session, ids, EVERYTHING, actor=csm)
        assert {item.name_local for item in own.items} == {"张敏"}
        lines = list(exclusion_lines(session, ids, ExclusionFilter(step="first"), actor=walker.author))
        assert lines[0].strip().split(",") == list(CSV_COLUMNS)
        assert [line.split(",")[1:3] for line in lines[1:]] == [["'=1+1", ""], ["Zhang Min", "张敏"]]
        with pytest.raises(Forbidden):
            next(exclusion_lines(session, ids, EVERYTHING, actor=csm))


def test_versions_of_a_journey_count_together_by_name_and_alone_by_id(walker: Walker, sessions: Sessions) -> None:
    with unit_of_work(sessions) as session:
        members = [make_member(session).id for _ in range(3)]
    walker.now = FRIDAY_TEN
    first = walker.start(journey(send("first", "email"), name="Tea"))
    walker.enter(first, *members[:2])
    walker.advance()
    second = walker.start(journey(send("other", "email"), name="Tea"))
    walker.enter(second, members[2])
    walker.advance()
    with read_only(sessions) as session:
        seen = {
            name: monitor_journey(session, find_versions(session, name), walker.now) for name in ("tea", str(first))
        }
    assert (seen["tea"].versions, seen["tea"].counts.delivered, seen["tea"].journey_id) == ((2, 1), 3, second)
    assert (seen[str(first)].versions, seen[str(first)].counts.delivered) == ((1,), 2)


def test_an_export_is_in_the_audit_log_of_the_journey(walker: Walker, sessions: Sessions) -> None:
    with unit_of_work(sessions) as session:
        wanted = ExclusionFilter(ExclusionReason.NO_CONSENT)
        record_export(session, "journey:7", wanted, actor=walker.author, now=walker.now)
    (entry,) = walker.rows(AuditEntry, AuditEntry.subject == "journey:7")
    assert entry.action == "journey.exclusions_exported"
