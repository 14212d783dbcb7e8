"""What was approved is what happens, whatever becomes of the saved segments that it builds on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.approvals import approval_for, expire_due
from crm.access.confirmed import Confirmed
from crm.access.models import Account, Approval, Role
from crm.campaigns import service
from crm.campaigns.brief import parse_brief
from crm.campaigns.campaign_kind import CAMPAIGN
from crm.campaigns.lookup import needs_new_start
from crm.campaigns.models import Campaign
from crm.campaigns.selection import who_changed
from crm.catalog import CATALOG
from crm.errors import Conflict, Forbidden, InvalidRequest
from crm.journeys.engine import start_due
from crm.loyalty.models import Coupon
from crm.members.models import Member
from crm.outreach.models import Enrolment, JourneyState
from crm.segments.saved import SegmentChanges, change_segment, delete_segment, save_segment
from tests.builders import make_account, make_member
from tests.journeys import make_coupon

START = datetime(2026, 6, 5, 2, 0, tzinfo=UTC)
Json = dict[str, Any]
Swap = Callable[["World"], None]


def tier(*names: str) -> Json:
    return {"field": "tier", "op": "in", "value": list(names)}


def within(*names: str, op: str = "in") -> Json:
    return {"field": "segment", "op": op, "value": list(names)}


def of_role(session: Session, role: Role) -> Actor:
    account = make_account(session, role=role)
    return Actor(account.id, account.username, account.display_name, role)


class World:
    """Two platinum members of the segment Swap, two silver ones whom nobody approved, and people who change things."""

    def __init__(self, session: Session, now: datetime) -> None:
        self.session, self.now = session, now
        self.olive, self.grace = of_role(session, Role.OPERATIONS), of_role(session, Role.MANAGER)
        self.kevin = of_role(session, Role.CSM)
        self.platinum = [make_member(session, tier="platinum", owner_id=self.kevin.account_id).id for _ in range(2)]
        self.silver = [make_member(session, tier="silver").id for _ in range(2)]
        self.save("Swap", tier("platinum"))

    def save(self, name: str, definition: Json, actor: Actor | None = None) -> int:
        return save_segment(
            self.session,
            name=name,
            definition=definition,
            actor=actor or self.kevin,
            now=self.now,
            catalog=CATALOG,
        ).id

    def change(self, segment_id: int, definition: Json, actor: Actor | None = None) -> None:
        from crm.segments.saved import get_segment

        change_segment(
            self.session,
            segment_id,
            version=get_segment(self.session, segment_id).version,
            changes=SegmentChanges(definition=definition),
            actor=actor or self.kevin,
            now=self.now,
            catalog=CATALOG,
            subscribers=lambda _session, _what: (),
        )

    def submitted(self, audience: Json, author: Actor | None = None, **changes: Any) -> Campaign:
        values = {"name": "News", "channels": ["email"], "start": "2026-06-05T10:00", "holdout_pct": 0, **changes}
        brief = parse_brief({**values, "audience": audience})
        campaign = service.create_draft(
            self.session, brief=brief, actor=author or self.olive, request_id=str(values), now=self.now, catalog=CATALOG
        )
        service.submit(self.session, campaign.id, actor=self.olive, now=self.now, catalog=CATALOG)
        return campaign

    def approve(self, campaign: Campaign, actor: Actor | None = None) -> None:
        asked = self.asked(campaign).fingerprint
        service.approve(self.session, campaign.id, fingerprint=asked, actor=actor or self.grace, now=self.now)

    def asked(self, campaign: Campaign) -> Approval:
        approval = approval_for(self.session, "campaign", campaign.id)
        assert approval is not None
        return approval

    def launch(self, *campaigns: Campaign) -> list[int]:
        """Who takes part: the same in each of the campaigns."""
        self.session.flush()
        outcomes = start_due(self.session, START, CATALOG)
        assert [outcome.reason for outcome in outcomes] == [None] * len(campaigns)
        taken = []
        for campaign in campaigns:
            self.session.refresh(campaign)
            members = select(Enrolment.member_id).where(Enrolment.journey_id == campaign.journey_id)
            taken.append(sorted(self.session.scalars(members)))
        assert all(each == taken[0] for each in taken)
        return taken[0]


@pytest.fixture
def world(session: Session, now: datetime) -> World:
    return World(session, now)


def _new_version(world: World) -> None:
    world.change(1, tier("silver"))


def _deleted_and_saved_anew(world: World) -> None:
    nobody_asked: Callable[[Session, Any], tuple[()]] = lambda _session, _what: ()  # noqa: E731
    delete_segment(world.session, 1, actor=world.kevin, now=world.now, subscribers=nobody_asked)
    world.save("Swap", tier("silver"))


def _deleted(world: World) -> None:
    delete_segment(world.session, 1, actor=world.kevin, now=world.now, subscribers=lambda _session, _what: ())


def _renamed_and_another_under_its_name(world: World) -> None:
    change_segment(
        world.session,
        1,
        version=1,
        changes=SegmentChanges(name="Other"),
        actor=world.kevin,
        now=world.now,
        catalog=CATALOG,
        subscribers=lambda _session, _what: (),
    )
    world.save("Swap", tier("silver"))


def _everyone(world: World) -> None:
    world.change(1, {"order_by": {"field": "points_balance"}}, world.olive)


@pytest.mark.parametrize(
    "swap", [_new_version, _deleted_and_saved_anew, _deleted, _renamed_and_another_under_its_name, _everyone]
)
@pytest.mark.parametrize(
    ("audience", "reached"),
    [
        (within("Swap"), "platinum"),
        ({"all": [within("Swap"), tier("platinum", "silver")]}, "platinum"),
        ({"all": [within("Swap", op="not_in")]}, "silver"),
        ({"not": within("Swap")}, "silver"),
        ({"any": [within("Swap"), {"field": "age", "op": ">", "value": 200}]}, "platinum"),
        ({"field": "segment", "op": "any"}, "platinum"),
        ({"field": "segment", "op": "none"}, "silver"),
    ],
)
def test_no_change_of_a_segment_changes_whom_it_reaches(world: World, swap: Swap, audience: Json, reached: str) -> None:
    campaign, later = world.submitted(audience), world.submitted(audience, name="Decided on later")
    world.approve(campaign)
    swap(world)
    world.approve(later)
    assert world.launch(campaign, later) == getattr(world, reached)


def test_segments_below_segments_are_written_down_too(world: World) -> None:
    world.save("Above", {"all": [within("Swap"), tier("platinum", "silver")]})
    world.save("Not above", {"not": within("Above")})
    campaign = world.submitted(within("Not above"))
    world.approve(campaign)
    _new_version(world)
    assert world.launch(campaign) == world.silver
    assert {name: base["version"] for name, base in world.asked(campaign).bound["segments"].items()} == {
        "Above": 1,
        "Not above": 1,
        "Swap": 1,
    }


def test_the_first_so_many_of_a_segment_stay_the_first_so_many(world: World, session: Session) -> None:
    world.save(
        "First", {**tier("platinum", "silver"), "order_by": {"field": "points_balance", "dir": "asc"}, "limit": 3}
    )
    world.save("Rest", {"all": [within("First", op="not_in"), tier("platinum", "silver")]})
    campaign = world.submitted(within("First"), name="First")
    other = world.submitted(within("Rest"), name="Rest")
    world.approve(campaign), world.approve(other)
    world.change(2, tier("silver"))
    launches = start_due(session, START, CATALOG)
    assert [each.is_launched for each in launches] == [True, True]
    taken = {
        each.id: set(session.scalars(select(Enrolment.member_id).where(Enrolment.journey_id == each.journey_id)))
        for each in (campaign, other)
    }
    assert len(taken[campaign.id]) == 3
    assert taken[campaign.id] | taken[other.id] == {*world.platinum, *world.silver}
    assert not taken[campaign.id] & taken[other.id]


def test_a_segment_in_a_csms_campaign_is_of_everyone_and_the_campaign_of_his_own(
    world: World, session: Session
) -> None:
    foreign = make_member(session, tier="platinum").id
    campaign = world.submitted(within("Swap"), author=world.kevin)
    world.approve(campaign)
    session.get_one(Account, world.kevin.account_id).role = Role.MANAGER
    session.flush()
    assert foreign not in world.launch(campaign)


def test_who_asks_again_after_a_change_asks_for_the_new_version(world: World) -> None:
    campaign = world.submitted(within("Swap"))
    first = world.asked(campaign)
    again = service.submit(world.session, campaign.id, actor=world.olive, now=world.now, catalog=CATALOG)
    assert again is first
    world.change(1, tier("silver"))
    second = service.submit(world.session, campaign.id, actor=world.olive, now=world.now, catalog=CATALOG)
    assert second.id != first.id
    assert "Swap (version 2)" in world.asked(campaign).facts["read_back"]
    with pytest.raises(Conflict, match=r"not what you were shown any more.*the saved segment Swap"):
        service.approve(world.session, campaign.id, fingerprint=first.fingerprint, actor=world.grace, now=world.now)
    world.approve(campaign)
    assert world.launch(campaign) == world.silver


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"start": "2026-06-06T10:00"}, "the start: 2026-06-06T10:00:00 instead of 2026-06-05T10:00:00"),
        ({"copy_texts": [{"channel": "email", "subject": "CHANGED", "body": "Hi"}]}, "the text of main by email"),
        ({"audience": tier("silver")}, "the audience"),
        ({"exclude_campaigns": ["Old"]}, "the campaigns whose members it leaves out"),
        ({"budget_cents": 5_000_00}, "the budget in cents: 500000 instead of none"),
        ({"offers": [{"kind": "amount_off", "value": 50, "coupon_code": "C50"}]}, "the offers"),
        ({"holdout_pct": 20}, "the holdout in percent: 20.0 instead of 0.0"),
        ({"channels": ["sms"]}, "the channels"),
    ],
)
@pytest.mark.parametrize("decide", [service.approve, service.reject])
def test_a_decision_on_something_else_than_was_shown_is_refused_with_the_difference(
    world: World, session: Session, changes: Json, words: str, decide: Any
) -> None:
    make_coupon(session)
    if "exclude_campaigns" in changes:
        service.create_draft(
            session,
            brief=parse_brief({"name": "Old", "audience": tier("gold"), "channels": ["email"]}),
            actor=world.olive,
            request_id="old",
            now=world.now,
            catalog=CATALOG,
        )
    campaign = world.submitted(within("Swap"))
    shown = world.asked(campaign).fingerprint
    said = Confirmed()
    service.change_draft(
        session, campaign.id, changes=changes, actor=world.olive, now=world.now, catalog=CATALOG, confirmed=said
    )
    service.submit(session, campaign.id, actor=world.olive, now=world.now, catalog=CATALOG)
    with pytest.raises(Conflict) as refused:
        decide(session, campaign.id, fingerprint=shown, actor=world.grace, now=world.now)
    assert words in refused.value.message
    assert campaign.state is JourneyState.AWAITING_APPROVAL


@pytest.mark.parametrize("fingerprint", ["", "0" * 64, "0" * 12, "x", "%", "a" * 5_000])
def test_a_fingerprint_of_nothing_decides_nothing(world: World, fingerprint: str) -> None:
    campaign = world.submitted(within("Swap"))
    with pytest.raises(Conflict, match="is not that of the request for News"):
        service.approve(world.session, campaign.id, fingerprint=fingerprint, actor=world.grace, now=world.now)


def test_a_coupon_that_gives_more_since_the_approval_holds_the_campaign(world: World, session: Session) -> None:
    coupon: Coupon = make_coupon(session)
    campaign = world.submitted(within("Swap"), offers=[{"kind": "amount_off", "value": 50, "coupon_code": "C50"}])
    world.approve(campaign)
    coupon.value = 9_000
    session.flush()
    (outcome,) = start_due(session, START, CATALOG)
    assert outcome.reason is not None
    assert "what the coupon C50 gives" in outcome.reason
    assert campaign.state is JourneyState.DRAFT


def test_a_swap_of_everybody_by_data_is_launched_and_says_so(world: World, session: Session) -> None:
    campaign = world.submitted(within("Swap"))
    world.approve(campaign)
    for member_id, name in [
        *((each, "silver") for each in world.platinum),
        *((each, "platinum") for each in world.silver),
    ]:
        session.get_one(Member, member_id).tier = name
    assert world.launch(campaign) == world.silver
    assert campaign.state_note == (
        "Launched: of the 2 members that were shown for approval 2 are not selected any more, and 2 others are."
    )


def test_who_came_and_who_left_is_told_before_the_launch_and_after_it(world: World, session: Session) -> None:
    campaign = world.submitted(within("Swap"))
    session.get_one(Member, world.platinum[0]).tier = "silver"
    session.get_one(Member, world.silver[0]).tier = "platinum"
    session.flush()
    for _ in ("before the launch", "after it"):
        seen = who_changed(session, campaign, CATALOG, actor=world.grace, now=world.now)
        assert seen is not None
        changes = seen.changes
        assert (changes.approved, changes.now, changes.joined, changes.left) == (2, 2, 1, 1)
        assert [each.id for each in seen.joined] == [world.silver[0]]
        assert [each.id for each in seen.left] == [world.platinum[0]]
        if campaign.launched_at is None:
            world.approve(campaign)
            world.launch(campaign)
    own = who_changed(session, campaign, CATALOG, actor=world.kevin, now=world.now)
    assert own is not None
    assert (len(own.joined), len(own.left)) == (0, 1)


def test_who_is_unknown_to_a_segment_is_outside_of_it(world: World, session: Session) -> None:
    old = {"field": "age", "op": ">", "value": 1}
    unborn = make_member(session, tier="silver", birthday_on=None).id
    world.save("Old", old, world.olive)
    campaign = world.submitted({"all": [within("Old", op="not_in"), tier("silver")]})
    world.approve(campaign)
    world.change(2, tier("bronze"), world.olive)
    assert world.launch(campaign) == [unborn]


@pytest.mark.parametrize(
    ("start", "passed"),
    [("2026-06-01T08:59", True), ("2026-05-01T10:00", True), ("2026-06-01T00:00", False), (None, False)],
)
def test_a_draft_whose_start_has_passed_is_marked(
    world: World, session: Session, start: str | None, *, passed: bool
) -> None:
    campaign = world.submitted(within("Swap"))
    campaign.journey.state = JourneyState.DRAFT
    campaign.brief = {**campaign.brief, "start": start}
    assert needs_new_start(campaign, world.now.astimezone(ZoneInfo("Asia/Shanghai"))) is passed


def test_a_campaign_that_nobody_decides_on_is_a_draft_again(world: World, session: Session) -> None:
    campaign = world.submitted(within("Swap"))
    late = world.now + timedelta(hours=72)
    assert expire_due(session, CAMPAIGN, world.now + timedelta(hours=71)) == []
    assert expire_due(session, CAMPAIGN, late) == [campaign.id]
    session.expire_all()
    assert campaign.state is JourneyState.DRAFT
    assert campaign.state_note == "The request of 2026-06-01 09:00 expired without a decision; submit it again"
    world.now = late
    service.submit(session, campaign.id, actor=world.olive, now=late, catalog=CATALOG)
    world.approve(campaign)
    assert world.launch(campaign) == world.platinum


@pytest.mark.parametrize("what", ["saved", "changed", "below"])
def test_whoever_shaped_a_segment_in_it_cannot_approve_it(world: World, what: str) -> None:
    if what == "saved":
        world.save("Top", tier("platinum"), world.grace)
    elif what == "changed":
        world.change(world.save("Top", tier("gold")), tier("platinum"), world.grace)
    else:
        world.save("Below", tier("platinum"), world.grace)
        world.save("Top", within("Below"))
    campaign = world.submitted(within("Top"))
    with pytest.raises(Forbidden, match="or a saved segment in it"):
        world.approve(campaign)
    world.approve(campaign, of_role(world.session, Role.MANAGER))


def test_whoever_changes_a_segment_after_the_request_had_no_hand_in_it(world: World) -> None:
    campaign = world.submitted(within("Swap"))
    world.now += timedelta(minutes=5)
    world.change(1, tier("silver"), world.grace)
    world.approve(campaign)
    assert world.launch(campaign) == world.platinum


def test_what_no_statement_holds_is_not_submitted(world: World) -> None:
    world.save("Level 0", tier("platinum"))
    for level in range(1, 12):
        world.save(f"Level {level}", within(f"Level {level - 1}"))
    with pytest.raises(InvalidRequest, match="12 levels deep, and at most 10"):
        world.submitted(within("Level 11"))
    for level in range(9):
        both = [within(f"Wide {level - 1}" if level else "Swap") for _ in range(2)]
        world.save(f"Wide {level}", {"any": both})
    with pytest.raises(InvalidRequest, match="it comes to 512 conditions, and at most 400"):
        world.submitted(within("Wide 8"), name="Wide")
