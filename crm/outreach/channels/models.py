"""Tables of the channels themselves: who paused one, and how each fares in all processes together."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.channels import Channel
from crm.database import Base


class ChannelPause(Base):
    """A person held a channel's messages back. Those that were resumed stay as history."""

    __tablename__ = "channel_pauses"
    __table_args__ = (
        # One pause at a time, by the database.
        Index(
            "uq_channel_pauses_channel_open",
            "channel",
            unique=True,
            sqlite_where=text("resumed_at IS NULL"),
            postgresql_where=text("resumed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[Channel]
    reason: Mapped[str]
    paused_at: Mapped[datetime]
    paused_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    resumed_at: Mapped[datetime | None]
    """None while the channel is paused."""
    resumed_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))


class ChannelCondition(Base):
    """How a channel fares, in the machine's time: a workspace may live in another one."""

    __tablename__ = "channel_conditions"

    channel: Mapped[Channel] = mapped_column(primary_key=True)
    free_at_ms: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    """From when on, in epoch milliseconds, another batch may go at the channel's rate."""
    holder: Mapped[str | None]
    """Who sends the batch that counts now."""
    trouble: Mapped[str | None]
    """What the provider said, or how it failed, when it last took no more; None since it takes messages again."""
    trouble_at: Mapped[datetime | None]
    rests_until: Mapped[datetime | None]
    """Until when all processes leave the provider alone."""
