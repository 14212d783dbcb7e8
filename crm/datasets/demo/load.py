"""Writes the demo world into an empty database."""

import time
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.access.models import Account
from crm.activity.facts import rebuild_facts
from crm.activity.models import ActivityEvent, Order, OrderLine, Product
from crm.activity.service import refresh_activity
from crm.bulk import Column, Progress, insert_columns, no_progress
from crm.campaigns.models import Campaign
from crm.channels import Channel
from crm.clock import Clock, SystemClock, day_start, local_day
from crm.database import Sessions, unit_of_work
from crm.datasets.bulk import count_rows, for_loading, indexed_at_the_end, move_sequences, refresh_statistics
from crm.datasets.days import LocalDays
from crm.datasets.demo.campaigns import PLANNED
from crm.datasets.demo.cases import CASES
from crm.datasets.demo.history import Cast, run_history
from crm.datasets.demo.population import CHANNELS, OLDEST_JOIN_DAYS, Population, make_population
from crm.datasets.demo.profiles import (
    BLACKLIST_REASONS,
    TIER_DAYS,
    TIERS,
    Profiles,
    make_profiles,
    make_tags,
    register_twice,
)
from crm.datasets.demo.purchases import Happenings, Purchases, make_happenings, make_purchases, product_id
from crm.datasets.demo.segments import save_segments
from crm.datasets.demo.stock import make_coupons
from crm.datasets.demo.words import BRANDS, CATEGORIES, GOODS
from crm.datasets.occupancy import is_loaded, open_workspace
from crm.datasets.people import CSM_USERNAMES, create_people
from crm.datasets.summary import LoadLine, LoadSummary
from crm.errors import InvalidRequest
from crm.fields import Catalog
from crm.lifecycle.service import refresh_scores
from crm.loyalty.models import PointsAccount, Tier
from crm.members.models import Consent, ContactPoint, Member, MemberTag, Suppression
from crm.members.names import fold_names

DATASET = "demo"
DEMO_ZONE = ZoneInfo("Asia/Shanghai")
DEMO_CURRENCY = "CNY"
DEMO_TODAY = date(2026, 6, 1)
MORNING = timedelta(hours=9)
NUMBERED = (Account, Member, ContactPoint, Product, Order, OrderLine, ActivityEvent)
"""Tables that are filled with ids of our own."""
NUMEROUS = (Member, ContactPoint, Consent, PointsAccount, MemberTag, Order, OrderLine, ActivityEvent)
"""Tables that grow with the members."""


def load_demo(
    sessions: Sessions,
    *,
    catalog: Catalog,
    today: date = DEMO_TODAY,
    seed: int = 7,
    members: int = 6000,
    progress: Progress = no_progress,
    machine: Clock | None = None,
) -> LoadSummary:
    """Fill an empty database with the demo world, in one transaction; the clock stands at 9:00 of `today`.

    Loading the same world again changes nothing. Raises Conflict when the database holds anything else,
    InvalidRequest for fewer members than are called by name.
    """
    if members < len(CASES):
        raise InvalidRequest(f"a demo has at least {len(CASES)} members, those that its stories call by name")
    started = time.monotonic()
    origin = {"seed": seed, "members": members, "today": today.isoformat()}
    with for_loading(sessions) as loading, unit_of_work(loading) as session:
        if is_loaded(session, DATASET, origin):
            lines = tuple(LoadLine(what, total, total) for what, total in _totals(session).items())
            return LoadSummary(DATASET, True, lines, time.monotonic() - started)
        now = day_start(today, DEMO_ZONE) + MORNING
        open_workspace(
            session,
            name=f"Nurture demo ({members:,} members)",
            dataset=DATASET,
            zone=DEMO_ZONE,
            currency=DEMO_CURRENCY,
            origin=origin,
            now=now,
            machine=machine or SystemClock(),
        )
        expected = _fill(session, catalog, seed, members, today, now, progress)
        loaded = _totals(session)
        lines = tuple(LoadLine(what, expected.get(what, total), total) for what, total in loaded.items())
        summary = LoadSummary(DATASET, False, lines, time.monotonic() - started)
        summary.require_equal_totals()
    return summary


def _fill(
    session: Session, catalog: Catalog, seed: int, members: int, today: date, now: datetime, progress: Progress
) -> dict[str, int]:
    """Write everything; gives the totals that the generated arrays promise."""
    days = LocalDays(today - timedelta(days=OLDEST_JOIN_DAYS + 1), today, DEMO_ZONE)
    people = create_people(session)
    add_tiers(session)
    add_products(session)
    make_coupons(session, today, members)
    with indexed_at_the_end(session, NUMEROUS, progress):
        promised = _write_population(session, make_population(seed, members, days, today), days, now, people, progress)
    move_sequences(session, NUMBERED)
    refresh_statistics(session)
    cast = Cast.of(people, catalog)
    run_history(session, today=today, now=now, zone=DEMO_ZONE, cast=cast, progress=progress)
    for number, refresh in enumerate((refresh_activity, refresh_scores, rebuild_facts)):
        progress("scores and facts", number, 4)
        refresh(session, today, DEMO_ZONE)
    save_segments(session, cast.author, now, catalog)
    progress("scores and facts", 3, 4)
    refresh_statistics(session)
    progress("scores and facts", 4, 4)
    return promised | {"campaigns": len(PLANNED)}


def _write_population(
    session: Session,
    population: Population,
    days: LocalDays,
    now: datetime,
    people: dict[str, Account],
    progress: Progress,
) -> dict[str, int]:
    """Write the members and all they did of their own accord; gives the totals."""
    today = days.index(local_day(now, DEMO_ZONE))
    population, person = register_twice(population)
    purchases = make_purchases(population, days, today)
    year_start = int(days.at(today - TIER_DAYS, 0))
    profiles = make_profiles(population, person, purchases, year_start)
    _write_members(session, population, profiles, people, progress)
    _write_contacts(session, population, profiles, progress)
    _write_extras(session, population, profiles, purchases, int(now.timestamp()), progress)
    _write_purchases(session, purchases, population, progress)
    happenings = make_happenings(population, days, today)
    _write_happenings(session, happenings, population, progress)
    return {
        "members": population.size,
        "orders": purchases.size,
        "order lines": purchases.size,
        "goods in orders (cents)": int((purchases.amount_cents + purchases.discount_cents).sum()),
        "events": len(happenings.member),
    }


def _totals(session: Session) -> dict[str, int]:
    """The same totals, counted in the database; orders that campaigns caused are left out.

    Goods are counted before discounts, because campaigns gave coupons on some of these orders.
    """
    lines = select(func.count(), func.sum(OrderLine.amount_cents + OrderLine.discount_cents)).join(
        Order, Order.id == OrderLine.order_id
    )
    line_count, goods_cents = session.execute(lines.where(Order.source == "import")).one()
    return {
        "members": count_rows(session, Member),
        "orders": session.scalar(select(func.count()).where(Order.source == "import")) or 0,
        "order lines": line_count,
        "goods in orders (cents)": int(goods_cents or 0),
        "events": count_rows(session, ActivityEvent),
        "campaigns": count_rows(session, Campaign),
    }


def _write_members(
    session: Session, population: Population, profiles: Profiles, people: dict[str, Account], progress: Progress
) -> None:
    owners = [people[username].id for username in CSM_USERNAMES]
    columns: dict[str, Column] = {
        "id": population.ids,
        "external_ref": [f"M{number:07d}" for number in population.ids.tolist()],
        "name": population.names,
        "name_local": population.local_names,
        "name_folded": fold_names(population.names),
        "name_local_folded": fold_names(population.local_names),
        "gender": population.genders,
        "birthday_on": [day.isoformat() if day else None for day in population.birthdays],
        "birth_month_day": [day.month * 100 + day.day if day else None for day in population.birthdays],
        "city": population.cities,
        "tier": [TIERS[index][0] for index in profiles.tier.tolist()],
        "joined_at": population.joined_at,
        "preferred_channel": [CHANNELS[n].value if n >= 0 else None for n in population.preferred.tolist()],
        "owner_id": [owners[n] if n >= 0 else None for n in profiles.owner.tolist()],
    }
    insert_columns(session, Member, columns, progress)


def _write_contacts(session: Session, population: Population, profiles: Profiles, progress: Progress) -> None:
    member_ids, channels, addresses, normalised = [], [], [], []
    for channel, keys in profiles.address_key.items():
        for index in np.flatnonzero(keys >= 0).tolist():
            address = _address(population, channel, int(keys[index]), is_owner=int(keys[index]) == index)
            member_ids.append(index + 1)
            channels.append(channel.value)
            addresses.append(address)
            normalised.append(address.replace(" ", "") if channel is Channel.SMS else address.casefold())
    columns = {
        "id": range(1, len(member_ids) + 1),
        "member_id": member_ids,
        "channel": channels,
        "address": addresses,
        "normalised": normalised,
    }
    insert_columns(session, ContactPoint, columns, progress)


def _address(population: Population, channel: Channel, key: int, *, is_owner: bool) -> str:
    """Addresses that can belong to nobody: example.com, and a phone prefix that no operator has."""
    if channel is Channel.SMS:
        return f"+86 100 {key // 10_000:04d} {key % 10_000:04d}"
    if channel is Channel.PUSH:
        return f"device-{population.seed}-{key + 1}"
    surname, given = population.names[key].split(" ", 1)
    address = f"{given}.{surname}{key + 1}@example.com"
    return address.lower() if is_owner else address


def _write_extras(
    session: Session, population: Population, profiles: Profiles, purchases: Purchases, now: int, progress: Progress
) -> None:
    """Consents, points, tags and the blacklist."""
    asked = {channel: np.flatnonzero(answer >= 0) for channel, answer in profiles.consent.items()}
    members = np.concatenate([population.ids[indexes] for indexes in asked.values()])
    insert_columns(
        session,
        Consent,
        {
            "member_id": members,
            "channel": [channel.value for channel, indexes in asked.items() for _ in indexes],
            "granted": np.concatenate([profiles.consent[c][indexes] == 1 for c, indexes in asked.items()]),
            "changed_at": np.concatenate([population.joined_at[indexes] for indexes in asked.values()]),
            "source": ["import"] * len(members),
        },
        progress,
    )
    insert_columns(session, PointsAccount, {"member_id": population.ids, "balance": profiles.points}, progress)
    tagged, tags = make_tags(population, purchases)
    insert_columns(session, MemberTag, {"member_id": population.ids[tagged], "tag": tags}, progress)
    listed = population.ids[profiles.blacklisted]
    insert_columns(
        session,
        Suppression,
        {
            "member_id": listed,
            "reason": [BLACKLIST_REASONS[number % len(BLACKLIST_REASONS)] for number in listed.tolist()],
            "created_at": np.full(len(listed), now - 90 * 86_400),
        },
        progress,
    )


def add_tiers(session: Session) -> None:
    session.add_all(
        Tier(name=name, rank=rank, min_spend_cents=minimum) for rank, (name, minimum) in enumerate(TIERS, start=1)
    )
    session.flush()


def add_products(session: Session) -> None:
    """Goods of every category; see `product_id` for their ids."""
    session.add_all(
        Product(
            id=1 + row * len(names) + column,
            external_ref=f"P-{category}-{column + 1}",
            name=name,
            category=category,
            department="lifestyle",
            brand=BRANDS[(row + column) % len(BRANDS)],
        )
        for row, (category, names) in enumerate(GOODS.items())
        for column, name in enumerate(names)
    )
    session.flush()


def _write_purchases(session: Session, purchases: Purchases, population: Population, progress: Progress) -> None:
    ids = np.arange(1, purchases.size + 1)
    member_ids = population.ids[purchases.member]
    insert_columns(
        session,
        Order,
        {
            "id": ids,
            "external_ref": [f"D{number}" for number in ids.tolist()],
            "member_id": member_ids,
            "ordered_at": purchases.ordered_at,
            "amount_cents": purchases.amount_cents,
            "source": ["import"] * purchases.size,
        },
        progress,
    )
    insert_columns(
        session,
        OrderLine,
        {
            "id": ids,
            "order_id": ids,
            "member_id": member_ids,
            "ordered_at": purchases.ordered_at,
            "product_id": product_id(purchases.category, purchases.product),
            "category": np.array(CATEGORIES)[purchases.category],
            "quantity": purchases.quantity,
            "amount_cents": purchases.amount_cents,
            "discount_cents": purchases.discount_cents,
        },
        progress,
    )


def _write_happenings(session: Session, happenings: Happenings, population: Population, progress: Progress) -> None:
    columns: dict[str, Column] = {
        "id": np.arange(1, len(happenings.member) + 1),
        "member_id": population.ids[happenings.member],
        "kind": happenings.kind,
        "occurred_at": happenings.occurred_at,
    }
    insert_columns(session, ActivityEvent, columns, progress)
