"""Writes The Complete Journey into an empty database: all of it, with totals that must equal the source's."""

import time
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm.access.models import Account
from crm.activity.facts import rebuild_facts
from crm.activity.models import Order, OrderLine, Product
from crm.activity.service import refresh_activity
from crm.bulk import Column, Progress, insert_columns, no_progress
from crm.campaigns.models import Campaign
from crm.channels import Channel
from crm.clock import Clock, SystemClock, local_day
from crm.database import Sessions, unit_of_work
from crm.datasets.bulk import count_rows, move_sequences, refresh_statistics
from crm.datasets.complete_journey.campaigns import COUPON_PREFIX, RECEIPT_STEP, write_campaigns
from crm.datasets.complete_journey.source import ZONE, Source, cents, epochs, read_source
from crm.datasets.complete_journey.synthetic import (
    CHANNELS,
    POINTS_PER_DOLLAR,
    TIER_NAMES,
    Households,
    make_households,
    tier_minimums,
)
from crm.datasets.occupancy import is_loaded, open_workspace
from crm.datasets.people import CSM_USERNAMES, create_people
from crm.datasets.randomness import Ints
from crm.datasets.summary import LoadLine, LoadSummary
from crm.lifecycle.service import refresh_scores
from crm.loyalty.models import Coupon, CouponRedemption, OfferKind, PointsAccount, Tier
from crm.members.models import Consent, ContactPoint, Member, Suppression
from crm.members.names import fold_names
from crm.outreach.models import Enrolment, Journey, Message

DATASET = "complete-journey"
CURRENCY = "USD"
MORNING_HOUR = 9
UNKNOWN = "UNKNOWN"
NUMBERED = (Member, Product, Order, OrderLine, Journey, Campaign, Enrolment, Message, Coupon)
"""Tables that are filled with ids of our own."""
HOUSE_COUPONS = (
    ("PCT10", "10% off", OfferKind.PERCENT_OFF, 10),
    ("PCT15", "15% off", OfferKind.PERCENT_OFF, 15),
    ("PCT20", "20% off", OfferKind.PERCENT_OFF, 20),
    ("USD5", "$5 off", OfferKind.AMOUNT_OFF, 500),
    ("USD10", "$10 off", OfferKind.AMOUNT_OFF, 1_000),
    ("SHIP", "Free delivery", OfferKind.FREE_SHIPPING, None),
)
HOUSE_STOCK = 2_000
HOUSE_VALID_DAYS = 92
PAGE_CACHE_KIB = 256 * 1024
"""SQLite's default cache of 2 MB makes it write the same index pages over and over."""


def load_complete_journey(
    sessions: Sessions, *, progress: Progress = no_progress, machine: Clock | None = None
) -> LoadSummary:
    """Fill an empty database with the real data set, in one transaction.

    The clock stands at 9:00 of the morning after the last purchase. Loading it again changes nothing.
    Raises Conflict when the database holds anything else, or when a total differs from the source's;
    then nothing is written.
    """
    started = time.monotonic()
    with unit_of_work(sessions) as session:
        if is_loaded(session, DATASET, {}):
            lines = tuple(LoadLine(what, total, total) for what, total in loaded_totals(session).items())
            return LoadSummary(DATASET, True, lines, time.monotonic() - started)
        source = read_source()
        _fill(session, source, machine or SystemClock(), progress)
        expected, loaded = source_totals(source), loaded_totals(session)
        lines = tuple(LoadLine(what, total, loaded[what]) for what, total in expected.items())
        summary = LoadSummary(DATASET, False, lines, time.monotonic() - started)
        summary.require_equal_totals()
    return summary


def source_totals(source: Source) -> dict[str, int]:
    sold = source.transactions
    discounts = sold["retail_disc"] + sold["coupon_disc"] + sold["coupon_match_disc"]
    return {
        "members": int(sold["household_id"].nunique()),
        "products": len(_all_products(source)),
        "orders": int(sold["basket_id"].nunique()),
        "order lines": len(sold),
        "paid in orders (cents)": round(float(sold["sales_value"].sum()) * 100),
        "paid in order lines (cents)": round(float(sold["sales_value"].sum()) * 100),
        "discounts (cents)": round(float(discounts.sum()) * 100),
        "campaigns": len(source.campaign_descriptions),
        "campaign receipts": len(source.campaigns),
        "coupons of campaigns": len(source.coupons[["campaign_id", "coupon_upc"]].drop_duplicates()),
        "redemptions": len(source.coupon_redemptions),
    }


def loaded_totals(session: Session) -> dict[str, int]:
    """The same totals, counted in the database; what the simulation added later is left out."""
    from_source = Order.source == "import"
    lines = select(func.count(), func.sum(OrderLine.amount_cents), func.sum(OrderLine.discount_cents)).join(
        Order, Order.id == OrderLine.order_id
    )
    count, paid, discounts = session.execute(lines.where(from_source)).one()
    orders = session.execute(select(func.count(), func.sum(Order.amount_cents)).where(from_source)).one()
    receipts = select(func.count()).select_from(Message).where(Message.step_key == RECEIPT_STEP)
    of_campaigns = (
        select(func.count()).select_from(Coupon).where(Coupon.code.startswith(COUPON_PREFIX, autoescape=True))
    )
    of_imports = select(Campaign.journey_id).where(Campaign.is_imported)
    redeemed = select(func.count()).select_from(CouponRedemption).where(CouponRedemption.journey_id.in_(of_imports))
    return {
        "members": count_rows(session, Member),
        "products": count_rows(session, Product),
        "orders": orders[0],
        "order lines": count,
        "paid in orders (cents)": int(orders[1] or 0),
        "paid in order lines (cents)": int(paid or 0),
        "discounts (cents)": int(discounts or 0),
        "campaigns": session.scalar(select(func.count()).select_from(Campaign).where(Campaign.is_imported)) or 0,
        "campaign receipts": session.scalar(receipts) or 0,
        "coupons of campaigns": session.scalar(of_campaigns) or 0,
        "redemptions": session.scalar(redeemed) or 0,
    }


def _fill(session: Session, source: Source, machine: Clock, progress: Progress) -> None:
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text(f"PRAGMA cache_size=-{PAGE_CACHE_KIB}"))
    now = morning_after(source)
    today = local_day(now, ZONE)
    open_workspace(
        session,
        name="The Complete Journey",
        dataset=DATASET,
        zone=ZONE,
        currency=CURRENCY,
        origin={},
        now=now,
        machine=machine,
    )
    people = create_people(session)
    households = np.sort(source.transactions["household_id"].unique())
    _write_members(session, source, households, people, today, progress)
    _write_products(session, source, progress)
    _write_orders(session, source, households, progress)
    write_campaigns(session, source, households, people["mia"], now, progress)
    move_sequences(session, NUMBERED)
    _stock_house_coupons(session, today)
    refresh_activity(session, today, ZONE)
    refresh_scores(session, today, ZONE)
    rebuild_facts(session, today, ZONE)
    refresh_statistics(session)


def morning_after(source: Source) -> datetime:
    """The first 9:00, local time, after the last purchase."""
    last = pd.Timestamp(source.transactions["transaction_timestamp"].max())
    morning = last.normalize() + timedelta(hours=MORNING_HOUR)
    if morning <= last:
        morning += timedelta(days=1)
    return datetime.combine(morning.date(), morning.time(), tzinfo=ZONE).astimezone(UTC)


def _write_members(
    session: Session, source: Source, households: Ints, people: dict[str, Account], today: date, progress: Progress
) -> None:
    sold = source.transactions
    spent = sold.groupby("household_id")["sales_value"].sum()
    by_month = sold.groupby([sold["household_id"], sold["transaction_timestamp"].dt.to_period("M")])[
        "sales_value"
    ].sum()
    bands = source.demographics.set_index("household_id")["age"].to_dict()
    made = make_households(
        np.arange(1, len(households) + 1),
        [bands.get(household) for household in households.tolist()],
        cents(by_month.groupby("household_id").max()),
        len(CSM_USERNAMES),
        today,
    )
    year_cents = cents(spent)
    session.add_all(
        Tier(name=name, rank=rank, min_spend_cents=minimum)
        for rank, (name, minimum) in enumerate(
            zip(TIER_NAMES, tier_minimums(year_cents).tolist(), strict=True), start=1
        )
    )
    session.flush()
    first_seen = epochs(sold.groupby("household_id")["transaction_timestamp"].min())
    _insert_members(session, households, made, people, first_seen, progress)
    _insert_contacts(session, made, first_seen, progress)
    points = (year_cents / 100 * POINTS_PER_DOLLAR).astype(np.int64)
    insert_columns(session, PointsAccount, {"member_id": made.ids, "balance": points}, progress)
    listed = made.ids[made.blacklisted]
    insert_columns(
        session,
        Suppression,
        {"member_id": listed, "reason": ["complaint"] * len(listed), "created_at": first_seen[made.blacklisted]},
    )


def _insert_members(
    session: Session,
    households: Ints,
    made: Households,
    people: dict[str, Account],
    first_seen: Ints,
    progress: Progress,
) -> None:
    owners = [people[username].id for username in CSM_USERNAMES]
    columns: dict[str, Column] = {
        "id": made.ids,
        "external_ref": [f"H{household}" for household in households.tolist()],
        "name": made.names,
        "name_folded": fold_names(made.names),
        "gender": made.genders,
        "birthday_on": [day.isoformat() for day in made.birthdays],
        "birth_month_day": [day.month * 100 + day.day for day in made.birthdays],
        "city": made.cities,
        "tier": [TIER_NAMES[index] for index in made.tier.tolist()],
        "joined_at": first_seen,
        "preferred_channel": made.preferred,
        "owner_id": [owners[n] if n >= 0 else None for n in made.owner.tolist()],
    }
    insert_columns(session, Member, columns, progress)


def _insert_contacts(session: Session, made: Households, first_seen: Ints, progress: Progress) -> None:
    for channel in CHANNELS:
        reachable = made.ids[made.reachable[channel]].tolist()
        addresses = [_address(channel, made.names[member_id - 1], member_id) for member_id in reachable]
        columns: dict[str, Column] = {
            "member_id": reachable,
            "channel": [channel.value] * len(reachable),
            "address": addresses,
            "normalised": [address.casefold().replace(" ", "") for address in addresses],
        }
        insert_columns(session, ContactPoint, columns, progress)
        answers = made.consent[channel]
        asked = answers >= 0
        consents: dict[str, Column] = {
            "member_id": made.ids[asked],
            "channel": [channel.value] * int(asked.sum()),
            "granted": answers[asked] == 1,
            "changed_at": first_seen[asked],
            "source": ["import"] * int(asked.sum()),
        }
        insert_columns(session, Consent, consents, progress)


def _address(channel: Channel, name: str, member_id: int) -> str:
    """Addresses that can belong to nobody: example.com, and an area code that does not exist."""
    if channel is Channel.SMS:
        return f"+1 000 {member_id // 10_000:03d} {member_id % 10_000:04d}"
    if channel is Channel.PUSH:
        return f"device-{member_id}"
    return f"{name.replace(' ', '.').lower()}.{member_id}@example.com"


def _all_products(source: Source) -> pd.DataFrame:
    """The catalogue, and behind it the few products that were sold without standing in it."""
    sold = pd.DataFrame({"product_id": source.transactions["product_id"].unique()})
    return source.products.merge(sold, on="product_id", how="outer").sort_values("product_id", ignore_index=True)


def _write_products(session: Session, source: Source, progress: Progress) -> None:
    products = _all_products(source)
    category = _categories(products)
    kind = products["product_type"].fillna(category)
    size = products["package_size"].fillna("")
    insert_columns(
        session,
        Product,
        {
            "id": np.arange(1, len(products) + 1),
            "external_ref": products["product_id"].astype(str).tolist(),
            "name": (kind + " " + size).str.strip().tolist(),
            "category": category.tolist(),
            "department": products["department"].fillna(UNKNOWN).tolist(),
            "brand": [None if pd.isna(brand) else brand for brand in products["brand"].tolist()],
        },
        progress,
    )


def _stock_house_coupons(session: Session, today: date) -> None:
    """Coupons of the shop's own, made up, so that a new campaign has something to give."""
    session.add_all(
        Coupon(
            code=code,
            name=name,
            kind=kind,
            value=value,
            unit_cost_cents=0,
            stock_total=HOUSE_STOCK,
            valid_until=today + timedelta(days=HOUSE_VALID_DAYS),
        )
        for code, name, kind, value in HOUSE_COUPONS
    )
    session.flush()


def _categories(products: pd.DataFrame) -> "pd.Series[str]":
    return products["product_category"].fillna(products["department"]).fillna(UNKNOWN)


def _write_orders(session: Session, source: Source, households: Ints, progress: Progress) -> None:
    sold = source.transactions
    products = _all_products(source)
    line_product = np.searchsorted(products["product_id"].to_numpy(), sold["product_id"].to_numpy())
    line_member = np.searchsorted(households, sold["household_id"].to_numpy()) + 1
    line_at = epochs(sold["transaction_timestamp"])
    line_cents = cents(sold["sales_value"])
    basket, first_line, line_order = np.unique(sold["basket_id"].to_numpy(), return_index=True, return_inverse=True)
    amounts = np.bincount(line_order, weights=line_cents, minlength=len(basket)).astype(np.int64)
    insert_columns(
        session,
        Order,
        {
            "id": np.arange(1, len(basket) + 1),
            "external_ref": basket.astype(str),
            "member_id": line_member[first_line],
            "ordered_at": line_at[first_line],
            "amount_cents": amounts,
            "source": ["import"] * len(basket),
        },
        progress,
    )
    discounts = sold["retail_disc"] + sold["coupon_disc"] + sold["coupon_match_disc"]
    insert_columns(
        session,
        OrderLine,
        {
            "id": np.arange(1, len(sold) + 1),
            "order_id": line_order + 1,
            "member_id": line_member,
            "ordered_at": line_at,
            "product_id": line_product + 1,
            "category": _categories(products).to_numpy(dtype=object)[line_product],
            "quantity": sold["quantity"].to_numpy(),
            "amount_cents": line_cents,
            "discount_cents": cents(discounts),
        },
        progress,
    )
