"""How long the text messages of a plan are, in the parts that networks make of them."""

from collections.abc import Mapping, Sequence
from math import ceil

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.channels import Channel
from crm.journeys.schedulers.planned import draft
from crm.journeys.text_samples import USUAL_LINKS
from crm.members.models import Member
from crm.outreach.compiled_template import CompiledTemplate
from crm.outreach.rendering import sample_links
from crm.outreach.sms import Encoding, measure
from crm.outreach.spec import JourneySpec
from crm.outreach.template import Wording
from crm.values import Value

MILLICENTS_PER_CENT = 1000
MEASURED = 200
"""Recipients whose texts are written out to count parts: names differ in length, and a few in their alphabet."""


class SmsTexts(Value):
    """The text messages of one step and variant in a plan."""

    step: str
    variant: str
    messages: int
    encoding: Encoding
    """The longer one, where names differ."""
    least_parts: int
    most_parts: int
    """Among the first recipients that were measured."""
    odd_characters: tuple[str, ...]
    cost_by_part_cents: int
    """What they cost where the provider charges each part as a message."""


def sms_texts(session: Session, spec: JourneySpec, prices: Mapping[str, int]) -> tuple[SmsTexts, ...]:
    """The text messages in the draft of this connection (`draft.drafted`), by step and variant."""
    columns = draft.MESSAGES.c
    is_text = (columns.channel == Channel.SMS, draft.waiting())
    counted = select(columns.step_key, columns.variant, func.count()).where(*is_text)
    counts = session.execute(counted.group_by(columns.step_key, columns.variant)).all()
    found = []
    for key, variant, messages in sorted(counts, key=lambda row: (row[0], row[1] or "")):
        sample = select(Member).join(draft.MESSAGES, columns.member_id == Member.id)
        sample = sample.where(*is_text, columns.step_key == key, columns.variant.is_not_distinct_from(variant))
        members = session.scalars(sample.order_by(columns.member_id).limit(MEASURED)).all()
        words = spec.step(key).wording(Channel.SMS, variant)
        found.append(_measured(spec, key, words, members, messages, prices.get(Channel.SMS, 0)))
    return tuple(found)


def _measured(
    spec: JourneySpec, key: str, words: Wording, members: Sequence[Member], messages: int, price_millicents: int
) -> SmsTexts:
    links = sample_links(USUAL_LINKS, spec)
    letter = CompiledTemplate(spec, words)
    lengths = [measure(letter.write(member, links).body) for member in members]
    parts = [length.parts for length in lengths]
    cost = price_millicents * messages * sum(parts) / len(parts)
    return SmsTexts(
        step=key,
        variant=words.variant,
        messages=messages,
        encoding=max((length.encoding for length in lengths), key=lambda encoding: encoding is Encoding.UCS_2),
        least_parts=min(parts),
        most_parts=max(parts),
        odd_characters=tuple(dict.fromkeys(sign for length in lengths for sign in length.odd))[:8],
        cost_by_part_cents=ceil(cost / MILLICENTS_PER_CENT),
    )
