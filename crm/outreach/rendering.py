"""Finished messages: the step's words with the member's fields, its links, and the address."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Row, and_, select
from sqlalchemy.orm import Session

from crm.channels import Channel
from crm.isolation import Attempt, isolated
from crm.members.identity import deliverable
from crm.members.models import ContactPoint, Member
from crm.outreach.batches import among
from crm.outreach.channels.adapter import OutgoingMessage
from crm.outreach.compiled_template import CompiledTemplate
from crm.outreach.ledger import require_writable, spec_of
from crm.outreach.link_targets import stored_targets, targets_in_words, targets_of
from crm.outreach.links import SAMPLE_ID, Links
from crm.outreach.models import LEDGER, Journey, MessageState
from crm.outreach.product_suggestions import goods_of, names_goods
from crm.outreach.spec import JourneySpec
from crm.outreach.tracked_links import MessageLinks


@dataclass
class Finished:
    """Messages that are ready to go, and what kept others from being written."""

    messages: list[OutgoingMessage] = field(default_factory=list)
    held: dict[int, Attempt] = field(default_factory=dict)
    """By journey: nothing of it can be written."""
    failed: dict[int, str] = field(default_factory=dict)
    """By message: it alone cannot be written."""


def finished_messages(session: Session, ids: Sequence[int], holder: str, links: Links | None) -> Finished:
    """Those of `ids` that the holder has claimed, ready to go, the longest due first.

    Without `links` nothing is tracked and no way to opt out is written: for a past that nobody reads.
    """
    message = LEDGER.c
    query = (
        select(
            message.id,
            message.journey_id,
            message.member_id,
            message.step_key,
            message.channel,
            message.variant,
            Member.name,
            Member.name_local,
            Member.tier,
            ContactPoint.address,
            ContactPoint.normalised,
        )
        .join(Member, Member.id == message.member_id)
        .join(ContactPoint, and_(ContactPoint.member_id == message.member_id, ContactPoint.channel == message.channel))
        .where(among(message.id, ids), message.state == MessageState.CLAIMED, message.claimed_by == holder)
        .order_by(message.due_at, message.id)
    )
    return _finished(session, session.execute(query).all(), links)


def idempotency_key(message_id: int) -> str:
    return f"nurture-message-{message_id}"


def links_of(links: Links, message_id: int, targets: Mapping[str, int], *, has_page: bool) -> MessageLinks:
    """The signed addresses of one message, `targets` with their link ids."""
    return MessageLinks(
        unsubscribe=links.unsubscribe(message_id),
        pixel=links.open_pixel(message_id) if has_page else None,
        clicks={target: links.click(message_id, link_id) for target, link_id in targets.items()},
    )


def sample_links(links: Links, spec: JourneySpec) -> MessageLinks:
    """Addresses as long as those of a real message, leading nowhere: for previews and counts."""
    return links_of(links, SAMPLE_ID, dict.fromkeys(targets_of(spec), SAMPLE_ID), has_page=True)


_Row = Row[int, int, int, str, Channel, str | None, str, str | None, str, str, str]


def _finished(session: Session, rows: Sequence[_Row], links: Links | None) -> Finished:
    done = Finished()
    specs = _specs(session, {row.journey_id for row in rows}, done)
    targets = stored_targets(session, specs)
    goods = _goods(session, rows, specs, done)
    letters: dict[tuple[int, str, Channel, str | None], tuple[CompiledTemplate, Mapping[str, int]]] = {}
    known: str | None = None
    for row in rows:
        if row.journey_id in done.held:
            continue
        key = (row.journey_id, row.step_key, row.channel, row.variant)
        with isolated(f"message:{row.id}", known=known) as attempt:
            if key not in letters:
                letters[key] = _letter(specs[row.journey_id], targets.get(row.journey_id, {}), *key[1:])
            done.messages.append(_outgoing(row, *letters[key], links, goods.get((row.journey_id, row.member_id))))
        if attempt.reason is not None:
            known = attempt.reason
            done.failed[row.id] = "it could not be written: an unexpected error, which the log has"
    return done


def _specs(session: Session, journey_ids: Collection[int], done: Finished) -> dict[int, JourneySpec]:
    """Of the journeys that can be read and whose texts can be rendered; the others are held."""
    specs = {}
    for journey in session.scalars(select(Journey).where(Journey.id.in_(journey_ids))):
        with isolated(f"journey:{journey.id}", known=journey.note) as attempt:
            spec = spec_of(journey)
            require_writable(spec)
            specs[journey.id] = spec
        if attempt.failed:
            done.held[journey.id] = attempt
    return specs


def _outgoing(
    row: _Row, letter: CompiledTemplate, targets: Mapping[str, int], links: Links | None, goods: str | None
) -> OutgoingMessage:
    own = links_of(links, row.id, targets, has_page=letter.is_page) if links else None
    written = letter.write(row, own, goods)
    return OutgoingMessage(
        idempotency_key=idempotency_key(row.id),
        message_id=row.id,
        member_id=row.member_id,
        channel=row.channel,
        address=deliverable(row.channel, row.address, row.normalised),
        subject=written.subject,
        body=written.body,
        html=written.html,
        unsubscribe_url=own.unsubscribe if own and links and links.base_url else None,
    )


def _letter(
    spec: JourneySpec, targets: Mapping[str, int], step_key: str, channel: Channel, variant: str | None
) -> tuple[CompiledTemplate, Mapping[str, int]]:
    """The text and, of the journey's targets, its own with their link ids."""
    step = spec.step(step_key)
    offering, words = spec.offering(step), step.wording(channel, variant)
    own = {target: targets[target] for target in targets_in_words(offering, words) if target in targets}
    return CompiledTemplate(offering, words), own


def _goods(
    session: Session, rows: Sequence[_Row], specs: Mapping[int, JourneySpec], done: Finished
) -> dict[tuple[int, int], str]:
    """What each journey whose texts suggest goods suggests to each of its members."""
    found: dict[tuple[int, int], str] = {}
    for journey_id, spec in specs.items():
        if not names_goods(spec):
            continue
        with isolated(f"journey:{journey_id}", session) as attempt:
            suggested = goods_of(
                session, [row.member_id for row in rows if row.journey_id == journey_id], spec.language
            )
            found |= {(journey_id, member_id): goods for member_id, goods in suggested.items()}
        if attempt.failed:
            done.held[journey_id] = attempt
    return found
