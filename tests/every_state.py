"""Campaigns and journeys in every state, each for a member of its own."""

from datetime import UTC, datetime, timedelta
from typing import Any

from crm.campaigns import service
from crm.campaigns.brief import parse_brief
from crm.catalog import CATALOG
from crm.database import unit_of_work
from crm.journeys import service as journeys
from crm.journeys.engine import run_due
from tests.builders import make_member
from tests.walks import Json, Walker, journey, send, wait

START = datetime(2026, 6, 5, 2, 0, tzinfo=UTC)
CAMPAIGNS = ("draft", "awaiting", "scheduled", "held", "paused early", "paused", "running", "completed", "cancelled")
JOURNEYS = ("draft", "awaiting", "scheduled", "paused", "running", "completed", "cancelled")


def lives_in(city: str) -> Json:
    return {"field": "city", "op": "in", "value": [city]}


def run(walker: Walker, until: datetime) -> None:
    run_due(walker.sessions, until, walker.provider.on_all_channels(), catalog=CATALOG, since=walker.now)
    walker.now = until


def make_campaign(walker: Walker, what: str) -> int:
    """As far as submitted or approved; each is for a member of its own."""
    ahead = what in ("awaiting", "scheduled", "held", "paused early")
    brief = {
        "name": f"Campaign {what}",
        "audience": lives_in(f"C {what}"),
        "channels": ["email"],
        "steps": [{"key": "first"}, {"key": "second", "offset_days": 2}],
        "start": "2026-06-05T10:00" if ahead else None,
        "holdout_pct": 0,
        "attribution_window_days": 1,
    }
    with unit_of_work(walker.sessions) as session:
        make_member(session, city=f"C {what}")
        made = service.create_draft(
            session, brief=parse_brief(brief), actor=walker.author, request_id=what, now=walker.now, catalog=CATALOG
        )
        if what != "draft":
            asked = service.submit(session, made.id, actor=walker.author, now=walker.now, catalog=CATALOG)
            if what != "awaiting":
                shown = asked.fingerprint
                service.approve(session, made.id, fingerprint=shown, actor=walker.approver, now=walker.now)
        return made.id


def make_journey(walker: Walker, what: str) -> int:
    trigger = {"kind": "audience_at_launch", "definition": lives_in(f"J {what}")}
    data = journey(send("hello"), wait("rest", days=2), send("bye"), trigger=trigger, name=f"Journey {what}")
    with unit_of_work(walker.sessions) as session:
        make_member(session, city=f"J {what}")
    if what not in ("draft", "awaiting", "scheduled"):
        return walker.start(data)
    with unit_of_work(walker.sessions) as session:
        made = journeys.save_draft(
            session, data=data, actor=walker.author, request_id=f"j {what}", now=walker.now, catalog=CATALOG
        )
        if what != "draft":
            asked = journeys.submit(session, made.id, actor=walker.author, now=walker.now, catalog=CATALOG)
            if what == "scheduled":
                shown = asked.fingerprint
                journeys.approve(session, made.id, fingerprint=shown, actor=walker.approver, now=walker.now)
        return made.id


def make_world(walker: Walker) -> tuple[dict[str, int], dict[str, int]]:
    """The completed ones first, so that they are over when the others begin."""
    campaigns, walks = {}, {}
    campaigns["completed"], walks["completed"] = make_campaign(walker, "completed"), make_journey(walker, "completed")
    run(walker, walker.now + timedelta(days=3, hours=1))
    campaigns |= {what: make_campaign(walker, what) for what in CAMPAIGNS if what != "completed"}
    walks |= {what: make_journey(walker, what) for what in JOURNEYS if what != "completed"}
    run(walker, walker.now + timedelta(minutes=1))
    with unit_of_work(walker.sessions) as session:
        given: dict[str, Any] = {"actor": walker.author, "now": walker.now}
        for what in ("paused early", "paused"):
            service.pause(session, campaigns[what], **given)
        service.cancel(session, campaigns["cancelled"], **given)
        journeys.pause(session, walks["paused"], **given)
        journeys.end(session, walks["cancelled"], **given)
    return campaigns, walks
