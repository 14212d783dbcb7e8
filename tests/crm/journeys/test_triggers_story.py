"""Who enters a journey, when, and how often."""

from datetime import UTC, date, datetime, timedelta

from crm.access.models import Role
from crm.access.policy import set_policy
from crm.activity.models import Order
from crm.catalog import CATALOG
from crm.database import unit_of_work
from crm.journeys import service
from crm.lifecycle.models import StageChange
from crm.outreach.models import EnrolmentState
from tests.builders import make_member
from tests.walks import Walker, journey, make_actor, send, wait

DAY = timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


BIRTHDAY = {"kind": "key_date", "date": "birthday", "days_before": 7, "at": "09:00"}
WARM_UP = (
    send("warm-up"),
    wait("until", until_key_date=-1, at="10:00"),
    send("reminder"),
    wait("day", until_key_date=0, at="10:00"),
    send("blessing"),
)
ORDERED = {"kind": "event", "event": {"events": ["ordered"]}}


def add_order(walker: Walker, member_id: int, ordered_at: datetime) -> None:
    with unit_of_work(walker.sessions) as session:
        session.add(Order(member_id=member_id, ordered_at=ordered_at, amount_cents=100, source="import"))


def test_a_birthday_is_warmed_up_reminded_of_and_kept_each_year_at_the_members_own_time(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        born = date(1990, 6, 10)
        here = make_member(session, birthday_on=born).id
        there = make_member(session, birthday_on=born, zone_name="America/New_York").id
        make_member(session, birthday_on=date(1990, 6, 4))
        make_member(session, birthday_on=None)
    walker.start(journey(*WARM_UP, trigger=BIRTHDAY))
    walker.advance_clock(at("2026-06-11T00:00"))
    walker.now = at("2027-06-01T00:00")
    walker.advance_clock(at("2027-06-11T00:00"))
    assert walker.heard(here) == [
        ("warm-up", at("2026-06-03T01:00")),
        ("reminder", at("2026-06-09T02:00")),
        ("blessing", at("2026-06-10T02:00")),
        ("warm-up", at("2027-06-03T01:00")),
        ("reminder", at("2027-06-09T02:00")),
        ("blessing", at("2027-06-10T02:00")),
    ]
    assert [moment for _, moment in walker.heard(there)][:3] == [
        at("2026-06-03T13:00"),
        at("2026-06-09T14:00"),
        at("2026-06-10T14:00"),
    ]
    occurrences = sorted({each.occurrence for each in walker.enrolments()})
    assert occurrences == ["birthday-2026", "birthday-2027"]
    entered = [each.member_id for each in walker.enrolments() if each.occurrence == "birthday-2026"]
    assert sorted(entered) == [here, there]


def test_a_birthday_during_a_pause_lets_nobody_in(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        make_member(session, birthday_on=date(1990, 6, 3))
    running = walker.start(journey(send("blessing"), trigger=BIRTHDAY | {"days_before": 0}))
    for change, day in ((service.pause, "2026-06-02T00:00"), (service.resume, "2026-06-04T00:00")):
        walker.advance_clock(at(day))
        with unit_of_work(walker.sessions) as session:
            change(session, running, actor=walker.author, now=walker.now)
    walker.advance_clock(at("2026-06-06T00:00"))
    assert walker.enrolments() == []


def test_a_birthday_of_the_leap_day_is_kept_by_policy(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        ann = make_member(session, birthday_on=date(1992, 2, 29)).id
    walker.start(journey(send("blessing"), trigger=BIRTHDAY | {"days_before": 0}))
    walker.now = at("2027-02-27T00:00")
    walker.advance_clock(at("2027-02-28T20:00"))
    assert [moment for _, moment in walker.heard(ann)] == [at("2027-02-28T01:00")]
    with unit_of_work(walker.sessions) as session:
        set_policy(session, "leap_day", "mar_1")
    walker.now = at("2028-02-27T00:00")
    walker.advance_clock(at("2028-03-02T00:00"))
    assert [moment for _, moment in walker.heard(ann)][1:] == [at("2028-02-29T01:00")]


def test_half_a_year_after_the_last_of_august_is_the_last_of_february(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        ann = make_member(session, joined_at=at("2025-08-30T20:00")).id  # 31 August in Shanghai
    joined = {"kind": "key_date", "date": "joined", "every_months": 6, "at": "09:00"}
    walker.start(journey(send("thanks"), trigger=joined))
    for day in ("2026-08-30", "2027-02-27"):
        walker.now = at(f"{day}T00:00")
        walker.advance_clock(walker.now + 3 * DAY)
    moments = [moment for _, moment in walker.heard(ann)]
    assert moments == [at("2026-08-31T01:00"), at("2027-02-28T01:00")]
    assert [each.occurrence for each in walker.enrolments()] == ["joined-2026-08", "joined-2027-02"]


def test_an_event_lets_in_once_even_when_it_is_told_late(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        ann, bob = make_member(session).id, make_member(session).id
    add_order(walker, ann, walker.now - timedelta(minutes=1))
    walker.start(journey(send("thanks"), trigger=ORDERED))
    ordered_at = walker.now + timedelta(hours=1)
    add_order(walker, bob, ordered_at)
    walker.advance_clock(walker.now + timedelta(hours=3))
    assert walker.heard(ann) == []
    assert [words for words, _ in walker.heard(bob)] == ["thanks"]
    add_order(walker, ann, ordered_at)
    walker.advance_clock(walker.now + timedelta(hours=1))
    assert len(walker.heard(ann)) == 1
    entered = {each.member_id: each.enrolled_at for each in walker.enrolments()}
    assert entered == {ann: ordered_at, bob: ordered_at}


def test_re_entry_follows_its_rule(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        ann = make_member(session).id
    rules = {
        "once": {"rule": "once"},
        "after": {"rule": "after_days", "days": 10},
        "each": {"rule": "each_occurrence"},
    }
    for name, rule in rules.items():
        walker.start(journey(wait("pause", days=40), trigger=ORDERED, name=name, reentry=rule))
    start = walker.now
    for hours in (1, 2, 24 * 5, 24 * 12):
        add_order(walker, ann, start + timedelta(hours=hours))
        walker.advance_clock(start + timedelta(hours=hours))
    names = {walker.journey(each.journey_id).name for each in walker.enrolments()}
    assert names == set(rules)
    counts = [sum(walker.journey(each.journey_id).name == name for each in walker.enrolments()) for name in rules]
    assert counts == [1, 2, 4]


def test_coming_into_a_stage_lets_in_those_who_fit(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        gold, silver = make_member(session, tier="gold").id, make_member(session, tier="silver").id
        other = make_member(session, tier="gold").id
    entry = {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}
    walker.start(journey(send("miss-you"), trigger={"kind": "stage_entered", "stages": ["dormant"], "entry": entry}))
    midnight = at("2026-06-01T16:00")
    walker.advance_clock(midnight)
    with unit_of_work(walker.sessions) as session:
        for member_id, stage in ((gold, "dormant"), (silver, "dormant"), (other, "vip")):
            session.add(StageChange(member_id=member_id, from_stage="active", to_stage=stage, changed_at=midnight))
    walker.advance_clock(at("2026-06-02T04:00"))
    assert walker.heard(gold) == [("miss-you", at("2026-06-02T00:00"))]
    assert walker.heard(silver) == walker.heard(other) == []


def test_an_audience_enters_at_the_start_and_the_journey_ends_with_the_last_of_it(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        members = [make_member(session, tier="gold").id for _ in range(3)]
        make_member(session, tier="silver")
    audience = {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}
    running = walker.start(
        journey(send("a"), wait("w", days=1), send("b"), trigger={"kind": "audience_at_launch", "definition": audience})
    )
    assert [each.member_id for each in walker.enrolments()] == members
    walker.advance_clock(walker.now + 2 * DAY)
    assert {each.state for each in walker.enrolments()} == {EnrolmentState.COMPLETED}
    assert walker.journey(running).state == "ended"


def test_a_manager_lets_in_his_own_members_by_hand(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        csm = make_actor(session, Role.CSM)
        mine, theirs = make_member(session, owner_id=csm.account_id).id, make_member(session).id
    running = walker.start(journey(send("hello")))
    for _ in range(2):
        with unit_of_work(walker.sessions) as session:
            entered = service.enrol_by_hand(
                session,
                running,
                member_ids=[mine, theirs, 999],
                actor=csm,
                request_id="the same call",
                now=walker.now,
                catalog=CATALOG,
            )
    assert [each.member_id for each in walker.enrolments()] == [mine]
    assert (entered.asked, entered.entered, entered.refused) == (3, 0, 3)
