"""A database from before campaigns stood on a journey: whatever state something was in, it goes on to its end."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Engine, select, text

from crm.access.approvals import approval_for
from crm.campaigns import service
from crm.campaigns.models import Campaign
from crm.catalog import CATALOG
from crm.database import Sessions, unit_of_work
from crm.errors import Forbidden
from crm.journeys import service as journeys
from crm.journeys.lookup import versions_of
from crm.migrations import alembic_config
from crm.outreach.models import Enrolment, Journey
from crm.reports.review import latest_review, review_campaign
from tests.every_state import CAMPAIGNS, JOURNEYS, START, make_world, run
from tests.walks import Walker


@pytest.fixture
def walker(sessions: Sessions, now: datetime) -> Walker:
    return Walker(sessions, now)


def to_revision(engine: Engine, revision: str) -> None:
    config = alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        step = command.upgrade if revision == "head" else command.downgrade
        step(config, revision)
    engine.dispose()


def stored(engine: Engine, table: str) -> Mapping[str, Any]:
    with engine.connect() as connection:
        return {row.name: row for row in connection.execute(text(f"SELECT * FROM {table}"))}


def standings(walker: Walker) -> dict[str, str]:
    with unit_of_work(walker.sessions) as session:
        rows = session.scalars(select(Journey)).all()
        return {row.name.lower().replace(" ", ": ", 1): row.standing.value for row in rows}


def test_what_was_under_way_in_the_version_before_goes_on_to_its_end(engine: Engine, walker: Walker) -> None:
    campaigns, walks = make_world(walker)
    with unit_of_work(walker.sessions) as session:
        review_campaign(session, campaigns["completed"], actor=walker.approver, now=walker.now)
    expected = standings(walker)
    to_revision(engine, "0017")
    # As the version before had it: the state on the campaign, and no journey before the launch.
    before, on_journeys = stored(engine, "campaigns"), stored(engine, "journeys")
    assert {name.removeprefix("Campaign "): row.state for name, row in before.items()} == {
        **{what: what for what in CAMPAIGNS},
        "awaiting": "awaiting_approval",
        "held": "scheduled",
        "paused early": "paused",
    }
    assert sorted(name for name in on_journeys if name.startswith("Campaign")) == [
        "Campaign cancelled",
        "Campaign completed",
        "Campaign paused",
        "Campaign running",
    ]
    assert on_journeys["Journey running"].state == on_journeys["Campaign running"].state == "active"
    assert on_journeys["Journey scheduled"].state == "approved"
    with engine.begin() as connection:
        held = "SET held_until = :until, held_times = 2, state_note = 'Not launched yet: x' WHERE id = :id"
        connection.execute(
            text(f"UPDATE campaigns {held}"), {"until": int(START.timestamp()) + 60, "id": campaigns["held"]}
        )
    to_revision(engine, "head")
    assert standings(walker) == expected
    assert {row.state for row in stored(engine, "campaigns").values()} == {"cancelled"}, "nothing for an old worker"

    with unit_of_work(walker.sessions) as session:
        pending = approval_for(session, "campaign", campaigns["awaiting"])
        assert pending is not None
        decision: dict[str, Any] = {"fingerprint": pending.fingerprint, "now": walker.now}
        with pytest.raises(Forbidden):
            service.approve(session, campaigns["awaiting"], actor=walker.author, **decision)
        service.approve(session, campaigns["awaiting"], actor=walker.approver, **decision)
        given: dict[str, Any] = {"actor": walker.author, "now": walker.now}
        for what in ("paused early", "paused"):
            service.resume(session, campaigns[what], **given)
        service.change_draft(session, campaigns["draft"], changes={"holdout_pct": 5}, **given, catalog=CATALOG)
        pending = approval_for(session, "journey", walks["awaiting"])
        assert pending is not None
        decision["fingerprint"] = pending.fingerprint
        journeys.approve(session, walks["awaiting"], actor=walker.approver, **decision)
        for what in ("awaiting", "scheduled"):
            journeys.activate(session, walks[what], **given, catalog=CATALOG)
        journeys.resume(session, walks["paused"], **given)
    run(walker, START + timedelta(seconds=30))
    now_standing = standings(walker)
    assert {what: now_standing[f"campaign: {what}"] for what in ("awaiting", "scheduled", "held", "paused early")} == {
        "awaiting": "running",
        "scheduled": "running",
        "held": "scheduled",
        "paused early": "running",
    }
    run(walker, START + timedelta(days=30))
    assert standings(walker) == {
        **{f"campaign: {what}": "completed" for what in CAMPAIGNS},
        **{f"journey: {what}": "completed" for what in JOURNEYS},
        "campaign: draft": "draft",
        "campaign: cancelled": "cancelled",
        "journey: draft": "draft",
        "journey: cancelled": "cancelled",
    }
    heard = {}
    with unit_of_work(walker.sessions) as session:
        for member_id, name in session.execute(
            select(Enrolment.member_id, Journey.name).join(Journey, Journey.id == Enrolment.journey_id)
        ):
            heard[name] = [words for words, _ in walker.heard(member_id)]
        assert latest_review(session, campaigns["completed"]) is not None
        assert len(versions_of(session, "Journey running")) == 1
        assert {row.journey.version for row in session.scalars(select(Campaign))} == {1}
    once = {name: len(words) for name, words in heard.items()}
    assert once == {name: 1 if name.endswith("cancelled") else 2 for name in once}
