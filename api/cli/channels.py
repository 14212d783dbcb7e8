"""`nurture channels`: whether a mail server or gateway takes what it is given."""

from typing import Annotated

import typer

from api.cli.console import say
from api.cli.opened import opened
from crm.errors import Conflict, InvalidRequest, Unavailable

channels = typer.Typer(help="How messages leave.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(channels, name="channels")


@channels.command("try")
def try_channel(
    name: Annotated[str, typer.Argument(metavar="CHANNEL", help="email, sms or push.")],
    address: Annotated[str, typer.Argument(help="An e-mail address, phone number or push token of your own.")],
) -> None:
    """Send one test message to an address of your own, past the ledger, and say what the provider answered."""
    from crm.clock import SystemClock
    from crm.database import read_only
    from crm.members.models import SENDABLE_CHANNELS
    from crm.outreach.channels.adapter import ChannelUnavailable, Outcome, OutgoingMessage
    from crm.outreach.channels.outbox import OutboxAdapter

    channel = next((channel for channel in SENDABLE_CHANNELS if channel.value == name), None)
    if channel is None:
        raise InvalidRequest(f"there is no channel {name!r}; there are: {', '.join(SENDABLE_CHANNELS)}")
    now = SystemClock().now()
    message = OutgoingMessage(
        idempotency_key=f"nurture-trial-{int(now.timestamp())}",
        message_id=0,
        member_id=0,
        channel=channel,
        address=address,
        subject="A test message from Nurture",
        body="This is a test message. Whoever sent it knows now that this channel works.",
    )
    with opened() as nurture:
        adapter = nurture.adapters[channel]
        if isinstance(adapter, OutboxAdapter):
            raise Conflict(f"{channel.value} stays in the outbox; set NURTURE_CHANNEL_{channel.value.upper()}")
        try:
            with read_only(nurture.sessions) as session:
                results = list(adapter.send(session, [message], now))
        except ChannelUnavailable as error:
            raise Unavailable(error.message) from error
    if not results:
        raise Unavailable("no clear answer: the message may have been sent or not")
    (result,) = results
    if result.outcome not in (Outcome.DELIVERED, Outcome.ACCEPTED):
        raise Conflict(f"{result.outcome.value}: {result.reason or 'no reason given'}")
    say(f"{result.outcome.value}{f' ({result.provider_ref})' if result.provider_ref else ''}")


@channels.callback()
def _group() -> None:
    """Keeps `try` a command of its own while it is the only one."""
