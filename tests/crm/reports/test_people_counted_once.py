"""A person with two records is one in the plan, the run, the monitor and the review."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from crm.campaigns.monitor import monitor
from crm.channels import Channel
from crm.journeys.figures import orders_after_delivery
from crm.outreach.models import Arm, Enrolment
from crm.reports.queries import CampaignSpan, arm_totals
from tests.campaign_world import enrol, make_campaign, message, plain_members, plain_orders


@pytest.mark.parametrize("records", [1, 2, 3])
def test_outcomes_of_all_records_are_summed_and_the_person_counts_once(
    session: Session, now: datetime, records: int
) -> None:
    launched_at = now - timedelta(days=20)
    campaign = make_campaign(session, launched_at=launched_at)
    people = [plain_members(session, records) for _ in range(10)]
    for number, person in enumerate(people):
        arm = Arm.HOLDOUT if number < 3 else Arm.TREATMENT
        enrolments = enrol(session, campaign, person, arm)
        session.execute(update(Enrolment).where(Enrolment.id.in_(enrolments)).values(person_id=person[0]))
        if arm is Arm.TREATMENT:
            # Written to at the last record; each record orders once.
            message(session, campaign, person[-1:], enrolments[-1:])
        plain_orders(session, person, [1_000] * records, ordered_at=launched_at + timedelta(days=2))
    session.flush()
    journey_id = campaign.journey_id or 0
    span = CampaignSpan(journey_id, launched_at, launched_at + timedelta(days=14), 14, now)
    totals = arm_totals(session, span)
    assert {arm: (each.sums.n, each.sums.y, each.ordering_members) for arm, each in totals.items()} == {
        Arm.TREATMENT: (7, 7_000.0 * records, 7),
        Arm.HOLDOUT: (3, 3_000.0 * records, 3),
    }
    found = orders_after_delivery(session, [journey_id], 14, now)
    assert (found.people, found.converted, found.amount_cents) == (7, 7, 7_000 * records)
    seen = monitor(session, campaign.id, now)
    assert (seen.members, seen.people, seen.holdout, seen.members_reached) == (10 * records, 10, 3, 7)
    assert (seen.coverage, seen.conversions) == (1.0, 7)
    assert {row.channel: row.coverage for row in seen.by_channel} == {Channel.EMAIL.value: 1.0}
