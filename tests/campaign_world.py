"""A launched campaign with its ledger, responses and orders, written straight into the tables for reports' tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.models import Role
from crm.activity.models import Order
from crm.campaigns.models import Campaign
from crm.channels import Channel
from crm.members.models import Member
from crm.outreach.models import (
    Arm,
    EndReason,
    Enrolment,
    Journey,
    JourneyKind,
    JourneyState,
    Message,
    MessageEvent,
    MessageEventKind,
    MessageState,
)
from crm.outreach.spec import AudienceAtLaunch, JourneySpec, SendStep
from crm.outreach.template import Wording
from tests.builders import LONG_AGO, make_account

_names = count(1)


@dataclass(frozen=True)
class World:
    campaign: Campaign
    treated: list[int]
    held_out: list[int]
    actor: Actor


def manager(session: Session) -> Actor:
    account = make_account(session, role=Role.MANAGER)
    return Actor(account.id, account.username, account.display_name, Role.MANAGER)


def plain_members(session: Session, number: int, **changes: Any) -> list[int]:
    """Members without addresses or consents: reports need neither."""
    values = {"tier": "gold", "joined_at": LONG_AGO} | changes
    rows = [{"external_ref": f"W{next(_names)}", "name": f"Member {index}", **values} for index in range(number)]
    return list(session.scalars(insert(Member).returning(Member.id), rows))


def plain_orders(
    session: Session,
    member_ids: Sequence[int],
    amounts_cents: Sequence[int],
    *,
    ordered_at: datetime,
    source: str = "import",
) -> None:
    rows = [
        {"member_id": member_id, "ordered_at": ordered_at, "amount_cents": amount, "source": source}
        for member_id, amount in zip(member_ids, amounts_cents, strict=True)
        if amount
    ]
    if rows:
        session.execute(insert(Order), rows)


def make_campaign(session: Session, *, launched_at: datetime | None, **changes: Any) -> Campaign:
    """A completed win-back campaign with a journey, unless told otherwise."""
    account = make_account(session)
    name = changes.pop("name", f"Campaign W{next(_names)}")
    audience = {"field": "tier", "op": "in", "value": ["gold"]}
    spec = JourneySpec(
        name=name,
        experiment=name,
        trigger=AudienceAtLaunch(definition=audience),
        steps=(SendStep(key="main", channels=("email",), wordings=(Wording(channel=Channel.EMAIL, body="Hello"),)),),
    )
    brief = {
        "name": name,
        "goal": "win-back",
        "audience": audience,
        "channels": ["email"],
        "attribution_window_days": 14,
    }
    campaign = Campaign(brief=brief | changes.pop("brief", {}), is_imported=changes.pop("is_imported", False))
    values: dict[str, Any] = {
        "state": JourneyState.ENDED,
        "end_reason": EndReason.COMPLETED,
        "author_id": account.id,
        "created_at": LONG_AGO,
        "activated_at": launched_at,
        "starts_at": launched_at,
        "ends_at": launched_at + timedelta(days=14) if launched_at else None,
    }
    spec_json = spec.model_dump(mode="json")
    campaign.journey = Journey(name=name, kind=JourneyKind.CAMPAIGN, spec=spec_json, **values | changes)
    session.add(campaign)
    session.flush()
    return campaign


def enrol(session: Session, campaign: Campaign, member_ids: Sequence[int], arm: Arm = Arm.TREATMENT) -> list[int]:
    """Enrolment ids, in the order of the members."""
    moment = campaign.launched_at or LONG_AGO
    rows = [
        {
            "journey_id": campaign.journey_id,
            "member_id": member_id,
            "occurrence": "launch",
            "arm": arm,
            "enrolled_at": moment,
        }
        for member_id in member_ids
    ]
    if not rows:
        return []
    return list(session.scalars(insert(Enrolment).returning(Enrolment.id, sort_by_parameter_order=True), rows))


def message(
    session: Session,
    campaign: Campaign,
    member_ids: Sequence[int],
    enrolment_ids: Sequence[int],
    *,
    channel: Channel = Channel.EMAIL,
    state: MessageState = MessageState.DELIVERED,
    reason: str | None = None,
    at: datetime | None = None,
) -> list[int]:
    """One message a member, sent and delivered a minute after launch unless told otherwise; returns ids."""
    assert campaign.launched_at is not None
    moment = at or campaign.launched_at + timedelta(minutes=1)
    was_sent = state in (MessageState.DELIVERED, MessageState.SENT, MessageState.UNKNOWN)
    rows = [
        {
            "enrolment_id": enrolment_id,
            "journey_id": campaign.journey_id,
            "member_id": member_id,
            "step_key": "main",
            "channel": channel,
            "due_at": campaign.launched_at,
            "state": state,
            "reason": reason,
            "sent_at": moment if was_sent else None,
            "delivered_at": moment if state is MessageState.DELIVERED else None,
        }
        for member_id, enrolment_id in zip(member_ids, enrolment_ids, strict=True)
    ]
    return list(session.scalars(insert(Message).returning(Message.id, sort_by_parameter_order=True), rows))


def respond(
    session: Session,
    message_ids: Sequence[int],
    member_ids: Sequence[int],
    kind: MessageEventKind,
    at: datetime,
    *,
    by_machine: bool = False,
) -> None:
    rows = [
        {"message_id": message_id, "member_id": member_id, "kind": kind, "occurred_at": at, "by_machine": by_machine}
        for message_id, member_id in zip(message_ids, member_ids, strict=False)
    ]
    session.execute(insert(MessageEvent), rows)


def launched_world(
    session: Session,
    *,
    launched_at: datetime,
    treated: int = 200,
    held_out: int = 40,
    treated_cents: int = 12_000,
    control_cents: int = 10_000,
    **changes: Any,
) -> World:
    """Everybody treated got one delivered e-mail. Spend is 30 days before launch and 2 days after it, with a
    spread of +-20% by member that is the same before and after; arms differ by the given means."""
    campaign = make_campaign(session, launched_at=launched_at, **changes)
    everybody = plain_members(session, treated + held_out)
    own, rest = everybody[:treated], everybody[treated:]
    enrolments = enrol(session, campaign, own)
    enrol(session, campaign, rest, Arm.HOLDOUT)
    if own:
        message(session, campaign, own, enrolments)
    for members, mean in ((own, treated_cents), (rest, control_cents)):
        factors = [0.8 + 0.4 * (index % 11) / 10 for index in range(len(members))]
        wobble = [0.99 + 0.02 * (index % 3) / 2 for index in range(len(members))]
        before = [round(10_000 * factor) for factor in factors]
        after = [round(mean * factor * noise) for factor, noise in zip(factors, wobble, strict=True)]
        plain_orders(session, members, before, ordered_at=launched_at - timedelta(days=30))
        plain_orders(session, members, after, ordered_at=launched_at + timedelta(days=2))
    session.flush()
    return World(campaign=campaign, treated=own, held_out=rest, actor=manager(session))
