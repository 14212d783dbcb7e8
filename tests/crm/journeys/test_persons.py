"""A person with several records is drawn once by a campaign: one arm, one variant."""

from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.channels import Channel
from crm.database import Sessions
from crm.journeys.schedulers.planned.launch import launch_planned
from crm.members.models import Member
from crm.outreach.models import Arm, Enrolment, Message
from crm.outreach.template import Wording
from tests.conftest import examples
from tests.journeys import journey_spec, launch, send_step, setting
from tests.persons import GRAPHS, PERSONS, Addresses, Reading, email, people, phone, records, without_push

AB_TEST = tuple(Wording(channel=Channel.EMAIL, variant=name, body=f"{name}: hello {{{{ name }}}}") for name in "AB")


def arms(session: Session, journey_id: int) -> dict[int, Arm]:
    rows = session.execute(select(Enrolment.member_id, Enrolment.arm).where(Enrolment.journey_id == journey_id))
    return dict(rows.all())


@pytest.mark.parametrize("kind", PERSONS)
def test_a_campaign_holds_out_whole_persons_and_as_many_as_it_says(session: Session, now: datetime, kind: str) -> None:
    made = people(session, kind, 60)
    started = launch(session, journey_spec(send_step(wordings=AB_TEST), holdout_share=0.5), now)
    drawn = arms(session, started.id)
    by_person = [{drawn[member_id] for member_id in person} for person in made]
    assert all(len(each) == 1 for each in by_person)
    assert by_person.count({Arm.HOLDOUT}) == 30
    variants = dict(session.execute(select(Message.member_id, Message.variant)).all())
    assert all(len({variants[member_id] for member_id in person}) == 1 for person in made)
    assert {"A", "B"} == set(variants.values())


def test_two_hundred_persons_with_two_records_each_are_never_in_both_arms(session: Session, now: datetime) -> None:
    made = people(session, "two records with one mailbox", 200)
    started = launch(session, journey_spec(holdout_share=0.5), now)
    drawn = arms(session, started.id)
    assert sum(drawn[one] is not drawn[other] for one, other in made) == 0
    assert sum(drawn[one] is Arm.HOLDOUT for one, _ in made) == 100


def test_a_device_that_two_people_use_joins_nobody(session: Session, now: datetime) -> None:
    for n in range(40):
        records(session, {Channel.PUSH: f"token{n}"} | email(f"a{n}"), {Channel.PUSH: f"token{n}"} | email(f"b{n}"))
    started = launch(session, journey_spec(holdout_share=0.5), now)
    persons = select(Enrolment.person_id).where(Enrolment.journey_id == started.id).distinct()
    assert len(session.scalars(persons).all()) == 80


def test_records_that_do_not_take_part_join_nobody(session: Session, now: datetime) -> None:
    one, _between, other = records(session, email("a"), email("a") | phone("1"), phone("1"))
    ends = select(Member.id).where(Member.id.in_([one, other]))
    started = launch_planned(session, journey_spec(), ends, setting(session, now), now=now)
    persons = select(Enrolment.person_id).where(Enrolment.journey_id == started.id)
    assert set(session.scalars(persons)) == {one, other}


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=GRAPHS, data=st.data())
def test_a_campaign_joins_what_a_walk_from_record_to_record_joins(
    sessions: Sessions, now: datetime, graph: list[Addresses], data: st.DataObject
) -> None:
    with sessions() as session:
        ids = records(session, *graph)
        taking = data.draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
        everybody = select(Member.id).where(Member.id.in_(taking))
        started = launch_planned(session, journey_spec(holdout_share=0.4), everybody, setting(session, now), now=now)
        found = dict(
            session.execute(
                select(Enrolment.member_id, Enrolment.person_id).where(Enrolment.journey_id == started.id)
            ).all()
        )
        reading, among = Reading(without_push(graph)), sorted(ids.index(each) for each in taking)
        assert found == {ids[n]: ids[reading.person_of(n, among)] for n in among}
        session.rollback()
