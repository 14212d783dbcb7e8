"""One message of a journey as one member would read it."""

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.actor import Actor, Permission, require
from crm.access.policy import get_policy
from crm.channels import Channel
from crm.errors import InvalidRequest
from crm.members.masking import mask_address
from crm.members.models import Consent, ContactPoint, Member
from crm.members.service import find_member
from crm.outreach.compiled_template import CompiledTemplate
from crm.outreach.links import Links
from crm.outreach.product_suggestions import goods_of, names_goods
from crm.outreach.rendering import sample_links
from crm.outreach.sms import Encoding, SmsLength, measure
from crm.outreach.spec import JourneySpec, SendStep
from crm.outreach.template import Wording
from crm.outreach.tracked_links import MessageLinks
from crm.values import Value

PREVIEW_MARK = "?preview"


class SmsParts(Value):
    """What networks make of one text message."""

    encoding: Encoding
    units: int
    """Characters as networks count them: an emoji is two, and so is € in the GSM alphabet."""
    parts: int
    """What providers charge as messages."""
    odd_characters: tuple[str, ...]
    """Characters outside the GSM alphabet: one of them makes every part shorter, 70 instead of 160 characters."""


class MessagePreview(Value):
    member_id: int
    member_name: str
    step: str
    channel: Channel
    variant: str
    address: str | None
    """Masked unless the reader may see it; None when the channel does not reach the member."""
    agrees: bool
    """Whether the member agrees to hear from us on the channel."""
    subject: str | None
    body: str
    html: str | None
    """The page of an e-mail. Its links look like those of a real message and lead nowhere."""
    sms: SmsParts | None
    cost_millicents: int
    """Price of this message in thousandths of a cent; of a text message, where each part is charged as one."""


def preview_step(
    session: Session,
    spec: JourneySpec,
    *,
    member: str,
    step: str | None = None,
    channel: Channel | None = None,
    variant: str | None = None,
    actor: Actor,
    links: Links,
) -> MessagePreview:
    """What a member would read. `member` is a name or number; without step, channel, variant the first that fit.

    Nothing is written or sent, and no check of the gate is made. Raises NotFound, Ambiguous for the member,
    InvalidRequest for a step, channel or variant that the journey does not have.
    """
    require(actor, Permission.READ_MEMBERS)
    found = find_member(session, member, owner_id=actor.row_owner_id)
    chosen = _step(spec, step)
    on = _channel(chosen, channel, found)
    words = _words(chosen, on, variant)
    goods = goods_of(session, [found.id], spec.language).get(found.id) if names_goods(spec) else None
    written = CompiledTemplate(spec.offering(chosen), words).write(found, _links(links, spec, on), goods)
    sms = measure(written.body) if on is Channel.SMS else None
    consent = session.get(Consent, (found.id, on))
    return MessagePreview(
        member_id=found.id,
        member_name=found.name,
        step=chosen.key,
        channel=on,
        variant=words.variant,
        address=_address(session, found, on, actor),
        agrees=consent is not None and consent.granted,
        subject=written.subject,
        body=written.body,
        html=written.html,
        sms=_parts(sms) if sms else None,
        cost_millicents=get_policy(session).unit_cost_millicents.get(on, 0) * (sms.parts if sms else 1),
    )


def _links(links: Links, spec: JourneySpec, channel: Channel) -> MessageLinks:
    """Of a text message as long as those of a real one: its parts are counted. An e-mail says that it is a preview."""
    if channel is not Channel.EMAIL:
        return sample_links(links, spec)
    samples = sample_links(links.of_previews(), spec)
    return replace(samples, unsubscribe=samples.unsubscribe + PREVIEW_MARK)


def _address(session: Session, member: Member, channel: Channel, actor: Actor) -> str | None:
    point = select(ContactPoint.address).where(ContactPoint.member_id == member.id, ContactPoint.channel == channel)
    address = session.scalar(point)
    return address if address is None or actor.may(Permission.SEE_CONTACTS) else mask_address(address)


def _step(spec: JourneySpec, key: str | None) -> SendStep:
    found = next((step for step in spec.sends if key in (None, step.key)), None)
    if found is None:
        raise InvalidRequest(f"there is no step {key!r}; there are: {', '.join(step.key for step in spec.sends)}")
    return found


def _channel(step: SendStep, channel: Channel | None, member: Member) -> Channel:
    possible = step.possible_channels
    if channel is None:
        return member.preferred_channel if member.preferred_channel in possible else possible[0]
    if channel not in possible:
        raise InvalidRequest(f"step {step.key} does not send by {channel}; it sends by {', '.join(possible)}")
    return channel


def _words(step: SendStep, channel: Channel, variant: str | None) -> Wording:
    variants = step.variants_of(channel)
    if variant is not None and variant not in variants:
        raise InvalidRequest(f"there is no variant {variant!r} by {channel}; there are: {', '.join(variants)}")
    return step.wording(channel, variant or variants[0])


def _parts(length: SmsLength) -> SmsParts:
    return SmsParts(encoding=length.encoding, units=length.units, parts=length.parts, odd_characters=length.odd)
