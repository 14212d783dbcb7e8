"""Members walk through journeys step by step, each at his own moments."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from crm.access.models import Role
from crm.activity.models import Order
from crm.channels import Channel
from crm.database import Sessions, unit_of_work
from crm.members.models import ContactPoint, MemberTag
from crm.outreach.engagement import record_event
from crm.outreach.models import Enrolment, EnrolmentState, MessageEventKind, MessageState
from crm.success.models import TaskState
from tests.builders import make_account, make_member
from tests.walks import Walker, journey, send, task, wait

MONDAY_NINE = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
"""09:00 in Shanghai."""
DAY = timedelta(days=1)


def new_member(sessions: Sessions, **changes: object) -> int:
    with unit_of_work(sessions) as session:
        return make_member(session, **changes).id


def test_a_member_is_sent_to_waits_and_is_sent_to_again(walker: Walker) -> None:
    ann = new_member(walker.sessions)
    running = walker.start(journey(send("hello"), wait("pause", days=2), send("again"), wait("long", hours=3)))
    assert walker.enter(running, ann) == 1
    walker.advance_clock(MONDAY_NINE + 5 * DAY)
    assert walker.heard(ann) == [("hello", MONDAY_NINE), ("again", MONDAY_NINE + 2 * DAY)]
    (enrolment,) = walker.enrolments()
    assert enrolment.state is EnrolmentState.COMPLETED
    assert enrolment.ended_at == MONDAY_NINE + 2 * DAY + timedelta(hours=3)
    assert walker.steps_of(enrolment.id) == [
        ("hello", "pause"),
        ("pause", "again"),
        ("again", "long"),
        ("long", "end"),
    ]


def test_no_answer_within_the_timeout_becomes_a_task_of_the_members_manager(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        owner = make_account(session, role=Role.CSM)
        quiet, quick = (make_member(session, owner_id=owner.id).id for _ in range(2))
    answered = {"events": ["clicked", "ordered"]}
    running = walker.start(
        journey(
            send("offer", "preferred"),
            wait("answer", until_event=answered, timeout={"days": 7}, on_timeout="call", next="thanks"),
            task("call", due_in_days=2, next="done"),
            send("thanks"),
            {"kind": "end", "key": "done"},
        )
    )
    walker.enter(running, quiet, quick)
    walker.advance_clock(MONDAY_NINE + DAY)
    with unit_of_work(walker.sessions) as session:
        (message,) = [each for each in walker.messages() if each.member_id == quick]
        record_event(session, message.id, MessageEventKind.CLICKED, MONDAY_NINE + DAY)
    walker.advance_clock(MONDAY_NINE + 8 * DAY)
    assert [words for words, _ in walker.heard(quick)] == ["offer", "thanks"]
    assert walker.heard(quiet) == [("offer", MONDAY_NINE)]
    (call,) = walker.tasks()
    assert (call.member_id, call.owner_id, call.state) == (quiet, owner.id, TaskState.OPEN)
    assert (call.created_at, call.due_at) == (MONDAY_NINE + 7 * DAY, MONDAY_NINE + 9 * DAY)


def test_branches_ask_for_definitions_and_events(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        gold = make_member(session, tier="gold")
        buyer, other = make_member(session, tier="silver"), make_member(session, tier="silver")
        session.flush()
        members = [gold.id, buyer.id, other.id]
    is_gold = {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}
    running = walker.start(
        journey(
            wait("think", days=1),
            {"kind": "branch", "key": "tier", "definition": is_gold, "then": "golden", "otherwise": "bought"},
            {
                "kind": "branch",
                "key": "bought",
                "event": {"events": ["ordered"]},
                "then": "thanks",
                "otherwise": "nudge",
            },
            send("golden", next="done"),
            send("thanks", next="done"),
            send("nudge"),
            {"kind": "end", "key": "done"},
        )
    )
    walker.enter(running, *members)
    with unit_of_work(walker.sessions) as session:
        session.add(Order(member_id=members[1], ordered_at=MONDAY_NINE + DAY / 2, amount_cents=100, source="import"))
    walker.advance_clock(MONDAY_NINE + 2 * DAY)
    assert [walker.heard(member)[0][0] for member in members] == ["golden", "thanks", "nudge"]


def test_a_split_sends_the_same_member_the_same_way_each_time(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        members = [make_member(session).id for _ in range(60)]
    ways = {"kind": "split", "key": "coin", "ways": [{"to": "a", "weight": 3}, {"to": "b", "weight": 1}]}
    rule = {"rule": "each_occurrence"}
    running = walker.start(journey(ways, send("a", next="out"), send("b"), {"kind": "end", "key": "out"}, reentry=rule))
    walker.enter(running, *members)
    walker.advance_clock(MONDAY_NINE)
    first = {member: walker.heard(member)[0][0] for member in members}
    assert 5 <= sum(way == "b" for way in first.values()) <= 25
    walker.now += DAY
    assert walker.enter(running, *members) == 60
    walker.advance_clock(walker.now)
    assert {member: walker.heard(member)[1][0] for member in members} == first


def test_a_wait_for_a_time_of_day_ends_at_the_members_own(walker: Walker) -> None:
    here, there = new_member(walker.sessions), new_member(walker.sessions, zone_name="America/New_York")
    running = walker.start(journey(wait("morning", until_time="10:00", weekday="wednesday"), send("hello")))
    walker.enter(running, here, there)
    walker.advance_clock(MONDAY_NINE + 4 * DAY)
    assert walker.heard(here) == [("hello", datetime(2026, 6, 3, 2, 0, tzinfo=UTC))]
    assert walker.heard(there) == [("hello", datetime(2026, 6, 3, 14, 0, tzinfo=UTC))]


def test_quiet_hours_put_a_message_off_and_not_the_steps_behind_it(walker: Walker) -> None:
    ann = new_member(walker.sessions)
    walker.now = datetime(2026, 6, 1, 15, 0, tzinfo=UTC)  # 23:00
    running = walker.start(journey(send("hello"), wait("pause", hours=1)))
    walker.enter(running, ann)
    walker.advance_clock(MONDAY_NINE + DAY)
    assert walker.heard(ann) == [("hello", datetime(2026, 6, 2, 0, 0, tzinfo=UTC))]
    (enrolment,) = walker.enrolments()
    assert enrolment.ended_at == datetime(2026, 6, 1, 16, 0, tzinfo=UTC)


def test_an_exit_ends_the_way_and_cancels_what_waits(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        tagged, buyer, stays = (make_member(session) for _ in range(3))
        session.flush()
        members = [tagged.id, buyer.id, stays.id]
    has_tag = {"all": [{"field": "tags", "op": "contains_any", "value": ["complaint"]}]}
    running = walker.start(
        journey(
            wait("pause", days=1),
            send("hello"),
            exits=[{"definition": has_tag}, {"event": {"events": ["ordered"]}}],
        )
    )
    walker.enter(running, *members)
    walker.advance()
    with unit_of_work(walker.sessions) as session:
        session.add(MemberTag(member_id=members[0], tag="complaint"))
        session.add(Order(member_id=members[1], ordered_at=MONDAY_NINE + DAY / 2, amount_cents=1, source="import"))
    walker.advance_clock(MONDAY_NINE + 2 * DAY)
    assert [[words for words, _ in walker.heard(member)] for member in members] == [[], [], ["hello"]]
    ends = {each.member_id: (each.state, each.end_reason, each.ended_at) for each in walker.enrolments()}
    assert ends[members[0]] == (EnrolmentState.EXITED, "exit 1", MONDAY_NINE + DAY)
    assert ends[members[1]] == (EnrolmentState.EXITED, "exit 2", MONDAY_NINE + DAY / 2)


def test_a_message_that_waits_for_the_morning_is_cancelled_by_an_exit_at_night(walker: Walker) -> None:
    ann = new_member(walker.sessions)
    walker.now = datetime(2026, 6, 1, 15, 0, tzinfo=UTC)
    running = walker.start(journey(send("hello"), exits=[{"event": {"events": ["ordered"]}}]))
    walker.enter(running, ann)
    walker.advance()
    with unit_of_work(walker.sessions) as session:
        session.add(Order(member_id=ann, ordered_at=walker.now + timedelta(hours=1), amount_cents=1, source="import"))
    walker.advance_clock(MONDAY_NINE + DAY)
    assert walker.heard(ann) == []
    (message,) = walker.messages()
    assert (message.state, message.reason) == (MessageState.EXCLUDED, "left_journey")


def test_the_holdout_walks_but_hears_nothing_and_gives_nobody_work(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        members = [make_member(session).id for _ in range(80)]
    running = walker.start(journey(send("hello"), task("call"), holdout_share=0.25))
    walker.enter(running, *members)
    walker.advance_clock(MONDAY_NINE)
    left_alone = {each.member_id for each in walker.enrolments(Enrolment.arm == "holdout")}
    assert 8 <= len(left_alone) <= 32
    assert {member for member in members if not walker.heard(member)} == left_alone
    assert {each.member_id for each in walker.tasks()} == set(members) - left_alone
    reasons = {each.reason for each in walker.messages() if each.member_id in left_alone}
    assert reasons == {"holdout"}


def test_a_person_with_two_records_hears_a_step_once_and_again_when_it_comes_back(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        records = [make_member(session).id for _ in range(2)]
        contacts = select(ContactPoint).where(ContactPoint.channel == Channel.EMAIL)
        for contact in session.scalars(contacts):
            contact.normalised = "ann@example.com"
    running = walker.start(journey(send("thanks"), reentry={"rule": "each_occurrence"}))
    for record, after in ((records[0], timedelta()), (records[1], DAY), (records[1], 30 * DAY)):
        walker.now = MONDAY_NINE + after
        walker.enter(running, record)
        walker.advance()
    assert len(walker.heard(records[0])) == 1
    assert [moment for _, moment in walker.heard(records[1])] == [MONDAY_NINE + 30 * DAY]
    assert [each.reason for each in walker.messages()] == [None, "duplicate_person", None]
