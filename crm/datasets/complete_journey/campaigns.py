"""The 27 campaigns with who received them, their coupons and what was redeemed.

Every campaign was a mailing on paper. The source says who received it, not when: each receipt is one
delivered message at 9:00 of the campaign's first day. There was no random holdout, so nothing here
can tell an effect. Coupons: one for each coupon of each campaign; the source does not say what a
coupon was worth, so its value is unknown, and neither the stock, so it is what was sent out at most.
A redemption has a day but no basket; it stands at noon of that day, without an order.
"""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from crm.access.models import Account
from crm.bulk import Column, Progress, insert_columns
from crm.campaigns.brief import CampaignBrief
from crm.campaigns.models import Campaign
from crm.channels import Channel
from crm.clock import day_end
from crm.datasets.complete_journey.source import ZONE, Source, epochs
from crm.datasets.randomness import Ints
from crm.loyalty.models import Coupon, CouponRedemption, OfferKind
from crm.outreach.models import Arm, EndReason, Enrolment, Journey, JourneyKind, JourneyState, Message, MessageState

RECEIPT_STEP = "mail"
START_HOUR = timedelta(hours=9)
NOON = timedelta(hours=12)
OCCURRENCE = "launch"
COUPON_PREFIX = "CJ-"


def write_campaigns(
    session: Session, source: Source, households: Ints, author: Account, now: datetime, progress: Progress
) -> None:
    """`households` are the household numbers in order of member id."""
    described = source.campaign_descriptions.sort_values("campaign_id")
    for row in described.itertuples():
        session.add(_journey(row, author, now))
    session.flush()
    for row in described.itertuples():
        session.add(_campaign(row))
    session.flush()
    _write_receipts(session, source, households, progress)
    _write_coupons(session, source, households, progress)


def _journey(row: Any, author: Account, now: datetime) -> Journey:
    starts_at, ends_at = _starts_at(row), _ends_at(row)
    has_ended = ends_at <= now
    return Journey(
        id=row.campaign_id,
        name=campaign_name(row.campaign_id),
        spec={"imported": True, "channel": Channel.MAIL.value},
        kind=JourneyKind.CAMPAIGN,
        state=JourneyState.ENDED if has_ended else JourneyState.RUNNING,
        end_reason=EndReason.COMPLETED if has_ended else None,
        author_id=author.id,
        created_at=starts_at,
        updated_at=starts_at,
        starts_at=starts_at,
        ends_at=ends_at,
        activated_at=starts_at,
        ended_at=ends_at if has_ended else None,
    )


def _campaign(row: Any) -> Campaign:
    name = campaign_name(row.campaign_id)
    brief = CampaignBrief(
        name=name,
        goal=f"Imported history: coupons by mail, {row.campaign_type}",
        audience={"field": "campaign", "op": "in", "value": [name]},
        channels=("preferred",),
        start=(row.start_date + START_HOUR).to_pydatetime(),
        end=row.end_date.date(),
        holdout_pct=0,
        holdout_waiver="history of another system; its receivers were not drawn by chance",
        attribution_window_days=(row.end_date - row.start_date).days + 1,
    )
    return Campaign(
        id=row.campaign_id,
        brief=brief.model_dump(mode="json"),
        journey_id=row.campaign_id,
        is_imported=True,
    )


def campaign_name(campaign_id: int) -> str:
    return f"Campaign {campaign_id}"


def _starts_at(row: Any) -> datetime:
    started: datetime = (row.start_date + START_HOUR).to_pydatetime().replace(tzinfo=ZONE)
    return started


def _ends_at(row: Any) -> datetime:
    return day_end(row.end_date.date(), ZONE)


def _write_receipts(session: Session, source: Source, households: Ints, progress: Progress) -> None:
    receipts = source.campaigns.merge(source.campaign_descriptions, on="campaign_id")
    received_at = epochs(receipts["start_date"] + START_HOUR)
    ids = np.arange(1, len(receipts) + 1)
    member_ids = np.searchsorted(households, receipts["household_id"].to_numpy()) + 1
    journey_ids = receipts["campaign_id"].to_numpy()
    enrolments: dict[str, Column] = {
        "id": ids,
        "journey_id": journey_ids,
        "member_id": member_ids,
        "occurrence": [OCCURRENCE] * len(ids),
        "arm": [Arm.TREATMENT.value] * len(ids),
        "enrolled_at": received_at,
    }
    insert_columns(session, Enrolment, enrolments, progress)
    messages: dict[str, Column] = {
        "id": ids,
        "enrolment_id": ids,
        "journey_id": journey_ids,
        "member_id": member_ids,
        "step_key": [RECEIPT_STEP] * len(ids),
        "channel": [Channel.MAIL.value] * len(ids),
        "due_at": received_at,
        "state": [MessageState.DELIVERED.value] * len(ids),
        "attempts": np.ones(len(ids), dtype=np.int64),
        "sent_at": received_at,
        "delivered_at": received_at,
    }
    insert_columns(session, Message, messages, progress)


def _write_coupons(session: Session, source: Source, households: Ints, progress: Progress) -> None:
    key = ["campaign_id", "coupon_upc"]
    redemptions = source.coupon_redemptions
    coupons = source.coupons[key].drop_duplicates().sort_values(key, ignore_index=True)
    coupons["id"] = np.arange(1, len(coupons) + 1)
    coupons = coupons.merge(source.campaign_descriptions, on="campaign_id")
    received = source.campaigns.groupby("campaign_id").size()
    redeemed = redemptions.groupby(key).size().reindex(pd.MultiIndex.from_frame(coupons[key]), fill_value=0)
    sent_out = np.maximum(received.reindex(coupons["campaign_id"]).to_numpy(), redeemed.to_numpy())
    numbers = list(zip(coupons["campaign_id"], coupons["coupon_upc"], strict=True))
    columns: dict[str, Column] = {
        "id": coupons["id"].to_numpy(),
        "code": [f"{COUPON_PREFIX}{campaign}-{upc}" for campaign, upc in numbers],
        "name": [f"{campaign_name(campaign)} coupon {upc}" for campaign, upc in numbers],
        "kind": [OfferKind.AMOUNT_OFF.value] * len(coupons),
        "unit_cost_cents": np.zeros(len(coupons), dtype=np.int64),
        "stock_total": sent_out,
        "reserved": np.zeros(len(coupons), dtype=np.int64),
        "issued": sent_out,
        "valid_until": coupons["end_date"].dt.strftime("%Y-%m-%d").tolist(),
    }
    insert_columns(session, Coupon, columns, progress)
    used = redemptions.merge(coupons[[*key, "id"]], on=key, how="left")
    used_columns: dict[str, Column] = {
        "coupon_id": used["id"].to_numpy(),
        "member_id": np.searchsorted(households, used["household_id"].to_numpy()) + 1,
        "journey_id": used["campaign_id"].to_numpy(),
        "redeemed_at": epochs(used["redemption_date"] + NOON),
        "discount_cents": np.zeros(len(used), dtype=np.int64),
    }
    insert_columns(session, CouponRedemption, used_columns, progress)
