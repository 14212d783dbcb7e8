"""A provider that is slow, or never answers, keeps nobody from writing; an opt-out holds from its commit on."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as MailSession
from sqlalchemy import select

from crm.channels import Channel
from crm.database import Sessions, read_only, unit_of_work
from crm.outreach import ledger
from crm.outreach.channels.adapter import ChannelAdapter
from crm.outreach.channels.smtp import SmtpAdapter
from crm.outreach.channels.urls import Encryption, Gateway, MailServer
from crm.outreach.channels.webhook import WebhookAdapter
from crm.outreach.dispatch import dispatch_due
from crm.outreach.models import Message, MessageState
from crm.outreach.sending import DispatchResult
from tests.builders import make_member
from tests.gateway import SECRET
from tests.journeys import journey_spec, launch, send_step
from tests.opting_out import opt_out_on_channel

PATIENCE_S = 30.0
"""So long that only a hang meets it."""


@dataclass
class SlowProvider:
    """Takes messages and keeps its answers back until it is told to give them."""

    answers: threading.Event = field(default_factory=threading.Event)
    has_one: threading.Event = field(default_factory=threading.Event)
    asked_for: list[str] = field(default_factory=list)
    """Addresses, in the order in which their messages came."""
    port: int = 0

    def takes(self, address: str) -> None:
        self.asked_for.append(address)
        self.has_one.set()


@contextmanager
def gateway(provider: SlowProvider, *, timeout_s: float = PATIENCE_S, honours: bool = True) -> Iterator[ChannelAdapter]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            provider.takes(body.split('"to": "')[1].split('"')[0])
            provider.answers.wait(PATIENCE_S)
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield WebhookAdapter(
            Gateway(
                url=f"http://127.0.0.1:{server.server_port}/",
                host="127.0.0.1",
                secret=SECRET,
                honours_idempotency_key=honours,
                sends_receipts=False,
                timeout_seconds=timeout_s,
            )
        )
    finally:
        provider.answers.set()
        server.shutdown()
        server.server_close()


@contextmanager
def mail_server(provider: SlowProvider, *, timeout_s: float = PATIENCE_S) -> Iterator[ChannelAdapter]:
    class Handler:
        async def handle_DATA(self, _server: SMTP, _session: MailSession, envelope: Envelope) -> str:  # noqa: N802
            provider.takes(envelope.rcpt_tos[0])
            await asyncio.to_thread(provider.answers.wait, PATIENCE_S)
            return "250 OK"

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield SmtpAdapter(
            MailServer(
                host="127.0.0.1",
                port=port,
                encryption=Encryption.NONE,
                sender="shop@example.com",
                sender_name="Shop",
                reply_to=None,
                user=None,
                password=None,
                ca_file=None,
                timeout_seconds=timeout_s,
            )
        )
    finally:
        provider.answers.set()
        controller.stop()


PROVIDERS: dict[Channel, Callable[..., object]] = {Channel.SMS: gateway, Channel.EMAIL: mail_server}


@pytest.fixture
def members(sessions: Sessions, now: datetime, request: pytest.FixtureRequest) -> list[int]:
    """Three members, each with a message on the channel that is due."""
    channel = request.getfixturevalue("channel")
    with unit_of_work(sessions) as session:
        found = [make_member(session).id for _ in range(3)]
        launch(session, journey_spec(send_step("hello", channel.value)), now)
    return found


def in_a_thread(work: Callable[[], DispatchResult]) -> tuple[threading.Thread, list[DispatchResult]]:
    done: list[DispatchResult] = []
    thread = threading.Thread(target=lambda: done.append(work()), daemon=True)
    thread.start()
    return thread, done


@pytest.mark.parametrize("channel", PROVIDERS)
def test_others_write_and_opt_out_while_a_provider_thinks(
    sessions: Sessions, now: datetime, channel: Channel, members: list[int]
) -> None:
    provider = SlowProvider()
    with PROVIDERS[channel](provider) as adapter:  # type: ignore[attr-defined]
        sending, done = in_a_thread(lambda: dispatch_due(sessions, {channel: adapter}, now=now, worker="one"))
        assert provider.has_one.wait(PATIENCE_S)
        with unit_of_work(sessions) as session:
            make_member(session, name="Somebody new")
            for member_id in members[:2]:
                opt_out_on_channel(session, member_id, channel, now)
        assert len(provider.asked_for) == 1, "the opt-outs were committed while the provider kept its first answer"
        provider.answers.set()
        sending.join(PATIENCE_S)
    assert done == [DispatchResult(delivered=2, excluded=1)], "the call that had begun, and the one who did not opt out"
    assert provider.asked_for == [f"{channel.value}-{members[place]}@example.com" for place in (0, 2)]


@pytest.mark.parametrize("channel", PROVIDERS)
def test_a_provider_that_never_answers_leaves_one_message_in_doubt_and_the_others_waiting(
    sessions: Sessions, now: datetime, channel: Channel, members: list[int]
) -> None:
    provider = SlowProvider()
    with PROVIDERS[channel](provider, timeout_s=1.0) as adapter:  # type: ignore[attr-defined]
        sending, done = in_a_thread(lambda: dispatch_due(sessions, {channel: adapter}, now=now, worker="one"))
        assert provider.has_one.wait(PATIENCE_S)
        with unit_of_work(sessions) as session:
            make_member(session)
        sending.join(PATIENCE_S)
        assert len(provider.asked_for) == 1, "the channel rests until the next turn"
    with read_only(sessions) as session:
        found = {each.member_id: each for each in session.scalars(select(Message))}
    first, *others = (found[member_id] for member_id in members)
    # A gateway that knows keys is asked again when the lease has run out; a mail server would send it twice.
    expected = MessageState.CLAIMED if channel is Channel.SMS else MessageState.UNKNOWN
    assert first.state is expected
    assert {(each.state, each.attempts) for each in others} == {(MessageState.PLANNED, 0)}
    assert done == [DispatchResult(unknown=0 if channel is Channel.SMS else 1)]


@pytest.mark.parametrize("channel", [Channel.SMS])
def test_a_journey_that_is_cancelled_meanwhile_keeps_the_answer_of_the_call_that_had_begun(
    sessions: Sessions, now: datetime, channel: Channel, members: list[int]
) -> None:
    provider = SlowProvider()
    with gateway(provider) as adapter:
        sending, done = in_a_thread(lambda: dispatch_due(sessions, {channel: adapter}, now=now, worker="one"))
        assert provider.has_one.wait(PATIENCE_S)
        with unit_of_work(sessions) as session:
            journey_id = session.scalars(select(Message.journey_id).distinct()).one()
            ledger.cancel(session, journey_id, now=now)
        provider.answers.set()
        sending.join(PATIENCE_S)
    assert done == [DispatchResult(delivered=1)]
    assert len(provider.asked_for) == 1
    with read_only(sessions) as session:
        found = session.scalars(select(Message).order_by(Message.id)).all()
    assert [each.state for each in found] == [MessageState.DELIVERED, MessageState.EXCLUDED, MessageState.EXCLUDED]
