"""A journey from its first draft to its end: who may do what, versions, pauses, benefits, tasks, and what is shown."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from crm.access.actor import Actor
from crm.access.confirmed import Confirmed, NotConfirmed
from crm.access.models import Role
from crm.access.policy import set_policy
from crm.catalog import CATALOG
from crm.channels import Channel
from crm.database import unit_of_work
from crm.errors import Conflict, CrmError, Forbidden, InvalidRequest, NotFound
from crm.journeys import service
from crm.journeys.views import list_journeys, show_journey, ways_of_member
from crm.lifecycle.models import MemberScore, StageChange
from crm.lifecycle.service import refresh_scores
from crm.loyalty.models import Coupon, CouponGrant, GrantState, Tier
from crm.members.models import Member
from crm.outreach.engagement import record_event
from crm.outreach.models import EnrolmentState, Journey, JourneyState, MessageEventKind, MessageState
from crm.success.models import TaskState
from crm.success.service import assign_task, complete_task, list_tasks
from tests.builders import make_account, make_member, make_order
from tests.decisions import asked_of_journey
from tests.journeys import make_coupon
from tests.opting_out import opt_out_on_channel
from tests.walks import Json, Walker, journey, make_actor, send, task, wait

DAY = timedelta(days=1)


def save(
    walker: Walker,
    data: Json,
    *,
    actor: Actor | None = None,
    request_id: str = "save",
    confirmed: Confirmed | None = None,
) -> Journey:
    with unit_of_work(walker.sessions) as session:
        return service.save_draft(
            session,
            data=data,
            actor=actor or walker.author,
            request_id=request_id,
            now=walker.now,
            catalog=CATALOG,
            confirmed=confirmed,
        )


def submit(walker: Walker, journey_id: int, *, actor: Actor | None = None) -> None:
    with unit_of_work(walker.sessions) as session:
        service.submit(session, journey_id, actor=actor or walker.author, now=walker.now, catalog=CATALOG)


def do(walker: Walker, what: str, journey_id: int, *, actor: Actor | None = None, **more: Any) -> Journey:
    with unit_of_work(walker.sessions) as session:
        action = getattr(service, what)
        if what in ("approve", "reject"):
            more = {"fingerprint": asked_of_journey(session, journey_id), **more}
        done: Journey = action(session, journey_id, actor=actor or walker.author, now=walker.now, **more)
        return done


def test_nothing_walks_without_an_approval_by_somebody_else(walker: Walker) -> None:
    written = save(walker, journey(send("hello")))
    assert (written.version, written.state) == (1, JourneyState.DRAFT)
    with pytest.raises(Conflict, match="is draft and cannot be started"):
        do(walker, "activate", written.id, catalog=CATALOG)
    submit(walker, written.id)
    with pytest.raises(Forbidden):
        do(walker, "approve", written.id)
    with unit_of_work(walker.sessions) as session:
        author = make_actor(session, Role.MANAGER)
    own = save(walker, journey(send("hello"), name="Mine"), actor=author, request_id="mine")
    submit(walker, own.id)
    with pytest.raises(Forbidden, match="somebody else has to approve it"):
        do(walker, "approve", own.id, actor=author)
    assert do(walker, "approve", own.id, actor=walker.approver).state is JourneyState.SCHEDULED
    assert do(walker, "activate", own.id, catalog=CATALOG).state is JourneyState.RUNNING
    assert do(walker, "activate", own.id, catalog=CATALOG).state is JourneyState.RUNNING


def test_a_change_voids_the_approval_and_stays_the_same_version(walker: Walker) -> None:
    written = save(walker, journey(send("hello")))
    submit(walker, written.id)
    do(walker, "approve", written.id, actor=walker.approver)
    with pytest.raises(NotConfirmed, match="is approved"):
        save(walker, journey(send("hello"), wait("w", days=1)), request_id="again")
    changed = save(walker, journey(send("hello"), wait("w", days=1)), request_id="again", confirmed=Confirmed())
    assert (changed.id, changed.version, changed.state) == (written.id, 1, JourneyState.DRAFT)
    with pytest.raises(Conflict):
        do(walker, "activate", written.id, catalog=CATALOG)
    assert save(walker, journey(send("other")), request_id="again").id == written.id
    assert len(walker.journey(written.id).spec["steps"]) == 2


def test_whoever_changed_it_cannot_approve_it(walker: Walker) -> None:
    written = save(walker, journey(send("hello")))
    changed = journey(send("hello"), wait("w", days=1))
    save(walker, changed, actor=walker.approver, request_id="change", confirmed=Confirmed())
    submit(walker, written.id)
    with pytest.raises(Forbidden, match="wrote or changed"):
        do(walker, "approve", written.id, actor=walker.approver)


def test_a_rejection_says_why(walker: Walker) -> None:
    written = save(walker, journey(send("hello")))
    submit(walker, written.id)
    rejected = do(walker, "reject", written.id, actor=walker.approver, note="too short")
    assert rejected.state is JourneyState.DRAFT
    assert rejected.note is not None
    assert "too short" in rejected.note


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"steps": [send("hello", next="nowhere")]}, InvalidRequest),
        ({"steps": [send("hello", benefits={"coupon_codes": ["NOPE"]})]}, NotFound),
        (
            {"trigger": {"kind": "by_hand", "entry": {"all": [{"field": "segment", "op": "in", "value": ["gone"]}]}}},
            InvalidRequest,
        ),
    ],
)
def test_what_it_names_must_exist(walker: Walker, changes: Json, error: type[CrmError]) -> None:
    with pytest.raises(error):
        save(walker, journey(send("hello")) | changes)


def test_sensitive_fields_decide_only_for_roles_that_policy_names(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        set_policy(session, "sensitive_fields_in_audiences", ["manager"])
    by_gender = {"all": [{"field": "gender", "op": "in", "value": ["female"]}]}
    branch = {"kind": "branch", "key": "b", "definition": by_gender, "then": "a", "otherwise": "a"}
    with pytest.raises(Forbidden, match="gender"):
        save(walker, journey(branch, send("a")))
    save(walker, journey(branch, send("a")), actor=walker.approver)


def test_members_under_way_keep_their_version_and_new_ones_enter_the_newest(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        early, late = make_member(session).id, make_member(session).id
    joined_now = {"kind": "event", "event": {"events": ["ordered"]}}
    first = walker.start(journey(wait("w", days=2), send("old"), trigger=joined_now))
    with unit_of_work(walker.sessions) as session:
        make_order(session, session.get_one(Member, early), ordered_at=walker.now + timedelta(hours=1))
    walker.advance_clock(walker.now + timedelta(hours=2))
    second = walker.start(journey(send("new"), trigger=joined_now))
    assert walker.journey(second).version == 2
    with unit_of_work(walker.sessions) as session:
        for member_id in (early, late):
            make_order(session, session.get_one(Member, member_id), ordered_at=walker.now + timedelta(hours=1))
    walker.advance_clock(walker.now + timedelta(hours=2))
    walker.advance_clock(walker.now + 3 * DAY)
    assert [words for words, _ in walker.heard(early)] == ["old"]
    assert [words for words, _ in walker.heard(late)] == ["new"]
    assert walker.journey(first).state is JourneyState.ENDED
    assert walker.journey(second).state is JourneyState.RUNNING


def test_a_pause_holds_everything_and_what_became_too_late_says_so(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        ann, bob = make_member(session).id, make_member(session).id
    running = walker.start(journey(wait("w", days=1), send("a"), wait("v", days=3), send("b")))
    walker.enter(running, ann)
    walker.advance()
    do(walker, "pause", running)
    walker.advance_clock(walker.now + 3 * DAY)
    assert walker.heard(ann) == []
    with pytest.raises(Conflict, match="is paused and cannot be entered"):
        walker.enter(running, bob)
    do(walker, "resume", running)
    walker.advance_clock(walker.now + 3 * DAY)
    assert [words for words, _ in walker.heard(ann)] == ["b"]
    assert [(each.step_key, each.state, each.reason) for each in walker.messages()] == [
        ("a", MessageState.EXCLUDED, "too_late"),
        ("b", MessageState.DELIVERED, None),
    ]


def test_an_end_stops_everyone_and_gives_benefits_back(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        make_coupon(session)
        ann = make_member(session).id
    walker.now += timedelta(hours=14)  # at night: the message waits for the morning
    running = walker.start(journey(send("gift", benefits={"coupon_codes": ["C50"]}), wait("w", days=9), send("more")))
    walker.enter(running, ann)
    walker.advance()
    assert [each.state for each in walker.rows(CouponGrant)] == [GrantState.RESERVED]
    do(walker, "end", running)
    do(walker, "end", running)
    walker.advance_clock(walker.now + 20 * DAY)
    assert walker.heard(ann) == []
    (enrolment,) = walker.enrolments()
    assert (enrolment.state, enrolment.ended_at) == (EnrolmentState.STOPPED, walker.now - 20 * DAY)
    assert [(each.state, each.reason) for each in walker.messages()] == [(MessageState.EXCLUDED, "cancelled")]
    assert [each.state for each in walker.rows(CouponGrant)] == [GrantState.RELEASED]


def test_a_benefit_of_a_step_comes_with_its_own_message_as_long_as_the_stock_lasts(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        make_coupon(session, "GIFT", stock_total=2)
        members = [make_member(session).id for _ in range(3)]
        opt_out_on_channel(session, members[0], Channel.EMAIL, walker.now)
    gift = send(
        "gift",
        benefits={"words": "a gift", "coupon_codes": ["GIFT"]},
        wordings=[{"channel": "email", "body": "gift: {{ offer }} {{ code }}"}],
    )
    plain = send("hello", wordings=[{"channel": "email", "body": "hello: {{ name }}"}])
    running = walker.start(journey(plain, wait("w", days=1), gift))
    walker.enter(running, *members)
    walker.advance_clock(walker.now)
    assert walker.rows(CouponGrant) == []
    walker.advance_clock(walker.now + 2 * DAY)
    (coupon,) = walker.rows(Coupon)
    assert (coupon.reserved, coupon.issued) == (0, 2)
    assert [words for words, _ in walker.heard(members[1])] == ["hello", "gift"]
    bodies = [message.body for message in walker.provider.taken if message.body.startswith("gift")]
    assert bodies == ["gift: a gift GIFT"] * 2
    # What is gone cannot be submitted; what runs already leaves out whoever comes too late.
    with pytest.raises(InvalidRequest, match="nothing is left of the coupon GIFT"):
        walker.start(journey(gift, name="Late"))
    with unit_of_work(walker.sessions) as session:
        session.scalars(select(Coupon)).one().stock_total = 3
    late = walker.start(journey(gift, name="Late"))
    with unit_of_work(walker.sessions) as session:
        session.scalars(select(Coupon)).one().stock_total = 2
    walker.enter(late, members[2])
    walker.advance_clock(walker.now)
    assert [each.reason for each in walker.messages() if each.journey_id == late] == ["no_stock"]


def test_tasks_go_to_the_members_manager_or_wait_for_anybody(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        csm = make_actor(session, Role.CSM)
        other = make_actor(session, Role.CSM)
        owned = make_member(session, owner_id=csm.account_id, name="Owned").id
        free = make_member(session, name="Free").id
    running = walker.start(journey(task("call", title="Call", note="Ask about tea", due_in_days=1)))
    walker.enter(running, owned, free)
    walker.advance_clock(walker.now)
    with unit_of_work(walker.sessions) as session:
        mine = list_tasks(session, actor=csm, now=walker.now)
        assert [(line.title, line.member_name, line.is_overdue) for line in mine.lines] == [("Call", "Owned", False)]
        assert [line.member_name for line in list_tasks(session, actor=other, now=walker.now, whose="all").lines] == [
            "Free"
        ]
        queue = list_tasks(session, actor=walker.author, now=walker.now + 2 * DAY, whose="unassigned")
        assert [(line.member_name, line.is_overdue) for line in queue.lines] == [("Free", True)]
        with pytest.raises(Forbidden):
            complete_task(session, mine.lines[0].task_id, outcome="done", actor=other, now=walker.now)
        with pytest.raises(InvalidRequest, match="what came of it"):
            complete_task(session, mine.lines[0].task_id, outcome=" ", actor=csm, now=walker.now)
        complete_task(session, mine.lines[0].task_id, outcome="orders next week", actor=csm, now=walker.now)
        with pytest.raises(Conflict, match="done already"):
            complete_task(session, mine.lines[0].task_id, outcome="again", actor=csm, now=walker.now)
        assign_task(session, queue.lines[0].task_id, owner_id=other.account_id, actor=walker.author, now=walker.now)
        assert list_tasks(session, actor=other, now=walker.now).total == 1
        done = list_tasks(session, actor=csm, now=walker.now, state=TaskState.DONE)
        assert [line.outcome for line in done.lines] == ["orders next week"]


def test_a_journey_is_shown_with_its_counts_and_a_member_with_the_way(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        csm = make_actor(session, Role.CSM)
        members = [make_member(session, owner_id=csm.account_id).id for _ in range(3)]
        opt_out_on_channel(session, members[2], Channel.EMAIL, walker.now)
    answered = {"events": ["clicked"], "step": "offer"}
    running = walker.start(
        journey(
            send("offer"),
            wait("answer", until_event=answered, timeout={"days": 3}, on_timeout="call", next="done"),
            task("call"),
            {"kind": "end", "key": "done"},
        )
    )
    walker.enter(running, *members)
    walker.advance_clock(walker.now)
    first = next(each for each in walker.messages() if each.member_id == members[0])
    with unit_of_work(walker.sessions) as session:
        record_event(session, first.id, MessageEventKind.CLICKED, walker.now + timedelta(hours=1))
    walker.advance_clock(walker.now + DAY)
    with unit_of_work(walker.sessions) as session:
        view = show_journey(session, running, actor=csm, now=walker.now)
        offer, answer, call, _ = view.steps
        assert (view.line.under_way, view.line.completed, view.line.takes_entries) == (2, 1, True)
        assert offer.messages == {MessageState.DELIVERED: 2, MessageState.EXCLUDED: 1}
        assert offer.excluded == {"no_consent": 1}
        assert (answer.standing, answer.went_to) == (2, {"done": 1})
        assert (view.messages, view.pending, call.tasks) == (3, 0, {})
        assert [line.journey_id for line in list_journeys(session, actor=csm)] == [running]
        (way,) = ways_of_member(session, members[0], actor=csm)
        assert [(entry.kind, entry.what, entry.detail) for entry in way.entries] == [
            ("entered", way.occurrence, None),
            ("step", "offer", "answer"),
            ("message", "offer by email", "delivered"),
            ("step", "answer", "done"),
            ("step", "done", "end"),
            ("answer", "clicked", None),
            ("ended", "completed", None),
        ]
        stranger = make_account(session, role=Role.CSM)
        with pytest.raises(NotFound):
            ways_of_member(
                session, members[0], actor=Actor(stranger.id, stranger.username, stranger.display_name, Role.CSM)
            )


def test_a_definition_that_makes_no_sense_any_more_holds_up_its_own_journey_only(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        ann = make_member(session).id
    broken = walker.start(journey(send("broken"), name="Broken"))
    sound = walker.start(journey(send("sound"), name="Sound"))
    walker.enter(broken, ann)
    walker.enter(sound, ann)
    with unit_of_work(walker.sessions) as session:
        row = session.get_one(Journey, broken)
        row.spec = row.spec | {
            "exits": [{"definition": {"all": [{"field": "gone", "op": "=", "value": 1}]}, "event": None}]
        }
    walker.advance_clock(walker.now)
    assert [words for words, _ in walker.heard(ann)] == ["sound"]
    note = walker.journey(broken).note
    assert note is not None
    assert "there is no field 'gone'" in note


def test_changes_of_stage_are_noted_when_scores_are_refreshed(walker: Walker) -> None:
    zone, first_day = ZoneInfo("Asia/Shanghai"), date(2026, 6, 1)
    with unit_of_work(walker.sessions) as session:
        session.add(Tier(name="gold", rank=1, min_spend_cents=0))
        session.flush()
        ann = make_member(session)
        make_order(session, ann, ordered_at=walker.now - 10 * DAY)
        refresh_scores(session, first_day, zone)
    assert walker.rows(StageChange) == []
    with unit_of_work(walker.sessions) as session:
        make_member(session, joined_at=walker.now - DAY)
        for days in (1, 2, 60):
            refresh_scores(session, first_day + timedelta(days=days), zone)
        assert session.get_one(MemberScore, ann.id).lifecycle_stage == "dormant"
    noted = [(each.member_id == ann.id, each.from_stage, each.to_stage) for each in walker.rows(StageChange)]
    assert noted[0] == (False, None, "new")
    assert (True, "active", "dormant") in noted
