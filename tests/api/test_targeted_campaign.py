"""The scenarios' cases A-1 and D-2 over HTTP: a real mail server, a real gateway, and a clock that is walked.

Ten platinum members without an order in 30 days, two with one, one gold member; everything that is sent leaves the
process, and everything that members do comes back over their links.
"""

import csv
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.bootstrap import Nurture, bootstrap
from crm.access.models import Role
from crm.access.service import create_account
from crm.catalog import CATALOG
from crm.channels import SENDABLE_CHANNELS, Channel
from crm.database import unit_of_work
from crm.journeys.engine import run_due
from crm.outreach.channels.signing import sign
from crm.settings import Settings
from crm.workspace import Workspace
from tests.api.talking import Talk
from tests.builders import make_member, make_order
from tests.crm.outreach.test_machine_signs import BROWSER
from tests.gateway import SECRET, GatewayServer, gateway
from tests.mail_server import MailServer, mail_server

PASSWORD = "a long enough password"
PUBLIC = "https://post.example.com"
SHOP = "https://shop.example/tea"
PLATINUM_WITHOUT_ORDERS = {
    "all": [
        {"field": "tier", "op": "in", "value": ["platinum"]},
        {"field": "orders.count", "op": "=", "value": 0, "window_days": 30},
    ]
}
MONDAY = datetime.fromisoformat("2026-06-01T09:00:00+08:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-06-{text}:00+08:00")


@dataclass
class WalkedClock:
    moment: datetime

    def now(self) -> datetime:
        return self.moment


@dataclass
class Town:
    """The product with its surroundings, and who works there."""

    nurture: Nurture
    clock: WalkedClock
    mails: MailServer
    gateway: GatewayServer
    clients: dict[str, TestClient]
    dormant: list[int] = field(default_factory=list)
    """Platinum members without an order in 30 days."""

    def walk(self, to: datetime) -> None:
        """Everything that is due on the way is done, each at its own moment."""
        since, self.clock.moment = self.clock.moment, to
        run_due(
            self.nurture.sessions,
            to,
            self.nurture.adapters,
            catalog=CATALOG,
            links=self.nurture.links,
            since=since,
            worker="test",
        )

    def get(self, path: str, person: str = "mia") -> Any:
        return self.clients[person].get(path).raise_for_status().json()

    def launch(self, **brief: Any) -> int:
        """A campaign, drafted and submitted by Mia and approved by Grace."""
        drafted = self.clients["mia"].post(
            "/api/campaigns", json={"holdout_pct": 0, "holdout_waiver": "a test"} | brief
        )
        campaign_id: int = drafted.raise_for_status().json()["id"]
        asked = self.clients["mia"].post(f"/api/campaigns/{campaign_id}/submit", json={}).raise_for_status().json()
        decision = {"fingerprint": asked["fingerprint"]}
        self.clients["grace"].post(f"/api/campaigns/{campaign_id}/approve", json=decision).raise_for_status()
        return campaign_id

    def texts(self, channel: str) -> list[dict[str, Any]]:
        """What the gateway was handed for a channel."""
        return [message for request in self.gateway.requests if (message := request.message)["channel"] == channel]

    def receive(self, channel: str) -> None:
        """The gateway says of everything that it has on a channel that it arrived."""
        for message in self.texts(channel):
            body = json.dumps({"idempotency_key": message["idempotency_key"], "status": "delivered"}).encode()
            timestamp = int(time.time())
            headers = {"Nurture-Timestamp": str(timestamp), "Nurture-Signature": sign(SECRET, timestamp, body)}
            self.clients["member"].post("/api/receipts", content=body, headers=headers).raise_for_status()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with mail_server() as mails, gateway() as provider:
        to_gateway = f"webhook+http://:{SECRET.replace(' ', '%20')}@127.0.0.1:{provider.port}/send#keys=honoured"
        settings = Settings(
            home=tmp_path,
            public_url=PUBLIC,
            channel_email=f"smtp://127.0.0.1:{mails.port}?from=care@shop.example&tls=none",
            channel_sms=to_gateway,
            channel_push=f"{to_gateway}&receipts=no",
        )
        clock = WalkedClock(MONDAY)
        nurture = bootstrap(settings, clock=clock)
        app = create_app(nurture, internal_token="t", with_pages=False)
        town = Town(nurture, clock, mails, provider, {})
        settle(town)
        for name in ("mia", "grace", "li"):
            town.clients[name] = TestClient(app)
            town.clients[name].post("/api/session", json={"username": name, "password": PASSWORD}).raise_for_status()
        town.clients["member"] = TestClient(app, headers={"user-agent": BROWSER}, follow_redirects=False)
        yield town
        for client in town.clients.values():
            client.close()
        nurture.close()


def settle(town: Town) -> None:
    with unit_of_work(town.nurture.sessions) as session:
        session.add(
            Workspace(id=1, name="T", dataset="own", zone_name="Asia/Shanghai", currency="CNY", clock_offset_seconds=0)
        )
        roles = {"mia": Role.OPERATIONS, "grace": Role.MANAGER, "li": Role.CSM}
        people = {
            name: create_account(session, username=name, display_name=name.title(), role=role, password=PASSWORD)
            for name, role in roles.items()
        }
        for number in range(10):
            owner = people["li"].id if number < 4 else None
            member = make_member(session, name=f"Member {number}", name_local="张敏", tier="platinum", owner_id=owner)
            make_order(session, member, ordered_at=MONDAY - timedelta(days=40))
            town.dormant.append(member.id)
        for _ in range(2):
            active = make_member(session, tier="platinum")
            make_order(session, active, ordered_at=MONDAY - timedelta(days=3))
        make_member(session, tier="gold")


def tea(**changes: Any) -> dict[str, Any]:
    words = f"Hi {{{{ name }}}}, see {SHOP}. Opt out: {{{{ unsubscribe }}}}"
    copies = [{"channel": channel, "body": words} for channel in SENDABLE_CHANNELS]
    copies[0]["subject"] = "Tea"
    return {
        "name": "Tea",
        "goal": "win-back",
        "audience": PLATINUM_WITHOUT_ORDERS,
        "channels": list(SENDABLE_CHANNELS),
        "start": "2026-06-04T10:00",
        "copy_texts": copies,
    } | changes


def link(text: str, path: str) -> str:
    found = re.search(rf"{re.escape(PUBLIC)}({path}[\w-]+)", text)
    assert found is not None, text
    return found[1]


def page_of(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content())


def test_a1_a_targeted_campaign_goes_out_on_all_channels_at_its_times_and_is_watched_live(town: Town) -> None:
    put = town.clients["mia"].put
    for number, member_id in enumerate(town.dormant):
        answer = put(f"/api/members/{member_id}/contacts/sms", json={"address": f"138 1234 56{number:02}"})
        assert answer.raise_for_status().json()["is_reachable"]
    found = town.clients["mia"].post("/api/segments/query", json={"definition": PLATINUM_WITHOUT_ORDERS})
    assert found.raise_for_status().json()["count"] == len(town.dormant)

    steps = [{"key": "first"}, {"key": "reminder", "offset_days": 8, "at": "18:30", "channels": ["email", "push"]}]
    campaign = town.launch(**tea(steps=steps))
    plan = town.get(f"/api/campaigns/{campaign}/plan")
    assert (plan["audience_count"], plan["exclusions"]) == (10, [])
    assert {(day["day"], day["channel"]): day["count"] for day in plan["messages_per_day"]} == {
        ("2026-06-04", "email"): 10,
        ("2026-06-04", "sms"): 10,
        ("2026-06-04", "push"): 10,
        ("2026-06-12", "email"): 10,
        ("2026-06-12", "push"): 10,
    }

    town.walk(at("04T09:59"))
    assert (town.mails.taken, town.gateway.requests) == ([], [])
    town.walk(at("04T10:00"))
    assert len(town.mails.taken) == len(town.texts("sms")) == len(town.texts("push")) == 10
    assert {message["to"] for message in town.texts("sms")} == {f"+861381234560{number}" for number in range(10)}

    seen = monitor(town, campaign)
    assert {name: row["coverage"] for name, row in seen.items()} == {"email": 1.0, "sms": 0.0, "push": 1.0}
    town.receive("sms")
    assert monitor(town, campaign)["sms"]["coverage"] == 1.0

    town.walk(at("04T10:20"))
    clicked = town.clients["member"].get(link(page_of(town.mails.taken[0]), "/t/c/"))
    assert (clicked.status_code, clicked.headers["location"]) == (302, SHOP)
    assert town.clients["member"].get(link(town.texts("sms")[0]["text"], "/t/c/")).status_code == 302
    seen = monitor(town, campaign)
    assert {name: row["click_rate"] for name, row in seen.items()} == {"email": 0.1, "sms": 0.1, "push": 0.0}

    town.walk(at("12T18:29"))
    assert len(town.mails.taken) == 10
    town.walk(at("12T18:30"))
    assert len(town.mails.taken) == len(town.texts("push")) == 20
    assert len(town.texts("sms")) == 10
    whole = town.get(f"/api/campaigns/{campaign}/monitor")
    assert (whole["adds_up"], whole["counts"]["delivered"], whole["counts"]["planned"]) == (True, 50, 50)


def monitor(town: Town, campaign: int) -> dict[str, dict[str, Any]]:
    """What the panel shows at this moment, by channel."""
    found = town.get(f"/api/campaigns/{campaign}/monitor")
    assert found["adds_up"]
    return {row["channel"]: row for row in found["by_channel"]}


def test_d2_members_who_opted_out_of_sms_get_none_and_the_log_says_how_many_and_who(town: Town) -> None:
    first = town.launch(**tea(channels=["sms", "email"]))
    town.walk(at("04T10:00"))
    assert len(town.texts("sms")) == 10
    opted_out = [opt_out_by_link(town, text) for text in town.texts("sms")[:3]]
    town.receive("sms")

    town.walk(at("10T09:00"))
    again = town.launch(**tea(name="Tea again", channels=["sms", "email"], start="2026-06-12T10:00"))
    town.walk(at("12T10:00"))

    reached = Counter(message["to"] for message in town.texts("sms"))
    assert sorted(reached.values()) == [1] * 3 + [2] * 7
    assert {address for address, times in reached.items() if times == 1} == set(opted_out)
    assert len(town.mails.taken) == 20

    log = town.get(f"/api/campaigns/{again}/exclusions")
    assert (log["messages"], log["members"]) == (3, 3)
    assert log["by_reason"] == [{"reason": "no_consent", "messages": 3, "members": 3}]
    assert log["rows"] == [{"reason": "no_consent", "channel": "sms", "step": "main", "messages": 3, "members": 3}]
    assert town.get(f"/api/campaigns/{again}/monitor")["exclusions"] == [
        {"channel": "sms", "reason": "no_consent", "count": 3}
    ]
    assert town.get(f"/api/campaigns/{first}/exclusions")["messages"] == 0

    who = town.get(f"/api/campaigns/{again}/exclusions/members?reason=no_consent&limit=2")
    more = town.get(f"/api/campaigns/{again}/exclusions/members?limit=2&after={who['next_cursor']}")
    assert (who["total"], [item["member_id"] for item in who["items"] + more["items"]]) == (3, town.dormant[:3])
    assert "example.com" not in json.dumps(who)
    said = Talk.opened(town.clients["mia"]).say('how many members were excluded from "Tea again" and why?').answer
    assert "3" in said
    assert "no consent or unsubscribed" in said


def opt_out_by_link(town: Town, text: dict[str, Any]) -> str:
    """The member follows the link in his text and presses the button; where he was reached."""
    page = link(text["text"], "/u/")
    assert town.clients["member"].get(page).status_code == 200
    town.clients["member"].post(page, data={"stop": "channel"}).raise_for_status()
    return str(text["to"])


def test_the_exclusion_log_is_exported_by_those_who_may_and_a_csm_reads_of_his_own(town: Town) -> None:
    mia, li = town.clients["mia"], town.clients["li"]
    for member_id in (town.dormant[0], town.dormant[9]):
        mia.put(f"/api/members/{member_id}/suppression", json={"reason": "asked us to stop"}).raise_for_status()
    campaign = town.launch(**tea(channels=["email"]))
    town.walk(at("04T10:00"))
    path = f"/api/campaigns/{campaign}/exclusions"
    own = town.get(f"{path}/members", "li")
    assert [item["member_id"] for item in own["items"]] == [town.dormant[0]]
    assert town.get(path, "li")["messages"] == 2
    assert li.get(f"{path}/members.csv").status_code == 403

    exported = mia.get(f"{path}/members.csv?reason=suppressed").raise_for_status()
    assert exported.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(StringIO(exported.content.decode("utf-8-sig"))))
    assert [(row["name"], row["name_local"], row["reason"], row["channel"]) for row in rows] == [
        ("Member 0", "张敏", "suppressed", "email"),
        ("Member 9", "张敏", "suppressed", "email"),
    ]
    for nonsense in ("reason=nonsense", "channel=pigeon", f"after={10**30}", "limit=0"):
        assert mia.get(f"{path}/members?{nonsense}").status_code == 422, nonsense
    assert mia.get(f"{path}/members.csv?channel={Channel.SMS}").raise_for_status().content.count(b"\r\n") == 1
