"""Random histories of segments, members, campaigns and journeys: nobody is reached whom the approved definition, told
by the evaluator in memory over the segments as they were when it was submitted, does not select at that moment."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.approvals import approval_for
from crm.access.confirmed import Confirmed
from crm.access.models import Approval, Role
from crm.campaigns import service
from crm.campaigns.brief import parse_brief
from crm.campaigns.models import Campaign
from crm.catalog import CATALOG
from crm.errors import CrmError
from crm.journeys import service as journeys
from crm.journeys.engine import start_due
from crm.members.models import Member
from crm.outreach.models import Enrolment, Journey, JourneyState
from crm.segments.definition import parse_definition
from crm.segments.dependencies import segments_named
from crm.segments.maintenance import scope_for_all
from crm.segments.models import Segment
from crm.segments.records import member_records
from crm.segments.reference import cut_offs_of, evaluate, value_of
from crm.segments.saved import SegmentChanges, change_segment, delete_segment, save_segment
from crm.segments.scope import SegmentScope
from tests.builders import make_account, make_member
from tests.conftest import examples
from tests.walks import journey, wait

Json = dict[str, Any]
NAMES = ("A", "B", "C", "D")
TIERS = ("gold", "silver", "bronze")
CITIES = ("Shanghai", "Beijing", None)
START = datetime(2026, 6, 5, 2, 0, tzinfo=UTC)
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@dataclass(frozen=True)
class Approved:
    """What somebody was asked to approve, as this test wrote it down."""

    definition: Json
    segments: Mapping[str, Json]
    owner_id: int | None


@dataclass
class History:
    session: Session
    random: Random
    now: datetime
    asked: dict[int, Approved] = field(default_factory=dict)
    """By the request for approval."""
    drafts: int = 0
    reached: int = 0

    def __post_init__(self) -> None:
        self.olive, self.grace = self._person(Role.OPERATIONS), self._person(Role.MANAGER)
        self.kevin = self._person(Role.CSM)
        for _ in range(7):
            make_member(self.session)
        self.move_members(list(self.session.scalars(select(Member).order_by(Member.id))))

    def _person(self, role: Role) -> Actor:
        account = make_account(self.session, role=role)
        return Actor(account.id, account.username, account.display_name, role)

    def definition(self, *, with_limit: bool) -> Json:
        parts = [self._leaf() for _ in range(self.random.randint(1, 3))]
        found: Json = self.random.choice([{"all": parts}, {"any": parts}, {"not": parts[0]}])
        if with_limit and self.random.random() < 0.3:
            order = {"field": "age", "dir": self.random.choice(["asc", "desc"])}
            found |= {"order_by": order, "limit": self.random.randint(1, 4)}
        return found

    def _leaf(self) -> Json:
        known = list(self.session.scalars(select(Segment.name).order_by(Segment.name)))
        if known and self.random.random() < 0.6:
            names = self.random.sample(known, self.random.randint(1, min(2, len(known))))
            return {"field": "segment", "op": self.random.choice(["in", "not_in"]), "value": names}
        return self.random.choice(
            [
                {"field": "tier", "op": "in", "value": self.random.sample(TIERS, 2)},
                {"field": "city", "op": self.random.choice(["in", "not_in"]), "value": ["Shanghai"]},
                {"field": "age", "op": ">", "value": self.random.randint(20, 60)},
                {"field": "age", "op": "top_percent", "value": 40},
            ]
        )

    def step(self) -> None:
        """Something happens; what is refused does not."""
        actions = (
            self.move_members,
            self.save,
            self.change,
            self.change,
            self.rename,
            self.delete,
            self.submit_campaign,
            self.submit_campaign,
            self.submit_journey,
            self.approve,
            self.approve,
        )
        try:
            with self.session.begin_nested():
                self.random.choice(actions)()
        except CrmError as error:
            event(type(error).__name__)
        self.session.expire_all()

    def move_members(self, members: Sequence[Member] = ()) -> None:
        for member in members or self.random.sample(list(self.session.scalars(select(Member).order_by(Member.id))), 2):
            member.tier, member.city = self.random.choice(TIERS), self.random.choice(CITIES)
            year = self.random.randint(1950, 2004)
            member.birthday_on = self.random.choice([None, date(year, 3, 1)])
            member.owner_id = self.random.choice([None, self.kevin.account_id])
        self.session.flush()

    def save(self) -> None:
        save_segment(
            self.session,
            name=self.random.choice(NAMES),
            definition=self.definition(with_limit=True),
            actor=self.random.choice([self.kevin, self.olive]),
            now=self.now,
            catalog=CATALOG,
        )

    def change(self) -> None:
        self._change(definition=self.definition(with_limit=True))

    def rename(self) -> None:
        self._change(name=self.random.choice(NAMES))

    def _change(self, **changes: Any) -> None:
        segment = self._a_segment()
        change_segment(
            self.session,
            segment.id,
            version=segment.version,
            changes=SegmentChanges(**changes),
            actor=self.olive,
            now=self.now,
            catalog=CATALOG,
            subscribers=_nobody,
        )

    def delete(self) -> None:
        delete_segment(self.session, self._a_segment().id, actor=self.olive, now=self.now, subscribers=_nobody)

    def _a_segment(self) -> Segment:
        found = list(self.session.scalars(select(Segment).order_by(Segment.id)))
        if not found:
            raise CrmError("there is no segment yet")
        return self.random.choice(found)

    def submit_campaign(self) -> None:
        self.drafts += 1
        ahead = select(Campaign).join(Campaign.journey).where(Journey.activated_at.is_(None))
        waiting = list(self.session.scalars(ahead.order_by(Campaign.id)))
        if waiting and self.random.random() < 0.4:
            campaign = self.random.choice(waiting)
            if self.random.random() < 0.5:
                changes = {"audience": self.definition(with_limit=True)}
                service.change_draft(
                    self.session,
                    campaign.id,
                    changes=changes,
                    actor=self.olive,
                    now=self.now,
                    catalog=CATALOG,
                    confirmed=Confirmed(),
                )
        else:
            values = {"name": f"C{self.drafts}", "channels": ["email"], "start": "2026-06-05T10:00", "holdout_pct": 0}
            campaign = service.create_draft(
                self.session,
                brief=parse_brief({**values, "audience": self.definition(with_limit=True)}),
                actor=self.random.choice([self.olive, self.kevin]),
                request_id=f"c{self.drafts}",
                now=self.now,
                catalog=CATALOG,
            )
        asked = service.submit(self.session, campaign.id, actor=self.olive, now=self.now, catalog=CATALOG)
        self._note(asked, campaign.brief["audience"], campaign.author_id)

    def submit_journey(self) -> None:
        self.drafts += 1
        definition = self.definition(with_limit=False)
        trigger = {"kind": "by_hand", "entry": definition}
        if self.random.random() < 0.5:
            trigger = {"kind": "audience_at_launch", "definition": definition}
        written = journeys.save_draft(
            self.session,
            data=journey(wait("w", days=1), trigger=trigger, name=f"J{self.drafts}"),
            actor=self.random.choice([self.olive, self.kevin]),
            request_id=f"j{self.drafts}",
            now=self.now,
            catalog=CATALOG,
        )
        asked = journeys.submit(self.session, written.id, actor=self.olive, now=self.now, catalog=CATALOG)
        self._note(asked, definition, written.author_id or 0)

    def _note(self, asked: Approval, definition: Json, author_id: int) -> None:
        rows = self.session.execute(select(Segment.name, Segment.definition))
        segments = {row.name: deepcopy(row.definition) for row in rows}
        owner_id = author_id if author_id == self.kevin.account_id else None
        self.asked.setdefault(asked.id, Approved(deepcopy(definition), segments, owner_id))

    def approve(self) -> None:
        waits = Journey.state == JourneyState.AWAITING_APPROVAL
        campaigns = self.session.scalars(select(Campaign.id).join(Campaign.journey).where(waits)).all()
        if campaigns:
            number = self.random.choice(campaigns)
            shown = self._newest("campaign", number).fingerprint
            service.approve(self.session, number, fingerprint=shown, actor=self.grace, now=self.now)
        for number in self.session.scalars(select(Journey.id).where(waits, Journey.is_walked)).all():
            shown = self._newest("journey", number).fingerprint
            journeys.approve(self.session, number, fingerprint=shown, actor=self.grace, now=self.now)

    def _newest(self, kind: str, number: int) -> Approval:
        found = approval_for(self.session, kind, number)
        assert found is not None
        return found

    def check_launches(self) -> None:
        """What is approved begins; everybody in it is selected by what was approved."""
        for outcome in start_due(self.session, START, CATALOG):
            if outcome.is_launched:
                campaign = self.session.get_one(Campaign, outcome.id)
                self._check("campaign", campaign.id, campaign.journey_id, is_whole=True)
        approved = select(Journey.id).where(Journey.state == JourneyState.SCHEDULED, Journey.is_walked)
        everyone = list(self.session.scalars(select(Member.id)))
        for number in self.session.scalars(approved).all():
            try:
                with self.session.begin_nested():
                    started = journeys.activate(self.session, number, actor=self.olive, now=START, catalog=CATALOG)
                    if started.spec["trigger"]["kind"] == "by_hand":
                        journeys.enrol_by_hand(
                            self.session,
                            number,
                            member_ids=everyone,
                            actor=self.olive,
                            request_id="all",
                            now=START,
                            catalog=CATALOG,
                        )
            except CrmError as error:
                event(f"journey held: {type(error).__name__}")
                continue
            self._check("journey", number, number, is_whole=True)

    def _check(self, kind: str, number: int, journey_id: int, *, is_whole: bool) -> None:
        approved = self.asked[self._newest(kind, number).id]
        members = select(Enrolment.member_id).where(Enrolment.journey_id == journey_id)
        reached = set(self.session.scalars(members))
        expected = self.selected(approved)
        assert reached <= expected
        assert reached == expected or not is_whole
        self.reached += len(reached)

    def selected(self, approved: Approved) -> set[int]:
        everyone = scope_for_all(self.session, START, CATALOG)
        records = list(member_records(self.session, everyone))
        told = _Told(records, approved.segments, everyone)
        return told.members(approved.definition, replace(everyone, row_owner_id=approved.owner_id))


@dataclass
class _Told:
    """Who is in a definition over segments that were written down, told by the reference evaluator."""

    records: Sequence[Json]
    segments: Mapping[str, Json]
    everyone: SegmentScope

    def members(self, data: Json, scope: SegmentScope) -> set[int]:
        definition = parse_definition(data, CATALOG)
        inside = {name: self.members(self.segments[name], self.everyone) for name in segments_named(data)}
        placed = [
            {
                **record,
                "segments": [
                    {"segment": name, "since": "2026-01-01T00:00:00+08:00"}
                    for name, ids in inside.items()
                    if record["id"] in ids
                ],
            }
            for record in self.records
        ]
        cut_offs = cut_offs_of(definition, placed, scope)
        found = [record for record in placed if evaluate(definition, record, scope, cut_offs)]
        if definition.order_by is not None:
            term, sign = definition.order_by.term, -1 if definition.order_by.direction == "desc" else 1

            def place(record: Json) -> tuple[bool, float, int]:
                value = value_of(term, record, scope.viewpoint)
                return value is None, 0 if value is None else sign * value, record["id"]

            found.sort(key=place)
        return {record["id"] for record in found[: definition.limit]}


def _nobody(_session: Session, _segment_id: int) -> tuple[()]:
    """As if nothing asked who builds on it: what is approved must not depend on that."""
    return ()


@pytest.mark.deep
@settings(max_examples=examples(8, share=0.05), deadline=None, suppress_health_check=SLOW)
@given(st.integers(0, 2**40))
def test_nobody_is_reached_whom_the_approved_definition_does_not_select(
    session: Session, now: datetime, seed: int
) -> None:
    """By a seed: a whole history is longer than what Hypothesis draws in one example."""
    whole, random = session.begin_nested(), Random(seed)
    try:
        history = History(session, random, now)
        for _ in range(random.randint(8, 30)):
            history.step()
            history.now += timedelta(minutes=1)
        history.check_launches()
        event(f"reached anybody: {history.reached > 0}")
    finally:
        whole.rollback()
        session.expire_all()
