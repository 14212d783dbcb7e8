"""The lifecycle scenario's test cases A-1 and B-1, over the API, with the demo's clock walked through them."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from api.app import create_app
from api.bootstrap import Nurture, bootstrap
from crm.access.service import find_actor
from crm.activity.models import Product
from crm.channels import Channel
from crm.database import read_only, unit_of_work
from crm.datasets.people import DEMO_PASSWORD
from crm.members.models import Member
from crm.outreach.models import MessageState, OutboxItem
from tests.api.conftest import settings_of
from tests.builders import make_member

SignIn = Callable[[str], TestClient]


@pytest.fixture
def nurture(home: Path) -> Iterator[Nurture]:
    opened = bootstrap(settings_of(home))
    yield opened
    opened.close()


@pytest.fixture
def sign_in(nurture: Nurture) -> SignIn:
    app = create_app(nurture, internal_token="internal", with_pages=False)

    def client(username: str) -> TestClient:
        signed_in = TestClient(app)
        signed_in.post("/api/session", json={"username": username, "password": DEMO_PASSWORD}).raise_for_status()
        return signed_in

    return client


def start(mia: TestClient, grace: TestClient, template: str, choices: dict[str, Any]) -> str:
    """Made from a template and submitted by Mia, approved and started by Grace; its name."""
    spec = mia.post(f"/api/journeys/templates/{template}", json={**choices, "holdout_share": 0}).json()
    drafted = mia.post("/api/journeys", json=spec)
    assert drafted.status_code == 201, drafted.text
    one = f"/api/journeys/{drafted.json()['id']}"
    asked = mia.post(f"{one}/submit").raise_for_status().json()["approval"]["fingerprint"]
    grace.post(f"{one}/approve", json={"fingerprint": asked}).raise_for_status()
    grace.post(f"{one}/start").raise_for_status()
    name: str = spec["name"]
    return name


def walk(mia: TestClient, to: datetime) -> None:
    mia.post("/api/workspace/clock", json={"at": to.isoformat()}).raise_for_status()


def way(mia: TestClient, journey: str, member: Member) -> dict[str, Any]:
    (found,) = mia.get(f"/api/journeys/{journey}/members/{member.id}").json()
    return dict(found)


def step(mia: TestClient, journey: str, key: str) -> dict[str, Any]:
    return next(each for each in mia.get(f"/api/journeys/{journey}").json()["steps"] if each["key"] == key)


def newest_message(nurture: Nurture, member: Member) -> OutboxItem:
    with read_only(nurture.sessions) as session:
        query = select(OutboxItem).where(OutboxItem.member_id == member.id).order_by(OutboxItem.id.desc()).limit(1)
        return session.scalars(query).one()


def test_a1_a_new_member_is_welcomed_with_goods_that_suit_him(nurture: Nurture, sign_in: SignIn) -> None:
    mia, grace = sign_in("mia"), sign_in("grace")
    journey = start(mia, grace, "welcome", {})
    joined_at = nurture.clock.now() + timedelta(minutes=10)
    with unit_of_work(nurture.sessions) as session:
        lin = make_member(
            session,
            name="Lin Yue",
            tier="silver",
            joined_at=joined_at,
            preferred_channel=Channel.PUSH,
            tags=("tea-drinker",),
        )
        teas = set(session.scalars(select(Product.name).where(Product.category == "tea")))
    walk(mia, joined_at + timedelta(minutes=20))
    welcome = newest_message(nurture, lin)
    assert (welcome.channel, welcome.subject) == (Channel.PUSH, "Welcome, Lin Yue")
    assert "welcome as a silver member: every order earns points" in welcome.body
    assert sum(tea in welcome.body for tea in teas) >= 3
    walk(mia, joined_at + timedelta(days=4))
    assert newest_message(nurture, lin).subject == "A few things you may like"
    seen = way(mia, journey, lin)
    assert (seen["occurrence"].split("-")[0], seen["step_key"]) == ("joined", "first-order")
    figures = mia.get(f"/api/journeys/{journey}").json()["figures"]
    (push,) = [row for row in figures["channels"] if row["channel"] == "push"]
    assert figures["members_reached"] >= 1
    assert push["planned"] == sum(push[part] for part in ("delivered", "failed", "unknown", "excluded", "pending"))
    assert push["delivered"] >= 2
    assert step(mia, journey, "first-order")["standing"] >= 1


def test_b1_a_dormant_member_who_does_not_answer_becomes_a_task(nurture: Nurture, sign_in: SignIn) -> None:
    mia, grace, kevin = sign_in("mia"), sign_in("grace"), sign_in("kevin")
    journey = start(mia, grace, "reactivation", {"offer": "", "coupon_codes": [], "days": 7})
    now = nurture.clock.now()
    with unit_of_work(nurture.sessions) as session:
        quiet = make_member(
            session,
            name="Qiu Jing",
            joined_at=now - timedelta(days=58, hours=12),
            preferred_channel=Channel.SMS,
            owner_id=find_actor(session, "kevin").account_id,
        )
    walk(mia, now + timedelta(days=1))
    assert mia.get(f"/api/journeys/{journey}/members/{quiet.id}").json() == []
    walk(mia, now + timedelta(days=3))
    message = newest_message(nurture, quiet)
    assert message.channel is Channel.SMS
    assert "we would be glad to see you again" in message.body
    assert way(mia, journey, quiet)["step_key"] == "answer"
    assert kevin.get("/api/tasks").json()["total"] == 0
    walk(mia, now + timedelta(days=10))
    tasks = [line for line in kevin.get("/api/tasks").json()["lines"] if line["member_id"] == quiet.id]
    assert [task["title"] for task in tasks] == ["Win back a member who did not answer"]
    assert [each["kind"] for each in way(mia, journey, quiet)["entries"]].count("task") == 1
    reached = step(mia, journey, "answer")
    assert reached["went_to"]["ask-csm"] == sum(step(mia, journey, "ask-csm")["tasks"].values())
    states = step(mia, journey, "miss-you")["messages"]
    assert states[MessageState.DELIVERED] >= 1
    done = kevin.post(f"/api/tasks/{tasks[0]['task_id']}/complete", json={"outcome": "Will come by on Saturday."})
    assert done.json()["state"] == "done"
