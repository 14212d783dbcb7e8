"""The figures of a journey count people; entries of their records are told apart (decision 17)."""

import pytest

from crm.database import read_only, unit_of_work
from crm.journeys.comparison import JourneyFigures, journey_figures
from crm.journeys.overview import summarise
from crm.outreach.models import Arm, Enrolment, JourneyState
from tests.persons import PERSONS, people, records
from tests.walks import Walker, journey, send, wait

EVERYBODY = {"kind": "audience_at_launch", "definition": {"all": []}}


def figures(walker: Walker, journey_id: int) -> JourneyFigures:
    with read_only(walker.sessions) as session:
        return journey_figures(session, [journey_id], walker.now)


@pytest.mark.parametrize("kind", PERSONS)
def test_a_person_counts_once_whatever_their_records(walker: Walker, kind: str) -> None:
    with unit_of_work(walker.sessions) as session:
        made = people(session, kind, 20)
    journey_id = walker.start(
        journey(wait("rest", days=1), send("hello"), trigger=EVERYBODY, holdout_share=0.5, name=kind)
    )
    found = figures(walker, journey_id)
    held_out = {row.member_id for row in walker.enrolments(Enrolment.arm == Arm.HOLDOUT)}
    assert len(held_out) > 0
    assert (found.entered, found.under_way) == (20, 20)
    assert found.held_out == sum(not held_out.isdisjoint(person) for person in made)
    assert found.entries == sum(len(person) for person in made)
    with read_only(walker.sessions) as session:
        (line,) = summarise(session, actor=walker.author)
    assert (line.entered, line.under_way, line.left) == (20, 20, 0)


def test_whoever_enters_again_or_in_another_version_is_one_person_still(walker: Walker) -> None:
    with unit_of_work(walker.sessions) as session:
        made = people(session, "two records with one mailbox", 3)
        stranger = records(session, {})[0]
    again = {"rule": "each_occurrence"}
    first = walker.start(journey(send("hello"), reentry=again))
    for _ in range(2):
        walker.enter(first, *[one for one, _ in made], stranger)
        walker.advance()
    found = figures(walker, first)
    assert (found.entered, found.under_way, found.entries) == (4, 0, 8)
    second = walker.start(journey(wait("rest", days=1), send("hello again"), reentry=again))
    walker.enter(second, *[other for _, other in made])
    assert (figures(walker, second).entered, figures(walker, second).under_way) == (3, 3)
    with read_only(walker.sessions) as session:
        (line,) = summarise(session, actor=walker.author)
    assert (line.state, line.entered, line.under_way, line.left) == (JourneyState.RUNNING, 4, 3, 1)
