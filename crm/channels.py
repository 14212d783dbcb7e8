"""The channels on which messages reach members, and what each is like: named here once, for every room."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from crm.words import Text


class Channel(StrEnum):
    """How a message reaches a member. `mail` (paper) occurs in imported history only."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    MAIL = "mail"


ChannelChoice = Literal["email", "sms", "push", "preferred"]
"""On what a step can send: a channel, or each member's own."""
PREFERRED: Literal["preferred"] = "preferred"


@dataclass(frozen=True, kw_only=True)
class ChannelTraits:
    channel: Channel
    label: str
    """At the head of a line."""
    words: Text
    """After "by"."""
    short: Text
    """In figures and in the names of fields."""
    message: Text
    """How members are told of what comes by it."""
    address: Text
    """What reaches a member there."""
    symbol: str
    """The icon on pages."""
    unit_cost_millicents: int
    """The cost of one message, unless the policy says otherwise."""
    weekly_cap: int | None = None
    """The most messages in seven days to one member, unless the policy says otherwise."""
    way_out: Text | None = None
    """Before the address to opt out at; None: members opt out where they read it."""
    is_letter: bool = False
    """Whether its texts have a greeting and paragraphs, and are a page."""
    has_subject: bool = True
    sample_address: str = ""
    """Stands for any member's while a provider's URL is read."""
    is_sendable: bool = True


_TRAITS = (
    ChannelTraits(
        channel=Channel.EMAIL,
        label="E-mail",
        words=Text("e-mail", "邮件"),
        short=Text("email", "邮件"),
        message=Text("e-mail", "邮件"),
        address=Text("e-mail address", "邮箱地址"),
        symbol="mail",
        unit_cost_millicents=100,
        weekly_cap=3,
        way_out=Text("\n\nYou no longer want these e-mails? Opt out here: ", "\n\n不想再收到邮件？点此退订："),
        is_letter=True,
        sample_address="member@example.com",
    ),
    ChannelTraits(
        channel=Channel.SMS,
        label="SMS",
        words=Text("SMS", "短信"),
        short=Text("SMS", "短信"),
        message=Text("text message", "短信"),
        address=Text("phone number", "手机号"),
        symbol="sms",
        unit_cost_millicents=5_000,
        weekly_cap=2,
        way_out=Text(" Opt out: ", " 退订："),
        has_subject=False,
        sample_address="+14155550100",
    ),
    ChannelTraits(
        channel=Channel.PUSH,
        label="App push",
        words=Text("app push", "App 推送"),
        short=Text("push", "推送"),
        message=Text("push message", "推送消息"),
        address=Text("push token", "推送设备"),
        symbol="notifications",
        unit_cost_millicents=50,
        weekly_cap=4,
        sample_address="device-token-1",
    ),
    ChannelTraits(
        channel=Channel.MAIL,
        label="Paper mail",
        words=Text("paper mail", "邮寄"),
        short=Text("mail", "信件"),
        message=Text("letter", "信件"),
        address=Text("postal address", "通信地址"),
        symbol="local_post_office",
        unit_cost_millicents=60_000,
        is_sendable=False,
    ),
)
CHANNELS: Mapping[Channel, ChannelTraits] = {traits.channel: traits for traits in _TRAITS}
SENDABLE_CHANNELS: tuple[Channel, ...] = tuple(traits.channel for traits in _TRAITS if traits.is_sendable)
