"""The ledger held against the provider's own log."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from crm.campaigns.models import Campaign
from crm.channels import SENDABLE_CHANNELS
from crm.loyalty.models import Coupon, CouponGrant, GrantState
from crm.outreach.models import PENDING_STATES, Enrolment, Message, MessageState
from crm.outreach.rendering import idempotency_key
from evals.benchmarks.kills.provider import Entry

GONE_OUT = (MessageState.SENT, MessageState.DELIVERED)


@dataclass(frozen=True)
class Tally:
    """Counted in messages."""

    sent_on: int
    """What members got, by the provider's log; a message that they got twice counts once."""
    handed_over: int
    """Requests that the provider took, repeats of ours included."""
    repeats: int
    """Sent on again by the provider."""
    losses: int
    """Neither sent on, nor left out with a reason, nor listed as unknown; where the provider honours keys, unknown
    ones that it never had as well: those would have been safe to try again."""
    unlisted: int
    """Sent on, and the ledger neither says so nor has any doubt."""
    unknown: int
    books_wrong: int
    """Enrolments whose messages are not all in the ledger, and coupons whose stock does not add up."""


def tally_ledger(session: Session, entries: Sequence[Entry], campaigns: Iterable[int], *, honours_keys: bool) -> Tally:
    """Of the campaigns that were launched while the provider wrote `entries`."""
    journeys = select(Campaign.journey_id).where(Campaign.id.in_(campaigns))
    rows = session.execute(select(Message.id, Message.state).where(Message.journey_id.in_(journeys)))
    states = {idempotency_key(message_id): state for message_id, state in rows}
    enrolled = select(func.count()).select_from(Enrolment).where(Enrolment.journey_id.in_(journeys))
    missing = abs((session.scalar(enrolled) or 0) * len(SENDABLE_CHANNELS) - len(states))
    return tally(entries, states, honours_keys=honours_keys, books_wrong=missing + _wrong_coupons(session))


def tally(
    entries: Sequence[Entry], states: Mapping[str, MessageState], *, honours_keys: bool, books_wrong: int = 0
) -> Tally:
    """`states`: where each message of the ledger stands, by key."""
    sent_on = Counter(entry.key for entry in entries if entry.is_sent_on)
    missing = {key: state for key, state in states.items() if key not in sent_on}
    lost = {*GONE_OUT, *PENDING_STATES} | ({MessageState.UNKNOWN, MessageState.FAILED} if honours_keys else set())
    listed = {*GONE_OUT, MessageState.UNKNOWN}
    return Tally(
        sent_on=len(sent_on),
        handed_over=len(entries),
        repeats=sum(sent_on.values()) - len(sent_on),
        losses=sum(state in lost for state in missing.values()),
        unlisted=sum(states.get(key) not in listed for key in sent_on),
        unknown=sum(state is MessageState.UNKNOWN for state in states.values()),
        books_wrong=books_wrong,
    )


def _wrong_coupons(session: Session) -> int:
    """Coupons whose stock differs from their grants, and grants that do not follow from the messages."""
    wrong = 0
    for coupon in session.scalars(select(Coupon)):
        of_coupon = select(func.count()).where(CouponGrant.coupon_id == coupon.id)
        reserved = session.scalar(of_coupon.where(CouponGrant.state == GrantState.RESERVED))
        issued = session.scalar(of_coupon.where(CouponGrant.state == GrantState.ISSUED))
        wrong += (coupon.reserved, coupon.issued) != (reserved, issued)
    message = exists().where(Message.enrolment_id == CouponGrant.enrolment_id)
    has_arrived = message.where(Message.state == MessageState.DELIVERED)
    in_doubt = message.where(Message.state.in_((*PENDING_STATES, MessageState.UNKNOWN)))
    mistaken = (
        (CouponGrant.state != GrantState.ISSUED) & has_arrived,
        (CouponGrant.state == GrantState.ISSUED) & ~has_arrived,
        (CouponGrant.state == GrantState.RESERVED) & ~has_arrived & ~in_doubt,
        (CouponGrant.state == GrantState.RELEASED) & in_doubt,
    )
    for condition in mistaken:
        wrong += session.scalar(select(func.count()).select_from(CouponGrant).where(condition)) or 0
    return wrong
