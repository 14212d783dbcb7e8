"""Opens the channels that the settings name."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from crm.channels import SENDABLE_CHANNELS, Channel
from crm.errors import InvalidRequest
from crm.outreach.channels.adapter import ChannelAdapter, ChannelAdapters
from crm.outreach.channels.outbox import OutboxAdapter
from crm.outreach.channels.urls import AppriseService, Gateway, MailServer, Outbox, read_channel_url
from crm.outreach.dispatch import BATCH_SIZE
from crm.outreach.rate_limit import RateLimit


@dataclass(frozen=True)
class ChannelSetting:
    url: str = field(repr=False)
    per_second: float | None = None
    """The most messages in a second; None: as fast as the provider takes them."""


def open_adapters(settings: Mapping[Channel, ChannelSetting]) -> ChannelAdapters:
    """One adapter a channel, the outbox where nothing is set; nothing is connected yet.

    Raises InvalidRequest naming the variable that makes no sense.
    """
    outbox = OutboxAdapter()
    adapters: dict[Channel, ChannelAdapter] = {}
    for channel in SENDABLE_CHANNELS:
        adapters[channel] = _open(channel, settings[channel]) if channel in settings else outbox
    return adapters


def variable_of(channel: Channel) -> str:
    return f"NURTURE_CHANNEL_{channel.value.upper()}"


def _open(channel: Channel, setting: ChannelSetting) -> ChannelAdapter:
    variable = variable_of(channel)
    url = read_channel_url(setting.url, channel, variable=variable)
    # Each kind is imported where it is used: nearly nobody uses all of them, and every command opens the channels.
    match url:
        case Outbox():
            return OutboxAdapter(RateLimit(most_at_once=BATCH_SIZE, per_second=setting.per_second))
        case MailServer():
            from crm.outreach.channels.smtp import SmtpAdapter

            return SmtpAdapter(url, per_second=setting.per_second)
        case Gateway():
            from crm.outreach.channels.webhook import WebhookAdapter

            return WebhookAdapter(url, per_second=setting.per_second)
        case AppriseService():
            from crm.outreach.channels.apprise import AppriseAdapter

            return AppriseAdapter(url, channel, variable=variable, per_second=setting.per_second)
    raise InvalidRequest(f"{variable}: no such channel")
