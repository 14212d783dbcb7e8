"""Finished messages: the step's words with the member's fields, its links, and the address."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Row, and_, select
from sqlalchemy.orm import Session

from crm.members.identity import deliverable
from crm.members.models import Channel, ContactPoint, Member
from crm.outreach.channels.adapter import OutgoingMessage
from crm.outreach.goods import goods_of, names_goods
from crm.outreach.journey import JourneySpec
from crm.outreach.ledger import spec_of
from crm.outreach.link_targets import journey_values, stored_targets, targets_of
from crm.outreach.links import SAMPLE_ID, Links
from crm.outreach.markup import MessageLinks, as_page, with_tracked_links
from crm.outreach.models import Journey, Message, MessageState
from crm.outreach.wording import Wording, render


def finished_messages(session: Session, ids: Sequence[int], holder: str, links: Links | None) -> list[OutgoingMessage]:
    """Those of `ids` that the holder has claimed, ready to go, the longest due first.

    Without `links` nothing is tracked and no way to opt out is written: for a past that nobody reads.
    """
    query = (
        select(Message, Member, ContactPoint.address, ContactPoint.normalised)
        .join(Member, Member.id == Message.member_id)
        .join(
            ContactPoint,
            and_(ContactPoint.member_id == Message.member_id, ContactPoint.channel == Message.channel),
        )
        .where(Message.id.in_(ids), Message.state == MessageState.CLAIMED, Message.claimed_by == holder)
        .order_by(Message.due_at, Message.id)
        .execution_options(populate_existing=True)
    )
    return list(_finished(session, session.execute(query).all(), links))


def idempotency_key(message_id: int) -> str:
    return f"nurture-message-{message_id}"


def links_of(links: Links, message_id: int, targets: Mapping[str, int]) -> MessageLinks:
    """The signed addresses of one message, `targets` with their link ids."""
    return MessageLinks(
        unsubscribe=links.unsubscribe(message_id),
        pixel=links.open_pixel(message_id),
        clicks={target: links.click(message_id, link_id) for target, link_id in targets.items()},
    )


def sample_links(links: Links, spec: JourneySpec) -> MessageLinks:
    """Addresses as long as those of a real message, leading nowhere: for previews and counts."""
    return links_of(links, SAMPLE_ID, dict.fromkeys(targets_of(spec), SAMPLE_ID))


@dataclass(frozen=True)
class Written:
    """What a member reads."""

    subject: str | None
    body: str
    html: str | None


def write(
    spec: JourneySpec, words: Wording, member: Member, links: MessageLinks | None, goods: str | None = None
) -> Written:
    """The words with the member's fields. E-mail keeps its text and has a page beside it; a text has tracked links.

    `goods` that suit the member, in words (`goods_of`).
    """
    local_name = member.name_local if spec.language == "zh" else None
    values = journey_values(spec) | {
        "name": local_name or member.name,
        "tier": member.tier,
        "goods": goods,
        "unsubscribe": links.unsubscribe if links else None,
    }
    subject = render(words.subject, values, spec.language) if words.subject else None
    body = render(words.body, values, spec.language)
    html = None
    if links is not None and words.channel is Channel.EMAIL:
        html = as_page(body, subject, links, spec.language)
    elif links is not None:
        body = with_tracked_links(body, links)
    return Written(subject, body, html)


def _finished(
    session: Session, rows: Sequence[Row[Message, Member, str, str]], links: Links | None
) -> Iterator[OutgoingMessage]:
    journey_ids = {message.journey_id for message, *_ in rows}
    journeys = session.scalars(select(Journey).where(Journey.id.in_(journey_ids)))
    specs = {journey.id: spec_of(journey) for journey in journeys}
    targets = stored_targets(session, journey_ids)
    goods = _goods(session, rows, specs)
    for message, member, address, normalised in rows:
        spec = specs[message.journey_id]
        step = spec.step(message.step_key)
        own = links_of(links, message.id, targets.get(message.journey_id, {})) if links else None
        words = step.wording(message.channel, message.variant)
        written = write(spec.offering(step), words, member, own, goods.get((message.journey_id, member.id)))
        yield OutgoingMessage(
            idempotency_key=idempotency_key(message.id),
            message_id=message.id,
            member_id=member.id,
            channel=message.channel,
            address=deliverable(message.channel, address, normalised),
            subject=written.subject,
            body=written.body,
            html=written.html,
            unsubscribe_url=own.unsubscribe if own and links and links.base_url else None,
        )


def _goods(
    session: Session, rows: Sequence[Row[Message, Member, str, str]], specs: Mapping[int, JourneySpec]
) -> dict[tuple[int, int], str]:
    """What each journey whose texts suggest goods suggests to each of its members."""
    suggesting = {journey_id: spec.language for journey_id, spec in specs.items() if names_goods(spec)}
    return {
        (journey_id, member_id): goods
        for journey_id, language in suggesting.items()
        for member_id, goods in goods_of(
            session, [member.id for message, member, *_ in rows if message.journey_id == journey_id], language
        ).items()
    }
