"""A gateway's receipts over HTTP: signed, recent, about its own messages, and as often as it likes."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import select

from api.app import create_app
from api.bootstrap import Nurture, bootstrap
from crm.channels import Channel
from crm.clock import FixedClock
from crm.database import read_only, unit_of_work
from crm.errors import InvalidRequest
from crm.outreach.channels.signing import TOLERANCE_SECONDS, sign
from crm.outreach.dispatch import dispatch_due
from crm.outreach.models import Message, MessageState
from crm.settings import Settings
from crm.workspace import Workspace
from tests.builders import make_member
from tests.gateway import SECRET, Answer, GatewayServer, gateway
from tests.journeys import journey_spec, launch, send_step, states

NOW = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
OTHER_SECRET = "the secret of another gateway"


@dataclass
class World:
    nurture: Nurture
    provider: GatewayServer
    client: TestClient

    def send(self, now: datetime = NOW) -> None:
        dispatch_due(self.nurture.sessions, self.nurture.adapters, now=now, worker="test")

    def tell(
        self, receipt: Any, *, secret: str = SECRET, age_seconds: int = 0, headers: dict[str, str] | None = None
    ) -> Response:
        body = receipt if isinstance(receipt, bytes) else json.dumps(receipt).encode()
        timestamp = int(time.time()) - age_seconds
        signed = {"Nurture-Timestamp": str(timestamp), "Nurture-Signature": sign(secret, timestamp, body)}
        return self.client.post("/api/receipts", content=body, headers=signed if headers is None else headers)

    def messages(self) -> list[Message]:
        with read_only(self.nurture.sessions) as session:
            return list(session.scalars(select(Message).order_by(Message.id)))


def delivered(key: str = "nurture-message-1") -> dict[str, str]:
    return {"idempotency_key": key, "status": "delivered"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two members with an SMS each, through a gateway; push goes through another one."""
    with gateway() as provider:
        at = f"127.0.0.1:{provider.port}/send#keys=honoured&timeout_seconds=1.5"
        settings = Settings(
            home=tmp_path,
            channel_sms=f"webhook+http://:{SECRET.replace(' ', '%20')}@{at}",
            channel_push=f"webhook+http://:{OTHER_SECRET.replace(' ', '%20')}@{at}",
        )
        nurture = bootstrap(settings, clock=FixedClock(NOW))
        with unit_of_work(nurture.sessions) as session:
            session.add(
                Workspace(
                    id=1, name="T", dataset="demo", zone_name="Asia/Shanghai", currency="CNY", clock_offset_seconds=0
                )
            )
            for _ in range(2):
                make_member(session)
            launch(session, journey_spec(send_step("main", "sms")), NOW)
        yield World(nurture, provider, TestClient(create_app(nurture, internal_token="t", with_pages=False)))
        nurture.close()


def test_a_receipt_settles_the_message_and_may_come_twice(world: World) -> None:
    world.send()
    first = world.tell(delivered())
    assert (first.status_code, first.json()) == (
        200,
        {"idempotency_key": "nurture-message-1", "state": "delivered", "is_new": True},
    )
    again = world.tell(delivered())
    assert (again.status_code, again.json()["is_new"]) == (200, False)
    failed = world.tell({"idempotency_key": "nurture-message-2", "status": "failed", "reason": "handset off", "x": 1})
    assert failed.json()["state"] == "failed"
    one, two = world.messages()
    assert (one.state, one.delivered_at) == (MessageState.DELIVERED, NOW)
    assert (two.state, two.reason) == (MessageState.FAILED, "handset off")


def test_a_receipt_that_contradicts_what_is_settled_is_told_so(world: World) -> None:
    world.send()
    world.tell(delivered())
    answer = world.tell({"idempotency_key": "nurture-message-1", "status": "failed"})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:nurture:conflict")
    assert "message 1 is delivered" in answer.json()["detail"]


def test_nothing_is_taken_from_who_cannot_sign_it(world: World) -> None:
    world.send()
    unsigned = [
        world.tell(delivered(), headers={}),
        world.tell(delivered(), headers={"Nurture-Timestamp": "soon", "Nurture-Signature": "v1=00"}),
        world.tell(delivered(), secret="some other secret entirely"),
        world.tell(delivered(), age_seconds=TOLERANCE_SECONDS + 5),
        world.tell(delivered(), age_seconds=-TOLERANCE_SECONDS - 5),
    ]
    assert [answer.status_code for answer in unsigned] == [401] * 5
    assert {message.state for message in world.messages()} == {MessageState.SENT}


def test_a_gateway_speaks_only_of_messages_that_it_was_given(world: World) -> None:
    world.send()
    strange = [
        "nurture-message-999",
        "nurture-message-01",
        "message",
        "nurture-message-" + "9" * 40,
        "nurture-message-１",
    ]
    answers = [world.tell(delivered(), secret=OTHER_SECRET), *[world.tell(delivered(key)) for key in strange]]
    assert [answer.status_code for answer in answers] == [404] * 5 + [404]


def test_a_receipt_of_a_message_that_was_not_sent_changes_nothing(world: World) -> None:
    assert world.tell(delivered()).status_code == 409
    assert {message.state for message in world.messages()} == {MessageState.PLANNED}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"idempotency_key": "x", "status": "perhaps"}', b"\xff"])
def test_a_body_that_cannot_be_read_is_refused_in_a_sentence(world: World, body: bytes) -> None:
    answer = world.tell(body)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:nurture:invalid_request")


def test_an_endless_body_is_not_read(world: World) -> None:
    assert world.tell(b" " * 20_000).status_code == 422


def test_a_receipt_may_come_before_the_answer_that_was_lost(world: World) -> None:
    world.provider.script = [Answer(keeps_silent=True)]
    world.send()
    assert world.messages()[0].state is MessageState.CLAIMED
    assert world.tell(delivered()).json()["is_new"] is True
    message = world.messages()[0]
    assert (message.state, message.sent_at, message.lease_until) == (MessageState.DELIVERED, NOW, None)


def test_a_server_without_gateways_takes_no_receipts(tmp_path: Path) -> None:
    nurture = bootstrap(Settings(home=tmp_path))
    client = TestClient(create_app(nurture, internal_token="t", with_pages=False))
    assert client.post("/api/receipts", json=delivered()).status_code == 401
    nurture.close()


def test_a_setting_that_makes_no_sense_stops_the_start_and_is_not_quoted(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, channel_email=f"smtp://u:{OTHER_SECRET}@mail")
    with pytest.raises(InvalidRequest, match=r"^NURTURE_CHANNEL_EMAIL: ") as refused:
        bootstrap(settings)
    assert OTHER_SECRET not in refused.value.message
    assert OTHER_SECRET not in repr(settings)


def test_the_settings_reach_the_channels(world: World) -> None:
    sms, push = world.nurture.adapters[Channel.SMS], world.nurture.adapters[Channel.PUSH]
    assert sms.honours_idempotency_key
    assert world.nurture.at(FixedClock(NOW)).adapters[Channel.SMS] is sms
    assert push is not sms


def test_nothing_more_is_sent_to_an_address_that_is_dead_or_whose_owner_complained(world: World) -> None:
    world.send()
    dead = {
        "idempotency_key": "nurture-message-1",
        "status": "failed",
        "reason": "no such number",
        "is_permanent": True,
    }
    assert world.tell(dead).json()["state"] == "failed"
    world.tell(delivered("nurture-message-2"))
    complaint = {"idempotency_key": "nurture-message-2", "status": "complained"}
    assert world.tell(complaint).json() == {
        "idempotency_key": "nurture-message-2",
        "state": "delivered",
        "is_new": True,
    }
    assert world.tell(complaint).json()["is_new"] is False
    later = NOW + timedelta(days=10)
    with unit_of_work(world.nurture.sessions) as session:
        journey = launch(session, journey_spec(send_step("main", "sms", "push"), name="Again"), later)
        found = states(session, journey)
    assert [state for (_, _, channel), state in found.items() if channel == "sms"] == [
        (MessageState.EXCLUDED, "suppressed")
    ] * 2
    assert {state for (_, _, channel), state in found.items() if channel == "push"} == {(MessageState.PLANNED, None)}
