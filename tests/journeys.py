"""Small journeys and their parts for tests."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.policy import get_policy
from crm.channels import SENDABLE_CHANNELS
from crm.journeys.schedulers.planned.draft import Setting
from crm.journeys.schedulers.planned.launch import launch_planned
from crm.loyalty.models import Coupon, OfferKind
from crm.members.models import Member
from crm.outreach.links import Links
from crm.outreach.models import Journey, Message, MessageState
from crm.outreach.spec import AudienceAtLaunch, JourneySpec, SendStep
from crm.outreach.template import Wording

WORDINGS = tuple(Wording(channel=channel, body="Hello {{ name }}") for channel in SENDABLE_CHANNELS)
LINKS = Links((b"a key of tests, 32 characters.....",))
EVERYBODY = select(Member.id)


def send_step(key: str = "main", *channels: str, **changes: Any) -> SendStep:
    return SendStep(**{"key": key, "channels": channels or ("email",), "wordings": WORDINGS} | changes)


def journey_spec(*steps: SendStep, **changes: Any) -> JourneySpec:
    values: dict[str, Any] = {
        "name": "Test journey",
        "experiment": "test",
        "trigger": AudienceAtLaunch(definition={"all": []}),
        "holdout_share": 0.0,
        "steps": steps or (send_step(),),
    }
    return JourneySpec(**values | changes)


def setting(session: Session, launch_at: datetime, zone: str = "Asia/Shanghai") -> Setting:
    return Setting(policy=get_policy(session), zone=ZoneInfo(zone), launch_at=launch_at)


def launch(session: Session, spec: JourneySpec, now: datetime) -> Journey:
    """The journey launched for every member."""
    return launch_planned(session, spec, EVERYBODY, setting(session, now), now=now)


def make_coupon(session: Session, code: str = "C50", **changes: Any) -> Coupon:
    values: dict[str, Any] = {
        "code": code,
        "name": f"Coupon {code}",
        "kind": OfferKind.AMOUNT_OFF,
        "value": 5_000,
        "min_spend_cents": None,
        "unit_cost_cents": 0,
        "stock_total": 100,
        "valid_until": date(2027, 1, 1),
    }
    coupon = Coupon(**values | changes)
    session.add(coupon)
    session.flush()
    return coupon


def states(session: Session, journey: Journey) -> dict[tuple[int, str, str], tuple[MessageState, str | None]]:
    """Where each message stands: (member, step, channel) to (state, reason)."""
    rows: Sequence[Message] = session.scalars(
        select(Message).where(Message.journey_id == journey.id).execution_options(populate_existing=True)
    ).all()
    return {(row.member_id, row.step_key, row.channel.value): (row.state, row.reason) for row in rows}
