"""Channels: how messages leave, behind one small protocol."""

from crm.channels import SENDABLE_CHANNELS
from crm.outreach.channels.adapter import ChannelAdapter, ChannelAdapters
from crm.outreach.channels.outbox import OutboxAdapter

__all__ = ["ChannelAdapter", "ChannelAdapters", "default_adapters"]


def default_adapters() -> ChannelAdapters:
    """The outbox for every channel."""
    return dict.fromkeys(SENDABLE_CHANNELS, OutboxAdapter())
