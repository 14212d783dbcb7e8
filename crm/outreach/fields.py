"""What segments can ask of the messages a member received, opened and clicked."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, false, func

from crm.channels import Channel
from crm.columns import plain_qualifier
from crm.fields import Aggregate, Collection, Fact, Field, Kind, Qualifier, Qualifiers, Record, RowColumns, Rows, Unit
from crm.members.fields import CHANNELS_ZH
from crm.outreach.models import Message, MessageEvent, MessageEventKind, MessageState
from crm.words import Text

CHANNEL = plain_qualifier(
    "channel", tuple(channel.value for channel in Channel), Text("channel", "渠道"), values_zh=CHANNELS_ZH
)

RECEIVED_AT = func.coalesce(Message.delivered_at, Message.sent_at)
"""When a delivered message reached the member; some providers do not say, then when it was sent."""


_EVENTS_OF_MESSAGES = MessageEvent.__table__.join(Message.__table__, Message.id == MessageEvent.message_id)


def message_fields(campaign: Qualifier) -> tuple[Field, ...]:
    """Fields over messages; the campaigns room, which stands above, says what a campaign is called."""
    return (
        Field(
            name="messages.received",
            kind=Kind.NUMBER,
            source=_received(campaign),
            label=Text("number of messages received", "收到消息数"),
            words_en=("messages received", "got messages", "received messages", "were sent"),
            words_zh=("收到消息", "收到短信", "触达次数"),
            unit=Unit.COUNT,
        ),
        Field(
            name="messages.opened",
            kind=Kind.NUMBER,
            source=_reacted(MessageEventKind.OPENED, campaign),
            label=Text("number of messages opened", "打开消息数"),
            words_en=("messages opened", "opened", "opens", "read"),
            words_zh=("打开", "打开消息", "打开邮件"),
            unit=Unit.COUNT,
        ),
        Field(
            name="messages.clicked",
            kind=Kind.NUMBER,
            source=_reacted(MessageEventKind.CLICKED, campaign),
            label=Text("number of messages clicked", "点击消息数"),
            words_en=("messages clicked", "clicked", "clicks"),
            words_zh=("点击", "点击消息"),
            unit=Unit.COUNT,
        ),
    )


def _received(campaign: Qualifier) -> Rows:
    def columns(qualifiers: Qualifiers) -> RowColumns:
        return RowColumns(
            Message.member_id,
            at=RECEIVED_AT,
            conditions=(Message.state == MessageState.DELIVERED, *_narrowing(campaign, qualifiers)),
        )

    def facts(record: Record, qualifiers: Qualifiers) -> Iterator[Fact]:
        for message in record["messages"]:
            if message["state"] == MessageState.DELIVERED and _is_meant(message, qualifiers):
                yield Fact(message["id"], message["received_at"])

    return Rows(Aggregate.COUNT, columns, facts, qualifiers=(CHANNEL, campaign))


def _reacted(kind: MessageEventKind, campaign: Qualifier) -> Rows:
    """Messages with at least one such event by a person: a scanner's click is nobody's interest."""

    def columns(qualifiers: Qualifiers) -> RowColumns:
        narrowing = _narrowing(campaign, qualifiers)
        return RowColumns(
            MessageEvent.member_id,
            at=MessageEvent.occurred_at,
            distinct_key=MessageEvent.message_id,
            conditions=(MessageEvent.kind == kind, MessageEvent.by_machine == false(), *narrowing),
            source=_EVENTS_OF_MESSAGES if narrowing else None,
        )

    def facts(record: Record, qualifiers: Qualifiers) -> Iterator[Fact]:
        for message in record["messages"]:
            for event in message["events"]:
                if event["kind"] == kind and not event["by_machine"] and _is_meant(message, qualifiers):
                    yield Fact(message["id"], event["at"])

    return Rows(Aggregate.COUNT, columns, facts, qualifiers=(CHANNEL, campaign))


def _narrowing(campaign: Qualifier, qualifiers: Qualifiers) -> tuple[ColumnElement[bool], ...]:
    conditions = []
    if channels := qualifiers.get("channel"):
        conditions.append(CHANNEL.matches(Message.channel, channels))
    if names := qualifiers.get("campaign"):
        conditions.append(campaign.matches(Message.journey_id, names))
    return tuple(conditions)


def _is_meant(message: Record, qualifiers: Qualifiers) -> bool:
    return all(message[name] in words for name, words in qualifiers.items())


def message_collections(campaign: Qualifier) -> tuple[Collection, ...]:
    return (
        Collection(
            "messages",
            member_id=Message.member_id,
            columns={
                "id": Message.id,
                "channel": Message.channel,
                "campaign": campaign.label(Message.journey_id),
                "state": Message.state,
                "sent_at": Message.sent_at,
                "received_at": RECEIVED_AT,
            },
            children=(
                Collection(
                    "events",
                    member_id=MessageEvent.member_id,
                    columns={
                        "message_id": MessageEvent.message_id,
                        "kind": MessageEvent.kind,
                        "at": MessageEvent.occurred_at,
                        "by_machine": MessageEvent.by_machine,
                    },
                ),
            ),
        ),
    )
