"""One life for whatever sends: what is possible in which state is the same for campaigns and journeys."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from crm.access.approvals import approval_for
from crm.access.audit import history_of
from crm.campaigns import service as campaigns
from crm.catalog import CATALOG
from crm.database import Sessions, read_only, unit_of_work
from crm.errors import Conflict, CrmError, InvalidRequest
from crm.journeys import service
from crm.journeys.views import show_journey
from crm.loyalty.models import Coupon
from crm.members.models import Member
from crm.outreach.models import EndReason, Journey, JourneyState
from tests.builders import make_member
from tests.decisions import asked_of_journey
from tests.every_state import JOURNEYS, START, make_world, run
from tests.journeys import make_coupon
from tests.walks import Json, Walker, journey, send, wait

DAY = timedelta(days=1)
EVERYBODY: Json = {"kind": "audience_at_launch", "definition": {"all": []}}


@pytest.fixture
def walker(sessions: Sessions, now: Any) -> Walker:
    return Walker(sessions, now)


def outcome(session: Session, walker: Walker, room: Any, kind: str, number: int, act: str) -> str:
    """What it stands at afterwards, or which error it was. Nothing of it stays."""
    given: dict[str, Any] = {"actor": walker.author, "now": walker.now}
    if act == "submit":
        given["catalog"] = CATALOG
    if act in ("approve", "reject"):
        asked = approval_for(session, kind, number)
        given |= {"actor": walker.approver, "fingerprint": "" if asked is None else asked.fingerprint}
    attempt = session.begin_nested()
    try:
        getattr(room, act)(session, number, **given)
        subject = CATALOG.kinds[kind].find(session, number, False)
        return str(subject.journey.standing.value)
    except CrmError as error:
        return type(error).__name__
    finally:
        attempt.rollback()
        session.expire_all()


def test_in_each_state_the_same_is_possible_for_both_kinds(walker: Walker) -> None:
    made, walks = make_world(walker)
    found: dict[tuple[str, str], tuple[str, str]] = {}
    with unit_of_work(walker.sessions) as session:
        for state in JOURNEYS:
            for act in ("submit", "approve", "reject", "pause", "resume", "cancel"):
                found[state, act] = (
                    outcome(session, walker, campaigns, "campaign", made[state], act),
                    outcome(session, walker, service, "journey", walks[state], "end" if act == "cancel" else act),
                )
    assert {place: both for place, both in found.items() if both[0] != both[1]} == {}
    assert {place: both[0] for place, both in found.items() if both[0] != "Conflict"} == {
        ("draft", "submit"): "awaiting_approval",
        ("awaiting", "submit"): "awaiting_approval",
        ("awaiting", "approve"): "scheduled",
        ("awaiting", "reject"): "draft",
        ("scheduled", "pause"): "paused",
        ("scheduled", "resume"): "scheduled",
        ("running", "pause"): "paused",
        ("running", "resume"): "running",
        ("paused", "pause"): "paused",
        ("paused", "resume"): "running",
        **{(state, "cancel"): "cancelled" for state in JOURNEYS if state != "completed"},
    }


def approved(walker: Walker, data: Json) -> int:
    with unit_of_work(walker.sessions) as session:
        given: dict[str, Any] = {"actor": walker.author, "now": walker.now, "catalog": CATALOG}
        made = service.save_draft(session, data=data, request_id=data["name"], **given)
        service.submit(session, made.id, **given)
        shown = asked_of_journey(session, made.id)
        service.approve(session, made.id, fingerprint=shown, actor=walker.approver, now=walker.now)
        return made.id


def do(walker: Walker, act: Callable[..., Journey], number: int, **more: Any) -> Journey:
    with unit_of_work(walker.sessions) as session:
        return act(session, number, actor=walker.author, now=walker.now, **more)


def test_a_journey_starts_by_itself_at_its_start_and_says_who_came_meanwhile(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        first = make_member(session).id
    number = approved(walker, journey(send("hello"), wait("rest", days=1), trigger=EVERYBODY, start="2026-06-05T10:00"))
    assert (walker.journey(number).state, walker.journey(number).starts_at) == (JourneyState.SCHEDULED, START)
    with unit_of_work(walker.sessions) as session:
        second = make_member(session).id
    run(walker, START - timedelta(seconds=1))
    assert walker.journey(number).state is JourneyState.SCHEDULED
    run(walker, START)
    assert [len(walker.heard(member)) for member in (first, second)] == [1, 1]
    assert walker.journey(number).note is not None, "two instead of one is about as many, and is said"
    run(walker, START + DAY)
    ended = walker.journey(number)
    assert (ended.end_reason, ended.activated_at, ended.ended_at) == (EndReason.COMPLETED, START, START + DAY)


@pytest.mark.parametrize("by_itself", [True, False])
@pytest.mark.parametrize(("joined", "left"), [(1, 0), (0, 1), (1, 1), (2, 1), (0, 0)])
def test_an_audience_that_changed_since_the_approval_is_told_on_the_journey_and_in_the_audit(
    walker: Walker,
    by_itself: bool,
    joined: int,
    left: int,
) -> None:
    with unit_of_work(walker.sessions) as session:
        first = [make_member(session, tier="gold").id for _ in range(10)]
    gold = {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}
    trigger = {"kind": "audience_at_launch", "definition": gold}
    start = {"start": "2026-06-05T10:00"} if by_itself else {}
    number = approved(walker, journey(send("hello"), wait("rest", days=1), trigger=trigger, **start))
    with unit_of_work(walker.sessions) as session:
        for _ in range(joined):
            make_member(session, tier="gold")
        session.execute(update(Member).where(Member.id.in_(first[:left])).values(tier="silver"))
    if by_itself:
        run(walker, START)
    else:
        do(walker, service.activate, number, catalog=CATALOG)
    with read_only(walker.sessions) as session:
        (row,) = [each for each in history_of(session, f"journey:{number}") if each.action == "journey.started"]
        shown = show_journey(session, number, actor=walker.author, now=walker.now).line.note
    selection = row.detail["selection"]
    assert (selection["joined"], selection["left"]) == (joined, left)
    words = f"of the 10 members that were shown for approval {left} are not selected any more, and {joined} others are"
    assert shown == (f"Launched: {words}." if joined or left else None)


def test_a_start_that_has_passed_is_refused(walker: Walker) -> None:
    with pytest.raises(InvalidRequest, match="lies in the past"):
        approved(walker, journey(send("hello"), start="2026-05-30T10:00"))


def test_a_pause_before_the_start_keeps_it_from_starting(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        member = make_member(session).id
    number = approved(walker, journey(send("hello"), wait("rest", days=1), trigger=EVERYBODY, start="2026-06-05T10:00"))
    do(walker, service.pause, number)
    run(walker, START + timedelta(hours=1))
    assert (walker.journey(number).state, walker.heard(member)) == (JourneyState.PAUSED, [])
    assert do(walker, service.resume, number).state is JourneyState.SCHEDULED
    run(walker, START + timedelta(hours=2))
    assert len(walker.heard(member)) == 1


def test_a_journey_that_may_not_start_is_a_draft_again_and_says_why(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        make_coupon(session)
    benefits = {"words": "50 off", "coupon_codes": ["C50"]}
    number = approved(walker, journey(send("hello"), start="2026-06-05T10:00", benefits=benefits))
    with unit_of_work(walker.sessions) as session:
        session.execute(update(Coupon).values(stock_total=0))
    run(walker, START)
    held = walker.journey(number)
    assert held.state is JourneyState.DRAFT
    assert (held.note or "").startswith("Not launched: nothing is left of the coupon C50")


def test_a_version_that_was_not_started_is_cancelled_alone(walker: Walker) -> None:
    running = walker.start(journey(send("hello")))
    later = approved(walker, journey(send("better")))
    with pytest.raises(Conflict, match="is approved already and can be started"):
        do(walker, service.submit, later, catalog=CATALOG)  # type: ignore[arg-type]
    assert do(walker, service.end, later).end_reason is EndReason.CANCELLED
    assert walker.journey(running).state is JourneyState.RUNNING
    with pytest.raises(Conflict, match="is cancelled and cannot be started"):
        do(walker, service.activate, later, catalog=CATALOG)
