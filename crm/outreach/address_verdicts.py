"""What providers' answers tell of addresses: which are dead, which may be, and which are alive after all."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from crm.channels import Channel
from crm.members.dead_addresses import count_refusals, forget_refusals, given_up
from crm.members.suppression import HARD_BOUNCE, suppress_where_reached
from crm.outreach.batches import among, texts_by_id
from crm.outreach.channels.adapter import Outcome, OutgoingMessage, SendResult
from crm.outreach.channels.refusals import Refusal, without_addresses
from crm.outreach.models import Message


def note_answers(
    session: Session, batch: Sequence[OutgoingMessage], results: Mapping[str, SendResult], now: datetime
) -> None:
    """Give up the addresses that are dead, count those that refused, forget the refusals of those that took a message.

    For the transaction that records the results of a batch.
    """
    answers = {message.message_id: results.get(message.idempotency_key) for message in batch}
    found = {message_id: result for message_id, result in answers.items() if result is not None}
    note_refusals(
        session,
        {message_id: (result.refusal, result.reason or "") for message_id, result in found.items()},
        now=now,
    )
    arrived = [message_id for message_id, result in found.items() if result.outcome is Outcome.DELIVERED]
    if arrived:
        forget_refusals(session, _who(arrived))


def note_refusals(session: Session, refusals: Mapping[int, tuple[Refusal, str]], *, now: datetime) -> None:
    """By message: what was meant, in which words. Counts what is of the recipient, and gives up what is dead."""
    of_recipient = {
        message_id: without_addresses(words)
        for message_id, (meant, words) in refusals.items()
        if meant is not Refusal.OTHER
    }
    if not of_recipient:
        return
    said = texts_by_id(session, of_recipient)
    refused = select(Message.member_id, Message.channel, said.c.text.label("reason")).join_from(
        Message, said, said.c.id == Message.id
    )
    count_refusals(session, refused.subquery("refused"), now=now)
    dead = [message_id for message_id, (meant, _) in refusals.items() if meant is Refusal.DEAD]
    for reached in (_who(dead) if dead else None, given_up(_who(list(of_recipient)))):
        if reached is not None:
            suppress_where_reached(session, reached, reason=HARD_BOUNCE, now=now)


def _who(message_ids: Sequence[int]) -> Select[int, Channel]:
    return select(Message.member_id, Message.channel).where(among(Message.id, message_ids))
