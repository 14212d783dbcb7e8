"""One small world in each state that a campaign can be in, with a thread that speaks of it, copied for each case.

The state of the database is the judge: what a sentence did is the difference of all rows before and after it.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from agent.ask import say_in
from agent.model_calls import ChosenModel
from agent.planner.model import PlannerChatModel
from agent.runtime import Assistant
from crm.access.actor import Actor
from crm.access.models import Account, Role
from crm.access.service import actor_for
from crm.campaigns import service as campaigns
from crm.campaigns.brief import parse_brief
from crm.campaigns.subscribers import builders_on
from crm.catalog import CATALOG
from crm.clock import FixedClock
from crm.database import Sessions, open_engine, open_sessions, read_only, unit_of_work
from crm.journeys import service as journeys
from crm.journeys.engine import run_due
from crm.journeys.templates import TemplateChoices, from_template
from crm.loyalty.models import OfferKind
from crm.members.models import Member
from crm.outreach.channels import default_adapters
from crm.segments import saved
from crm.workspace import Workspace
from tests.builders import make_account, make_member, make_order
from tests.decisions import asked_of, asked_of_journey
from tests.journeys import make_coupon

MONDAY_NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)
NAMES = {"en": "Autumn Leaves", "zh": "夏日清凉"}
WATCHED = (
    "campaigns",
    "journeys",
    "segments",
    "segment_versions",
    "approvals",
    "consents",
    "messages",
    "enrolments",
)
SOURCES = {
    "campaigns": "(SELECT c.id, c.brief, c.plan, j.* FROM campaigns c JOIN journeys j ON j.id = c.journey_id) AS each",
    "journeys": "(SELECT * FROM journeys WHERE kind = 'journey') AS each",
}
"""A campaign with the journey that it stands on is one thing; journeys are the others."""
BRIEF: dict[str, Any] = {
    "goal": "win-back",
    "audience": {
        "all": [
            {"field": "tier", "op": "in", "value": ["gold"]},
            {"field": "city", "op": "in", "value": ["Shanghai"]},
        ]
    },
    "channels": ["email", "sms"],
    "offers": [{"kind": "amount_off", "value": 20}],
    "start": "2026-06-05T10:00",
    "end": "2026-08-31",
    "holdout_pct": 10,
    "budget_cents": 330_000,
}


@dataclass(frozen=True)
class Told:
    """What one sentence led to."""

    turn: dict[str, Any]
    before: Mapping[str, list[dict[str, Any]]]
    after: Mapping[str, list[dict[str, Any]]]

    @property
    def changed_tables(self) -> list[str]:
        return [name for name in self.before if self.before[name] != self.after[name]]

    @property
    def asks(self) -> bool:
        pending = self.turn["pending"]
        return self.turn["asked"] is not None or (pending is not None and pending["kind"] == "confirmation")

    def brief(self, moment: str, name: str) -> dict[str, Any]:
        rows = self.before if moment == "before" else self.after
        return next(json.loads(row["brief"]) for row in rows["campaigns"] if row["name"] == name)

    @property
    def brief_changes(self) -> dict[str, Any]:
        """The fields of campaigns' briefs that are not what they were, with their new values."""
        changes: dict[str, Any] = {}
        old = {row["id"]: row for row in self.before["campaigns"]}
        for row in self.after["campaigns"]:
            if row["id"] in old:
                was, now = json.loads(old[row["id"]]["brief"]), json.loads(row["brief"])
                changes |= {key: now[key] for key in now if now[key] != was.get(key)}
        return changes

    @property
    def new_campaigns(self) -> list[dict[str, Any]]:
        known = {row["id"] for row in self.before["campaigns"]}
        return [row for row in self.after["campaigns"] if row["id"] not in known]


@dataclass
class ActsWorld:
    """Makes each state once and copies it for each case."""

    folder: Path
    empty: Path
    """A migrated, empty SQLite file."""
    _made: dict[tuple[str, str], Path] = field(default_factory=dict)
    _spoken: dict[tuple[str, str, str], tuple[Path, str]] = field(default_factory=dict)
    _cases: int = 0

    async def tell(self, case: Mapping[str, Any], name: str, *more: str) -> Told:
        """Say a case's text (and what follows) in a thread that spoke of the campaign before."""
        words = [case["text"].replace("{campaign}", name), *more]
        base, thread = await self._base(case["state"], case["person"], name)
        self._cases += 1
        home = self.folder / f"case{self._cases}"
        shutil.copytree(base, home)
        try:
            with opened(home) as sessions:
                assistant = _assistant(sessions, home)
                try:
                    actor = _actor(sessions, case["person"])
                    before = rows_of(sessions)
                    for each in words:
                        turn = await say_in(assistant, actor, thread, each)
                    return Told(turn, before, rows_of(sessions))
                finally:
                    await assistant.aclose()
        finally:
            shutil.rmtree(home)

    async def _base(self, state: str, person: str, name: str) -> tuple[Path, str]:
        key = (state, person, name)
        if key not in self._spoken:
            if (state, name) not in self._made:
                home = self.folder / f"{state}{len(self._made)}"
                home.mkdir()
                shutil.copy(self.empty, home / "nurture.sqlite")
                with opened(home) as sessions:
                    _make(sessions, state, name)
                self._made[state, name] = home
            home = self.folder / f"spoken{len(self._spoken)}"
            shutil.copytree(self._made[state, name], home)
            with opened(home) as sessions:
                assistant, actor = _assistant(sessions, home), _actor(sessions, person)
                thread = await assistant.open_thread(actor)
                if state.startswith("journey_"):
                    await say_in(assistant, actor, thread, f'show me the journey "{name}"')
                elif state != "none":
                    await say_in(assistant, actor, thread, f"show me {name}")
                await assistant.aclose()
            self._spoken[key] = (home, thread)
        return self._spoken[key]


@contextmanager
def opened(home: Path) -> Iterator[Sessions]:
    engine = open_engine(f"sqlite:///{home / 'nurture.sqlite'}")
    try:
        yield open_sessions(engine)
    finally:
        engine.dispose()


def rows_of(sessions: Sessions) -> dict[str, list[dict[str, Any]]]:
    with read_only(sessions) as session:
        found: dict[str, list[dict[str, Any]]] = {}
        for table in WATCHED:
            rows = session.execute(text(f"SELECT * FROM {SOURCES.get(table, table)} ORDER BY 1, 2")).mappings()
            found[table] = [dict(row) for row in rows]
        return found


def _assistant(sessions: Sessions, home: Path) -> Assistant:
    model = ChosenModel(PlannerChatModel(), is_planner=True)
    return Assistant(sessions=sessions, model=model, clock=FixedClock(MONDAY_NOON), home=home)


def _actor(sessions: Sessions, person: str) -> Actor:
    with read_only(sessions) as session:
        return actor_for(session.query(Account).filter_by(username=person).one())


def _make(sessions: Sessions, state: str, name: str) -> None:
    with unit_of_work(sessions) as session:
        session.add(
            Workspace(
                id=1, name="Test", dataset="demo", zone_name="Asia/Shanghai", currency="CNY", clock_offset_seconds=0
            )
        )
        people = {
            "mia": make_account(session, username="mia", display_name="Mia", role=Role.OPERATIONS),
            "leo": make_account(session, username="leo", display_name="Leo", role=Role.OPERATIONS),
            "grace": make_account(session, username="grace", display_name="Grace", role=Role.MANAGER),
            "henry": make_account(session, username="henry", display_name="Henry", role=Role.MANAGER),
            "tom": make_account(session, username="tom", display_name="Tom", role=Role.CSM),
        }
        _members(session, people["tom"].id)
        for percent in (10, 12, 15, 20):
            make_coupon(session, f"P{percent}", kind=OfferKind.PERCENT_OFF, value=percent, stock_total=100)
        for amount in (20, 35):
            make_coupon(session, f"A{amount}", value=amount * 100, stock_total=100)
        actors = {key: actor_for(account) for key, account in people.items()}
    with unit_of_work(sessions) as session:
        other = parse_brief({**BRIEF, "name": "Noodle Night", "channels": ["push"]})
        campaigns.create_draft(
            session, brief=other, actor=actors["leo"], request_id="other", now=MONDAY_NOON, catalog=CATALOG
        )
        saved.put_segment(
            session,
            name="Quiet Silver",
            changes=saved.SegmentChanges(definition={"all": [{"field": "tier", "op": "in", "value": ["silver"]}]}),
            actor=actors["leo"],
            now=MONDAY_NOON,
            catalog=CATALOG,
            subscribers=builders_on,
        )
    if state.startswith("journey_"):
        _make_journey(sessions, state, name, actors)
    elif state != "none":
        _make_campaign(sessions, state, name, actors)


def _make_journey(sessions: Sessions, state: str, name: str, actors: Mapping[str, Actor]) -> None:
    given: dict[str, Any] = {"now": MONDAY_NOON, "catalog": CATALOG}
    spec = from_template("welcome", TemplateChoices(name=name)).model_dump(mode="json")
    with unit_of_work(sessions) as session:
        journey = journeys.save_draft(session, data=spec, actor=actors["mia"], request_id="journey", **given).id
        if state == "journey_running":
            journeys.submit(session, journey, actor=actors["mia"], **given)
            asked = asked_of_journey(session, journey)
            journeys.approve(session, journey, fingerprint=asked, actor=actors["henry"], now=MONDAY_NOON)
            journeys.activate(session, journey, actor=actors["mia"], **given)


def _make_campaign(sessions: Sessions, state: str, name: str, actors: Mapping[str, Actor]) -> None:
    order = ("draft", "awaiting_approval", "scheduled", "running")
    steps = order.index(state)
    given = {**BRIEF, "name": name} | ({"start": None} if state == "running" else {})
    with unit_of_work(sessions) as session:
        campaign = campaigns.create_draft(
            session,
            brief=parse_brief(given),
            actor=actors["mia"],
            request_id="made",
            now=MONDAY_NOON - timedelta(hours=3),
            catalog=CATALOG,
        ).id
        if steps >= 1:
            campaigns.submit(
                session, campaign, actor=actors["mia"], now=MONDAY_NOON - timedelta(hours=2), catalog=CATALOG
            )
        if steps >= 2:
            asked = asked_of(session, campaign)
            campaigns.approve(
                session, campaign, fingerprint=asked, actor=actors["henry"], now=MONDAY_NOON - timedelta(hours=1)
            )
    if steps >= 3:
        run_due(sessions, MONDAY_NOON - timedelta(minutes=30), default_adapters(), catalog=CATALOG)


def _members(session: Any, csm_id: int) -> None:
    """Every tier in two cities, who bought, bought once, or never did; some of them Tom's."""
    for city in ("Shanghai", "Beijing"):
        for tier in ("bronze", "silver", "gold", "platinum"):
            for number in range(3):
                values: dict[str, Any] = {"tier": tier, "city": city, "name": f"{city} {tier} {number}"}
                if number == 1:
                    values["owner_id"] = csm_id
                member: Member = make_member(session, **values)
                for order in range(number):
                    days = 200 if tier in ("bronze", "gold") else 10 + order
                    make_order(session, member, ordered_at=MONDAY_NOON - timedelta(days=days))
    make_member(session, name="Mr Zhou", tier="gold", city="Shanghai", owner_id=csm_id, gender="male")
    make_member(session, name="Ms Chen", tier="platinum", city="Shanghai", owner_id=csm_id)
