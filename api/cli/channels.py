"""`nurture channels`: how they stand, holding one back, and whether a provider takes what it is given."""

from typing import Annotated

import typer

from api.cli.console import say, say_json
from api.cli.opened import AsPerson, Json, opened, person
from crm.errors import Conflict, Unavailable

Name = Annotated[str, typer.Argument(metavar="CHANNEL", help="email, sms or push.")]

channels = typer.Typer(help="How messages leave.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(channels, name="channels")


@channels.command("try")
def try_channel(
    name: Name,
    address: Annotated[str, typer.Argument(help="An e-mail address, phone number or push token of your own.")],
) -> None:
    """Send one test message to an address of your own, past the ledger, and say what the provider answered."""
    from api.bootstrap import Schema
    from crm.clock import SystemClock
    from crm.database import read_only
    from crm.outreach.channels.adapter import ChannelUnavailable, Outcome, OutgoingMessage
    from crm.outreach.channels.outbox import OutboxAdapter
    from crm.outreach.channels.pausing import named_channel

    channel = named_channel(name)
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
    # A channel can be tried before there is any data.
    with opened(schema=Schema.CREATE) as nurture:
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


@channels.command("list")
def list_all(as_json: Json = False) -> None:
    """Each channel: paused by whom and why, in what trouble, and how many messages wait for it."""
    from api.channel_views import channel_views
    from crm.database import read_only

    with opened() as nurture, read_only(nurture.sessions) as session:
        found = channel_views(session, nurture.settings, nurture.clock.now())
    if as_json:
        say_json([view.model_dump(mode="json") for view in found])
        return
    for view in found:
        rate = f", at most {view.per_second:g} a second" if view.per_second else ""
        state = "paused" if view.pause else "open"
        say(f"{view.channel:<6} {state:<7} {view.way}{rate}: {view.waiting:,} waiting, {view.due:,} due")
        if view.given_up or view.complained or view.doubted:
            stopped = f"{view.given_up:,} do not exist, {view.complained:,} complained, {view.doubted:,} refused once"
            say(f"       addresses given up: {stopped}")
        if view.pause:
            say(f"       since {view.pause.since:%Y-%m-%d %H:%M} UTC by {view.pause.by}: {view.pause.reason}")
        if view.trouble:
            say(f"       {view.trouble.at:%Y-%m-%d %H:%M} UTC: {view.trouble.words}")


@channels.command("pause")
def pause(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why, for whoever has to decide when it goes on.")],
    as_: AsPerson = "operations",
) -> None:
    """Hold back a channel's messages, of whatever campaign, from the next batch on."""
    from crm.database import unit_of_work
    from crm.outreach.channels.pausing import channel_pauses, named_channel, pause_channel

    channel = named_channel(name)
    with opened() as nurture:
        actor = person(nurture, as_)
        with unit_of_work(nurture.sessions) as session:
            pause_channel(session, channel, reason=reason, actor=actor, now=nurture.clock.now())
            held = channel_pauses(session)[channel]
    say(f"{channel.value} is paused since {held.since:%Y-%m-%d %H:%M} UTC by {held.by}: {held.reason}")


@channels.command("resume")
def resume(name: Name, as_: AsPerson = "operations") -> None:
    """Let a paused channel's messages go on."""
    from crm.database import unit_of_work
    from crm.outreach.channels.pausing import named_channel, resume_channel

    channel = named_channel(name)
    with opened() as nurture:
        actor = person(nurture, as_)
        with unit_of_work(nurture.sessions) as session:
            resume_channel(session, channel, actor=actor, now=nurture.clock.now())
    say(f"{channel.value} sends again; what is due goes with the engine's next turn")
