"""Finished messages and the links in them."""

from datetime import datetime

import pytest
from sqlalchemy import select

from crm.channels import Channel
from crm.database import Sessions, unit_of_work
from crm.outreach.dispatch import dispatch_due
from crm.outreach.links import Links, LinkToken, Purpose
from crm.outreach.models import MessageLink
from crm.outreach.template import Wording
from tests.builders import make_member
from tests.journeys import journey_spec, launch, send_step
from tests.providers import FakeProvider

PUBLIC = Links((b"another key of tests, 32 characters",), "https://post.example")
BODY = "{{ name }}, see https://shop.example/tea. {{ unsubscribe }}"


def sent(sessions: Sessions, now: datetime, channel: Channel, links: Links | None) -> FakeProvider:
    provider = FakeProvider()
    step = send_step("main", channel.value, wordings=(Wording(channel=channel, body=BODY),))
    with unit_of_work(sessions) as session:
        make_member(session, name="Ann <b> https://shop.example/tea")
        launch(session, journey_spec(step), now)
    dispatch_due(sessions, provider.on_all_channels(), now=now, worker="test", links=links)
    return provider


def click_of(sessions: Sessions, message_id: int) -> str:
    with unit_of_work(sessions) as session:
        link = session.scalars(select(MessageLink)).one()
    assert link.target == "https://shop.example/tea"
    return PUBLIC.click(message_id, link.id)


def test_an_e_mail_keeps_its_text_and_has_a_page_beside_it(sessions: Sessions, now: datetime) -> None:
    (message,) = sent(sessions, now, Channel.EMAIL, PUBLIC).taken
    opt_out = PUBLIC.unsubscribe(message.message_id)
    assert message.unsubscribe_url == opt_out
    assert message.body == f"Ann <b> https://shop.example/tea, see https://shop.example/tea. {opt_out}"
    assert message.html is not None
    assert "Ann &lt;b&gt;" in message.html
    for address in (click_of(sessions, message.message_id), opt_out, PUBLIC.open_pixel(message.message_id)):
        assert f'"{address}"' in message.html


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.PUSH])
def test_a_text_has_short_tracked_links_and_no_page(sessions: Sessions, now: datetime, channel: Channel) -> None:
    (message,) = sent(sessions, now, channel, PUBLIC).taken
    assert message.html is None
    assert message.body.endswith(f"see {click_of(sessions, message.message_id)}. {message.unsubscribe_url}")


def test_links_without_a_public_address_are_relative_and_never_offered_to_mail_programs(
    sessions: Sessions, now: datetime
) -> None:
    links = Links(PUBLIC.keys)
    (message,) = sent(sessions, now, Channel.EMAIL, links).taken
    token = message.body.rpartition("/u/")[2]
    assert links.read(token, Purpose.UNSUBSCRIBE) == LinkToken(Purpose.UNSUBSCRIBE, message.message_id)
    assert message.unsubscribe_url is None


def test_a_past_that_nobody_reads_has_no_links(sessions: Sessions, now: datetime) -> None:
    (message,) = sent(sessions, now, Channel.EMAIL, None).taken
    assert (message.html, message.unsubscribe_url) == (None, None)
    assert message.body.endswith("see https://shop.example/tea. ")
