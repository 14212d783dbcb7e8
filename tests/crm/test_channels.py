"""A channel is named in one table; where something more is needed for it, its lack shows here."""

from typing import get_args

import pytest

from agent.planner.slots.channels import channel_names, find_channels
from crm.access.policy import Policy
from crm.channels import CHANNELS, PREFERRED, SENDABLE_CHANNELS, Channel, ChannelChoice
from crm.datasets.response import MODELS
from crm.members.identity import IdentityRules, read_address
from crm.outreach.frames import framed
from crm.outreach.template import fields_of
from crm.segments.language.synonyms import SYNONYMS
from crm.settings import Settings

ADDRESSES = {Channel.MAIL: "1 Long Street, Shanghai"}


def test_every_channel_has_its_traits_and_every_one_that_sends_can_be_chosen() -> None:
    assert list(CHANNELS) == list(Channel)
    assert set(get_args(ChannelChoice)) == {*SENDABLE_CHANNELS, PREFERRED}


@pytest.mark.parametrize("channel", SENDABLE_CHANNELS)
def test_a_channel_that_sends_can_be_opened_and_asked_for_in_words(channel: Channel) -> None:
    settings = Settings(_env_file=None)
    assert getattr(settings, f"channel_{channel}").get_secret_value() == "outbox:"
    assert getattr(settings, f"rate_{channel}") is None
    assert channel in MODELS, "how members of the demo answer on it"
    assert channel in SYNONYMS["channel"]
    assert channel_names(find_channels(f"send it by {CHANNELS[channel].words.en}")) == (channel,)
    assert channel_names(find_channels(f"通过{CHANNELS[channel].words.zh}发送")) == (channel,)


@pytest.mark.parametrize("channel", Channel)
def test_an_address_of_each_channel_is_read(channel: Channel) -> None:
    address = CHANNELS[channel].sample_address or ADDRESSES[channel]
    assert read_address(channel, address, IdentityRules()).problem is None


def test_caps_and_costs_of_the_house_come_from_the_table() -> None:
    policy = Policy()
    assert policy.frequency_cap_per_channel_7d == {"email": 3, "sms": 2, "push": 4}
    assert policy.unit_cost_millicents == {"email": 100, "sms": 5_000, "push": 50, "mail": 60_000}


@pytest.mark.parametrize(
    ("channel", "language", "text"),
    [
        (
            Channel.EMAIL,
            "en",
            "Hello {{ name }},\n\nX\n\nYou no longer want these e-mails? Opt out here: {{ unsubscribe }}",
        ),
        (Channel.EMAIL, "zh", "{{ name }}，您好：\n\nX\n\n不想再收到邮件？点此退订：{{ unsubscribe }}"),
        (Channel.SMS, "en", "{{ name }}, X Opt out: {{ unsubscribe }}"),
        (Channel.SMS, "zh", "{{ name }}，X退订：{{ unsubscribe }}"),
        (Channel.PUSH, "en", "{{ name }}, X"),
        (Channel.PUSH, "zh", "{{ name }}，X"),
    ],
)
def test_a_text_is_framed_for_its_channel(channel: Channel, language: str, text: str) -> None:
    assert framed("X", channel, language) == text
    assert ("unsubscribe" in fields_of(text)) is (CHANNELS[channel].way_out is not None)
