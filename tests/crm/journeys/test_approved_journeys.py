"""A journey reaches whom its approved definitions select, whatever becomes of the saved segments in them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from crm.access.confirmed import Confirmed
from crm.access.models import Approval, ApprovalState, Role
from crm.campaigns.subscribers import builders_on
from crm.catalog import CATALOG
from crm.database import Sessions, unit_of_work
from crm.errors import Conflict, Forbidden
from crm.journeys import service
from crm.journeys.engine import run_due
from crm.members.models import Member
from crm.outreach.models import Enrolment, EnrolmentState, Journey, JourneyState
from crm.segments.models import Segment
from crm.segments.saved import SegmentChanges, change_segment, delete_segment, get_segment, save_segment
from tests.builders import make_member, make_order
from tests.decisions import asked_of_journey
from tests.walks import Json, Walker, journey, make_actor, send, wait

DAY = timedelta(days=1)
ORDERED = {"kind": "event", "event": {"events": ["ordered"]}}


def within(*names: str, op: str = "in") -> Json:
    return {"field": "segment", "op": op, "value": list(names)}


def tier(name: str) -> Json:
    return {"field": "tier", "op": "in", "value": [name]}


@pytest.fixture
def walker(sessions: Sessions, now: Any) -> Walker:
    return Walker(sessions, now)


class People:
    """A gold member, who is in the segment X, and a silver one, who is not."""

    def __init__(self, walker: Walker) -> None:
        self.walker = walker
        with unit_of_work(walker.sessions) as session:
            self.kevin = make_actor(session, Role.CSM)
            self.gold, self.silver = make_member(session).id, make_member(session, tier="silver").id
        self.segment_id = self.save("X", tier("gold"))

    def save(self, name: str, definition: Json) -> int:
        with unit_of_work(self.walker.sessions) as session:
            return save_segment(
                session, name=name, definition=definition, actor=self.kevin, now=self.walker.now, catalog=CATALOG
            ).id

    def change(self, session: Session, **changes: Any) -> None:
        change_segment(
            session,
            self.segment_id,
            version=get_segment(session, self.segment_id).version,
            changes=SegmentChanges(**changes),
            actor=self.kevin,
            now=self.walker.now,
            catalog=CATALOG,
            subscribers=lambda _session, _id: (),
        )

    def delete(self, session: Session) -> None:
        """As it was possible before anybody asked who builds on it."""
        delete_segment(
            session, self.segment_id, actor=self.kevin, now=self.walker.now, subscribers=lambda _session, _id: ()
        )

    def order(self) -> None:
        walker, ordered_at = self.walker, self.walker.now + timedelta(minutes=1)
        with unit_of_work(walker.sessions) as session:
            for member_id in (self.gold, self.silver):
                make_order(session, session.get_one(Member, member_id), ordered_at=ordered_at)
        walker.advance_clock(walker.now + timedelta(hours=1))
        walker.advance_clock(walker.now + DAY)

    def heard(self) -> dict[str, list[str]]:
        return {
            name: [words for words, _ in self.walker.heard(member_id)]
            for name, member_id in (("gold", self.gold), ("silver", self.silver))
        }


@pytest.fixture
def people(walker: Walker) -> People:
    return People(walker)


def _swap(people: People) -> None:
    with unit_of_work(people.walker.sessions) as session:
        people.change(session, definition=tier("silver"))


def _delete(people: People) -> None:
    with unit_of_work(people.walker.sessions) as session:
        people.delete(session)


def _delete_and_save_anew(people: People) -> None:
    _delete(people)
    people.save("X", tier("silver"))


def _rename(people: People) -> None:
    with unit_of_work(people.walker.sessions) as session:
        people.change(session, name="Y")
    people.save("X", tier("silver"))


SHAPES: dict[str, tuple[Json, dict[str, list[str]]]] = {
    "entry": (journey(send("hello"), trigger={**ORDERED, "entry": within("X")}), {"gold": ["hello"], "silver": []}),
    "entry that leaves out": (
        journey(send("hello"), trigger={**ORDERED, "entry": within("X", op="not_in")}),
        {"gold": [], "silver": ["hello"]},
    ),
    "branch": (
        journey(
            {"kind": "branch", "key": "b", "definition": within("X"), "then": "one", "otherwise": "two"},
            send("one", next="done"),
            send("two"),
            {"kind": "end", "key": "done"},
            trigger=ORDERED,
        ),
        {"gold": ["one"], "silver": ["two"]},
    ),
    "exit": (
        journey(wait("w", hours=2), send("hello"), exits=[{"definition": within("X")}], trigger=ORDERED),
        {"gold": [], "silver": ["hello"]},
    ),
    "exit by not": (
        journey(wait("w", hours=2), send("hello"), exits=[{"definition": {"not": within("X")}}], trigger=ORDERED),
        {"gold": ["hello"], "silver": []},
    ),
}


@pytest.mark.parametrize("change", [_swap, _delete, _delete_and_save_anew, _rename])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_running_journey_keeps_what_was_approved(
    walker: Walker, people: People, shape: str, change: Callable[[People], None]
) -> None:
    data, heard = SHAPES[shape]
    running = walker.start(data)
    change(people)
    people.order()
    assert people.heard() == heard
    assert walker.journey(running).note is None


@pytest.mark.parametrize("change", [_swap, _delete, _delete_and_save_anew, _rename])
def test_an_audience_that_is_started_later_is_the_approved_one(
    walker: Walker, people: People, change: Callable[[People], None]
) -> None:
    data = journey(wait("w", hours=1), send("hello"), trigger={"kind": "audience_at_launch", "definition": within("X")})
    with unit_of_work(walker.sessions) as session:
        written = service.save_draft(
            session, data=data, actor=walker.author, request_id="one", now=walker.now, catalog=CATALOG
        )
        service.submit(session, written.id, actor=walker.author, now=walker.now, catalog=CATALOG)
        asked = asked_of_journey(session, written.id)
        service.approve(session, written.id, fingerprint=asked, actor=walker.approver, now=walker.now)
    change(people)
    with unit_of_work(walker.sessions) as session:
        service.activate(session, written.id, actor=walker.author, now=walker.now, catalog=CATALOG)
    walker.advance_clock(walker.now + DAY)
    assert people.heard() == {"gold": ["hello"], "silver": []}


@pytest.mark.parametrize("bound", ["without the segment", "before anything was bound"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_segment_that_is_gone_holds_the_journey_and_is_never_nobody(
    walker: Walker, people: People, shape: str, bound: str
) -> None:
    """As it is found in data from before: the segment was deleted while the journey ran."""
    running = walker.start(SHAPES[shape][0])
    with unit_of_work(walker.sessions) as session:
        session.execute(delete(Segment).where(Segment.id == people.segment_id))
        if bound == "without the segment":
            scope = {"row_owner_id": None, "me_id": walker.author.account_id}
            session.execute(update(Approval).values(bound={"scope": scope, "segments": {}}))
        else:
            session.execute(delete(Approval))
    people.order()
    assert people.heard() == {"gold": [], "silver": []}
    note = walker.journey(running).note
    assert note is not None
    assert "X" in note
    assert note.startswith("It cannot go on")


@pytest.mark.parametrize("state", ["draft", "submitted", "running", "ended"])
@pytest.mark.parametrize("shape", [*SHAPES, "below"])
def test_a_segment_is_not_deleted_or_renamed_while_a_journey_builds_on_it(
    walker: Walker, people: People, shape: str, state: str
) -> None:
    if shape == "below":
        people.save("Above", {"not": within("X")})
    data = SHAPES["entry" if shape == "below" else shape][0]
    if state in ("running", "ended"):
        running = walker.start(data)
    else:
        with unit_of_work(walker.sessions) as session:
            running = service.save_draft(
                session, data=data, actor=walker.author, request_id="r", now=walker.now, catalog=CATALOG
            ).id
            if state == "submitted":
                service.submit(session, running, actor=walker.author, now=walker.now, catalog=CATALOG)
    with unit_of_work(walker.sessions) as session:
        if state == "ended":
            service.end(session, running, actor=walker.author, now=walker.now)
            if shape != "below":
                assert builders_on(session, people.segment_id) == []
                return
        names = r"segment Above" if shape == "below" else "journey Test journey"
        with pytest.raises(Conflict, match=rf"X cannot be deleted while others build on it: .*{names}"):
            delete_segment(session, people.segment_id, actor=people.kevin, now=walker.now, subscribers=builders_on)
        with pytest.raises(Conflict, match="X cannot get another name while others build on it"):
            change_segment(
                session,
                people.segment_id,
                version=1,
                changes=SegmentChanges(name="Y"),
                actor=people.kevin,
                now=walker.now,
                catalog=CATALOG,
                subscribers=builders_on,
            )


def test_a_journey_that_was_changed_after_it_was_shown_is_not_approved(walker: Walker, people: People) -> None:
    del people

    def submitted(data: Json, request_id: str) -> tuple[int, str]:
        with unit_of_work(walker.sessions) as session:
            written = service.save_draft(
                session,
                data=data,
                actor=walker.author,
                request_id=request_id,
                now=walker.now,
                catalog=CATALOG,
                confirmed=Confirmed(),
            )
            asked = service.submit(session, written.id, actor=walker.author, now=walker.now, catalog=CATALOG)
            return written.id, asked.fingerprint

    _, shown = submitted(journey(send("hello")), "one")
    changes: list[tuple[Json, str]] = [
        (journey(send("hello", wordings=[{"channel": "email", "body": "CHANGED"}])), "step hello"),
        (journey(send("hello"), wait("w", days=1)), "step w"),
        (journey(send("hello"), trigger={**ORDERED, "entry": within("X")}), "who enters and when"),
        (journey(send("hello"), exits=[{"definition": tier("gold")}]), "when members leave early"),
        (journey(send("hello"), holdout_share=0.3), "the share held back: 0.3 instead of 0.0"),
        (journey(send("hello"), priority="care"), "the priority: care instead of campaign"),
    ]
    for number, (data, words) in enumerate(changes):
        written, fresh = submitted(data, f"change {number}")
        with unit_of_work(walker.sessions) as session:
            for decide in (service.approve, service.reject):
                with pytest.raises(Conflict) as refused:
                    decide(session, written, fingerprint=shown, actor=walker.approver, now=walker.now)
                assert words in refused.value.message
    with unit_of_work(walker.sessions) as session:
        service.approve(session, written, fingerprint=fresh[:16], actor=walker.approver, now=walker.now)


def test_whoever_shaped_a_segment_of_a_branch_cannot_approve_the_journey(walker: Walker, people: People) -> None:
    with unit_of_work(walker.sessions) as session:
        grace = walker.approver
        change_segment(
            session,
            people.segment_id,
            version=1,
            changes=SegmentChanges(definition=tier("silver")),
            actor=grace,
            now=walker.now,
            catalog=CATALOG,
            subscribers=builders_on,
        )
    with pytest.raises(Forbidden, match="somebody else has to approve it"):
        walker.start(SHAPES["branch"][0])


@pytest.mark.parametrize("hours", [71, 72, 500])
def test_a_request_that_nobody_decides_on_makes_the_journey_a_draft_again(walker: Walker, hours: int) -> None:
    with unit_of_work(walker.sessions) as session:
        written = service.save_draft(
            session,
            data=journey(send("hello")),
            actor=walker.author,
            request_id="one",
            now=walker.now,
            catalog=CATALOG,
        )
        service.submit(session, written.id, actor=walker.author, now=walker.now, catalog=CATALOG)
    later = walker.now + timedelta(hours=hours)
    run_due(walker.sessions, later, walker.provider.on_all_channels(), catalog=CATALOG)
    found: Journey = walker.journey(written.id)
    if hours < 72:
        assert (found.state, found.note) == (JourneyState.AWAITING_APPROVAL, None)
        return
    assert found.state is JourneyState.DRAFT
    assert found.note == "The request of 2026-06-01 09:00 expired without a decision; submit it again"
    (approval,) = walker.rows(Approval)
    assert approval.state is ApprovalState.EXPIRED
    with unit_of_work(walker.sessions) as session:
        service.submit(session, written.id, actor=walker.author, now=later, catalog=CATALOG)
        asked = asked_of_journey(session, written.id)
        service.approve(session, written.id, fingerprint=asked, actor=walker.approver, now=later)
    assert walker.enrolments(Enrolment.state == EnrolmentState.ACTIVE) == []
