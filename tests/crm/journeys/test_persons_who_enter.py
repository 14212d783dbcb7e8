"""Records of one person who enter a journey, together or one after the other, are one person in it."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.channels import Channel
from crm.database import unit_of_work
from crm.outreach.models import Arm, Enrolment
from tests.conftest import examples
from tests.persons import GRAPHS, PERSONS, Addresses, Reading, move_to, people, phone, records, without_push
from tests.walks import Walker, journey, send, task, wait


@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=GRAPHS, groups=st.lists(st.integers(0, 3), min_size=14, max_size=14))
def test_whoever_enters_a_journey_later_has_the_arm_of_the_first_record_of_the_person(
    walker: Walker, graph: list[Addresses], groups: list[int]
) -> None:
    walker.now += timedelta(days=1)
    data = journey(send("hello"), name=f"Graph {walker.now}", holdout_share=0.5)
    journey_id = walker.start(data)
    with unit_of_work(walker.sessions) as session:
        marked = [{channel: f"{walker.now} {a}" for channel, a in each.items()} for each in graph]
        ids = records(session, *marked)
    reading, entered, expected = Reading(without_push(graph)), list[int](), dict[int, int]()
    for group in range(4):
        entering = [n for n in range(len(graph)) if groups[n] == group]
        walker.enter(journey_id, *[ids[n] for n in entering])
        before, entered = set(entered), entered + entering
        for n in entering:
            first = reading.person_of(n, entered)
            expected[n] = expected[first] if first in before else first
    rows = walker.enrolments(Enrolment.journey_id == journey_id)
    assert {ids.index(row.member_id): ids.index(row.person_id or 0) for row in rows} == expected
    for row in rows:
        assert row.arm is next(other.arm for other in rows if other.member_id == row.person_id)


def arms_of_people(walker: Walker, journey_id: int, made: Sequence[Sequence[int]]) -> list[set[Arm]]:
    drawn = {row.member_id: row.arm for row in walker.enrolments(Enrolment.journey_id == journey_id)}
    return [{drawn[member_id] for member_id in person} for person in made]


@pytest.mark.parametrize("kind", PERSONS)
def test_a_journey_gives_all_records_of_a_person_one_arm_whenever_they_enter(walker: Walker, kind: str) -> None:
    with unit_of_work(walker.sessions) as session:
        made = people(session, kind, 60)
    journey_id = walker.start(journey(send("hello"), holdout_share=0.5))
    for place in range(len(PERSONS[kind])):
        walker.enter(journey_id, *[person[place] for person in made])
    if kind == "a chain whose middle comes last":
        # The ends entered as two persons; whoever joins them later goes with the first.
        drawn = {row.member_id: row.arm for row in walker.enrolments(Enrolment.journey_id == journey_id)}
        assert all(drawn[person[2]] is drawn[person[0]] for person in made)
        return
    by_person = arms_of_people(walker, journey_id, made)
    assert all(len(each) == 1 for each in by_person)
    assert 15 < by_person.count({Arm.HOLDOUT}) < 45


def test_an_audience_that_enters_a_journey_at_once_is_drawn_by_person(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        made = people(session, "a chain by mailbox, then by phone", 60)
    everybody = {"kind": "audience_at_launch", "definition": {"all": []}}
    journey_id = walker.start(journey(send("hello"), task("call"), trigger=everybody, holdout_share=0.5))
    assert all(len(each) == 1 for each in arms_of_people(walker, journey_id, made))


def test_a_split_and_an_ab_test_of_a_journey_go_by_person(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        made = people(session, "two records with one mailbox", 40)
    split = {"kind": "split", "key": "chance", "ways": [{"to": "left", "weight": 1}, {"to": "right", "weight": 1}]}
    words = [{"channel": "email", "variant": name, "body": "hello {{ name }}"} for name in "AB"]
    left = send("left", wordings=words, next="end")
    journey_id = walker.start(journey(split, left, send("right", wordings=words), {"kind": "end", "key": "end"}))
    for place in (0, 1):
        walker.enter(journey_id, *[person[place] for person in made])
        walker.advance()
    sent = {message.member_id: (message.step_key, message.variant) for message in walker.messages()}
    assert all(sent[one] == sent[other] for one, other in made)
    assert len(set(sent.values())) == 4


def test_an_address_that_comes_later_moves_nobody_and_joins_whoever_enters_after_it(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        made = people(session, "two records with one phone and nothing else", 30)
        strangers = [records(session, {})[0] for _ in made]
    journey_id = walker.start(journey(wait("long", days=30), send("hello"), holdout_share=0.5))
    walker.enter(journey_id, *[one for one, _ in made])
    before = {row.member_id: row.arm for row in walker.enrolments()}
    with unit_of_work(walker.sessions) as session:
        for n, stranger in enumerate(strangers):
            move_to(session, stranger, Channel.SMS, phone(str(n))[Channel.SMS])
    walker.now += timedelta(days=1)
    walker.enter(journey_id, *strangers)
    after = {row.member_id: row.arm for row in walker.enrolments()}
    assert {member_id: after[member_id] for member_id in before} == before
    assert all(after[stranger] is before[one] for stranger, (one, _) in zip(strangers, made, strict=True))


def test_a_person_keeps_the_arm_in_a_new_version_unless_nobody_is_held_back_any_more(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        made = people(session, "two records with one mailbox", 40)
    first = walker.start(journey(send("hello"), holdout_share=0.5))
    walker.enter(first, *[one for one, _ in made])
    second = walker.start(journey(send("hello again"), holdout_share=0.1))
    walker.enter(second, *[other for _, other in made])
    drawn = {row.member_id: row.arm for row in walker.enrolments()}
    assert all(drawn[one] is drawn[other] for one, other in made)
    third = walker.start(journey(send("hello all"), holdout_share=0.0, reentry={"rule": "each_occurrence"}))
    walker.enter(third, *[other for _, other in made])
    assert {row.arm for row in walker.enrolments(Enrolment.journey_id == third)} == {Arm.TREATMENT}
