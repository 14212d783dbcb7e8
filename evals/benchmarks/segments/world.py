"""The members, orders, events and messages that segments are timed on, made up and written as Parquet files.

The shape is the one that the targets were measured on: per member 20 orders over three years (a few buy most),
20 events, 5 messages and 3 tags; a tenth is platinum. Columns are those of the product's tables, words are those
of the language the assistant speaks, so that any definition means something here. The same size gives the same
rows on every machine.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crm.access.models import Role
from crm.activity.models import EventKind
from crm.bulk import Progress, no_progress
from crm.channels import SENDABLE_CHANNELS
from crm.clock import day_start
from crm.datasets.demo.campaigns import PLANNED
from crm.datasets.demo.words import (
    CATEGORIES,
    CATEGORY_WEIGHTS,
    CITY_WEIGHTS,
    FEMALE_GIVEN_NAMES,
    GOODS,
    MALE_GIVEN_NAMES,
    SURNAMES,
)
from crm.datasets.people import DEMO_PEOPLE
from crm.datasets.randomness import Floats, Ints
from crm.lifecycle.models import STAGES
from crm.outreach.models import MessageEventKind, MessageState
from evals.benchmarks.segments import draws

TODAY = date(2026, 6, 1)
ZONE = ZoneInfo("Asia/Shanghai")
"""Has no summer time, so every day is as long as the others."""
DAY = 86_400
HISTORY_DAYS = 1_096
OLDEST_JOIN_DAYS = 1_460
ORDERS_A_MEMBER = 20
"""And as many events."""
MESSAGES_A_MEMBER = 5

TIER_SHARES = {"bronze": 0.42, "silver": 0.30, "gold": 0.18, "platinum": 0.10}
TAG_SHARES = {
    "coffee-lover": 0.45, "tea-drinker": 0.40, "new-mom": 0.12, "price-sensitive": 0.50, "gift-buyer": 0.40,
    "runner": 0.30, "pet-owner": 0.25, "vegan": 0.10, "student": 0.20, "sensitive-skin": 0.22, "KOL": 0.06,
}  # fmt: skip
STAGE_SHARES = (0.08, 0.42, 0.15, 0.05, 0.30)
KIND_SHARES = {
    EventKind.VISIT: 0.82,
    EventKind.SERVICE: 0.05,
    EventKind.PARTICIPATION: 0.08,
    EventKind.FEEDBACK: 0.05,
}
SHARE_LAPSED = 0.2
SHARE_UNKNOWN = 0.04
"""Of birthdays, cities and churn risks."""
STEP_DAYS = (0, 2, 5)
"""Every campaign writes three times: by e-mail, text message and push."""
STATE_SHARES = {MessageState.DELIVERED: 0.92, MessageState.FAILED: 0.03, MessageState.EXCLUDED: 0.05}
HOLDOUT_SHARE = 0.1
OPENED_SHARE, CLICKED_SHARE = 0.3, 0.25
LAUNCHED = tuple(item for item in PLANNED if item.starts_in_days is not None and item.starts_in_days < 0)
CSM_IDS = tuple(number for number, person in enumerate(DEMO_PEOPLE, start=1) if person.role is Role.CSM)

Columns = Mapping[str, Any]
"""By name: arrays of numpy or Arrow."""


@dataclass(frozen=True)
class World:
    """The files of one size; a table's rows stand in `folder / f"{table}.parquet"`."""

    folder: Path
    members: int

    def file(self, table: str) -> Path:
        return self.folder / f"{table}.parquet"


@dataclass(frozen=True)
class _Members:
    joined_at: Ints
    first_at: Ints
    """When the member's history begins: on joining, or with the history itself."""
    last_at: Ints
    """When the member stopped, or tonight."""
    weight: Floats
    """How much he does, in proportion."""
    orders_each: int
    """How many orders, and events, there are for each on average."""


def prepared_world(
    work: Path, members: int, progress: Progress = no_progress, *, orders_each: int = ORDERS_A_MEMBER
) -> World:
    """The world of that size below `work`: as it stands there, or written now."""
    fingerprint = sha256(b"".join(Path(each).read_bytes() for each in (__file__, draws.__file__))).hexdigest()[:12]
    world = World(work / f"world-{members}x{orders_each}-{fingerprint}", members)
    if world.folder.is_dir():
        return world
    part = world.folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    _write_world(World(part, members), orders_each, progress)
    part.rename(world.folder)
    return world


def midnight() -> int:
    """When today begins."""
    return int(day_start(TODAY, ZONE).timestamp())


def _write_world(world: World, orders_each: int, progress: Progress) -> None:
    members = _members(world.members, orders_each)
    tables = [
        ("members", _profiles),
        ("consents", _consents),
        ("member_tags", _tags),
        ("suppressions", _suppressions),
        ("points_accounts", _points),
        ("member_scores", _scores),
        ("member_activity", _activity),
        ("orders", _orders),
        ("activity_events", _events),
        ("enrolments", _campaigns),
        ("coupon_redemptions", _redemptions),
    ]
    for number, (table, make) in enumerate(tables, start=1):
        for name, columns in make(members).items():
            pq.write_table(pa.table(dict(columns)), world.file(name), compression="zstd", row_group_size=1_000_000)
        progress(f"made up {table.replace('_', ' ')}", number, len(tables))


def _some_unknown(random: np.random.Generator, chosen: Ints) -> Ints:
    return np.where(random.random(len(chosen)) < SHARE_UNKNOWN, -1, chosen)


def _members(size: int, orders_each: int) -> _Members:
    random = draws.stream("members")
    joined_at = midnight() - ((1 + random.random(size) * OLDEST_JOIN_DAYS) * DAY).astype(np.int64)
    first_at = np.maximum(joined_at, midnight() - HISTORY_DAYS * DAY)
    tonight = midnight() + DAY - 1
    lapsed_at = first_at + (random.random(size) ** 0.5 * (tonight - first_at)).astype(np.int64)
    last_at = np.where(random.random(size) < SHARE_LAPSED, lapsed_at, tonight)
    weight = np.exp(1.1 * random.standard_normal(size)) * (last_at - first_at)
    return _Members(joined_at, first_at, last_at, weight, orders_each)


def _profiles(members: _Members) -> dict[str, Columns]:
    random, size = draws.stream("profiles"), len(members.weight)
    ids = draws.ids(size)
    tier = draws.drawn(random, tuple(TIER_SHARES.values()), size)
    born = np.datetime64(TODAY) - (random.uniform(18, 75, size) * 365.25).astype("timedelta64[D]")
    months = born.astype("datetime64[M]")
    month_day = (months.astype(np.int64) % 12 + 1) * 100 + (born - months).astype(np.int64) + 1
    has_birthday = random.random(size) >= SHARE_UNKNOWN
    given = (*FEMALE_GIVEN_NAMES, *MALE_GIVEN_NAMES)
    name = random.integers(len(SURNAMES) * len(given), size=size)
    pairs = [(surname, first) for surname in SURNAMES for first in given]
    owner = np.where(tier >= 2, random.integers(len(CSM_IDS), size=size), -1)
    return {
        "members": {
            "id": ids,
            "external_ref": draws.numbered("B", ids),
            "name": draws.words([f"{surname[0]} {first[0]}" for surname, first in pairs], name),
            "name_local": draws.words([f"{surname[1]}{first[1]}" for surname, first in pairs], name),
            "gender": draws.words(("female", "male"), _some_unknown(random, draws.drawn(random, (0.57, 0.43), size))),
            "birthday_on": pa.array(np.datetime_as_string(born), mask=~has_birthday),
            "birth_month_day": pa.array(month_day, mask=~has_birthday),
            "city": draws.words(
                tuple(CITY_WEIGHTS), _some_unknown(random, draws.drawn(random, tuple(CITY_WEIGHTS.values()), size))
            ),
            "tier": draws.words(tuple(TIER_SHARES), tier),
            "joined_at": members.joined_at,
            "preferred_channel": draws.words(
                [channel.value for channel in SENDABLE_CHANNELS], random.integers(-1, len(SENDABLE_CHANNELS), size)
            ),
            "owner_id": pa.array(np.array(CSM_IDS)[owner], mask=owner < 0),
        }
    }


def _consents(members: _Members) -> dict[str, Columns]:
    random, size = draws.stream("consents"), len(members.weight)
    answered = np.flatnonzero(random.random(size * len(SENDABLE_CHANNELS)) < 0.85)
    member, channel = answered // len(SENDABLE_CHANNELS), answered % len(SENDABLE_CHANNELS)
    return {
        "consents": {
            "member_id": member + 1,
            "channel": draws.words([channel.value for channel in SENDABLE_CHANNELS], channel),
            "granted": random.random(len(answered)) < 0.75,
            "changed_at": members.joined_at[member],
            "source": draws.words(("import",), np.zeros(len(answered), dtype=np.int64)),
        }
    }


def _tags(members: _Members) -> dict[str, Columns]:
    random, size = draws.stream("tags"), len(members.weight)
    tagged = [np.flatnonzero(random.random(size) < share) for share in TAG_SHARES.values()]
    tag = np.repeat(np.arange(len(tagged)), [len(found) for found in tagged])
    member = np.concatenate(tagged)
    in_order = np.lexsort((tag, member))
    return {"member_tags": {"member_id": member[in_order] + 1, "tag": draws.words(tuple(TAG_SHARES), tag[in_order])}}


def _suppressions(members: _Members) -> dict[str, Columns]:
    listed = np.flatnonzero(draws.stream("suppressions").random(len(members.weight)) < 0.012)
    return {
        "suppressions": {
            "member_id": listed + 1,
            "reason": draws.words(("complaint",), np.zeros(len(listed), dtype=np.int64)),
            "created_at": members.last_at[listed],
        }
    }


def _points(members: _Members) -> dict[str, Columns]:
    size = len(members.weight)
    balance = np.exp(6.5 + 1.2 * draws.stream("points").standard_normal(size)).astype(np.int64)
    return {"points_accounts": {"member_id": draws.ids(size), "balance": balance}}


def _scores(members: _Members) -> dict[str, Columns]:
    random, size = draws.stream("scores"), len(members.weight)
    return {
        "member_scores": {
            "member_id": draws.ids(size),
            "lifecycle_stage": draws.words(STAGES, draws.drawn(random, STAGE_SHARES, size)),
            "churn_risk": pa.array(np.round(random.random(size), 4), mask=random.random(size) < SHARE_UNKNOWN),
            "clv_cents": np.exp(13.0 + random.standard_normal(size)).astype(np.int64),
        }
    }


def _activity(members: _Members) -> dict[str, Columns]:
    random, size = draws.stream("activity"), len(members.weight)
    return {
        "member_activity": {
            "member_id": draws.ids(size),
            "as_of_on": draws.words((TODAY.isoformat(),), np.zeros(size, dtype=np.int64)),
            "score": np.round(random.random(size) * 100.0, 1),
            "declining_weeks": np.minimum(random.geometric(0.6, size) - 1, 12),
        }
    }


def _happenings(random: np.random.Generator, members: _Members, size: int) -> tuple[Ints, Ints]:
    """Members (as indexes) and moments, in order of time, each between its member's first and last moment."""
    counts = random.multinomial(size, members.weight / members.weight.sum())
    member = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    first, last = members.first_at[member], members.last_at[member]
    moment = first + (random.random(size) * (last - first)).astype(np.int64)
    in_order = np.argsort(moment, kind="stable")
    return member[in_order], moment[in_order]


def _orders(members: _Members) -> dict[str, Columns]:
    """Orders of one line each."""
    random, size = draws.stream("orders"), len(members.weight) * members.orders_each
    member, ordered_at = _happenings(random, members, size)
    ids = draws.ids(size)
    ticket = 4.42 + 0.5 * random.standard_normal(len(members.weight))
    amount = (100 * np.exp(ticket[member] + 0.5 * random.standard_normal(size))).astype(np.int64) + 500
    favourites = draws.drawn(random, tuple(CATEGORY_WEIGHTS.values()), 2 * len(members.weight)).reshape(-1, 2)
    category = np.where(
        random.random(size) < 0.6,
        favourites[member, random.integers(2, size=size)],
        draws.drawn(random, tuple(CATEGORY_WEIGHTS.values()), size),
    )
    products = len(GOODS[CATEGORIES[0]])
    shared: Columns = {"member_id": member + 1, "ordered_at": ordered_at, "amount_cents": amount}
    return {
        "orders": {
            "id": ids,
            "external_ref": draws.numbered("B", ids),
            "source": draws.words(("import",), np.zeros(size, dtype=np.int64)),
            **shared,
        },
        "order_lines": {
            "id": ids,
            "order_id": ids,
            "product_id": 1 + category * products + random.integers(products, size=size),
            "category": draws.words(CATEGORIES, category),
            "quantity": random.integers(1, 4, size=size),
            "discount_cents": np.zeros(size, dtype=np.int64),
            **shared,
        },
    }


def _events(members: _Members) -> dict[str, Columns]:
    random, size = draws.stream("events"), len(members.weight) * members.orders_each
    member, occurred_at = _happenings(random, members, size)
    kind = draws.drawn(random, tuple(KIND_SHARES.values()), size)
    return {
        "activity_events": {
            "id": draws.ids(size),
            "member_id": member + 1,
            "kind": draws.words([kind.value for kind in KIND_SHARES], kind),
            "occurred_at": occurred_at,
        }
    }


def _campaigns(members: _Members) -> dict[str, Columns]:
    """Enrolments in every launched campaign, the messages they gave, and what members did with those."""
    random, size = draws.stream("campaigns"), len(members.weight)
    share = MESSAGES_A_MEMBER / len(STEP_DAYS) / len(LAUNCHED) / (1 - HOLDOUT_SHARE)
    enrolled = [np.flatnonzero(random.random(size) < share) for _ in LAUNCHED]
    journey = np.repeat(np.arange(len(LAUNCHED)), [len(found) for found in enrolled])
    member = np.concatenate(enrolled)
    started_at = midnight() + np.array([(item.starts_in_days or 0) * DAY for item in LAUNCHED])[journey] + 10 * 3600
    is_held_out = random.random(len(member)) < HOLDOUT_SHARE
    enrolments: Columns = {
        "id": draws.ids(len(member)),
        "journey_id": journey + 1,
        "member_id": member + 1,
        "occurrence": draws.words(("launch",), np.zeros(len(member), dtype=np.int64)),
        "arm": draws.words(("treatment", "holdout"), is_held_out.astype(np.int64)),
        "enrolled_at": started_at,
    }
    treated = np.flatnonzero(~is_held_out)
    messages, events = _messages(random, treated, journey[treated], member[treated], started_at[treated])
    return {"enrolments": enrolments, "messages": messages, "message_events": events}


def _messages(
    random: np.random.Generator, enrolment: Ints, journey: Ints, member: Ints, started_at: Ints
) -> tuple[Columns, Columns]:
    steps = len(STEP_DAYS)
    row = np.repeat(np.arange(len(enrolment)), steps)
    step = np.tile(np.arange(steps), len(enrolment))
    due_at = started_at[row] + np.array(STEP_DAYS)[step] * DAY
    is_past = due_at < midnight()
    row, step, due_at = row[is_past], step[is_past], due_at[is_past]
    ids, state = draws.ids(len(row)), draws.drawn(random, tuple(STATE_SHARES.values()), len(row))
    is_delivered = state == 0
    opened = np.flatnonzero(is_delivered & (random.random(len(row)) < OPENED_SHARE))
    clicked = opened[random.random(len(opened)) < CLICKED_SHARE]
    reacted = np.concatenate([opened, clicked])
    kind = np.repeat([0, 1], [len(opened), len(clicked)])
    messages: Columns = {
        "id": ids,
        "enrolment_id": enrolment[row] + 1,
        "journey_id": journey[row] + 1,
        "member_id": member[row] + 1,
        "step_key": draws.words([f"step-{number + 1}" for number in range(steps)], step),
        "channel": draws.words([channel.value for channel in SENDABLE_CHANNELS], step % len(SENDABLE_CHANNELS)),
        "due_at": due_at,
        "state": draws.words([state.value for state in STATE_SHARES], state),
        "attempts": (state < 2).astype(np.int64),
        "sent_at": pa.array(due_at, mask=~is_delivered),
        "delivered_at": pa.array(due_at, mask=~is_delivered),
    }
    events: Columns = {
        "id": draws.ids(len(reacted)),
        "message_id": ids[reacted],
        "member_id": member[row[reacted]] + 1,
        "kind": draws.words((MessageEventKind.OPENED.value, MessageEventKind.CLICKED.value), kind),
        "occurred_at": due_at[reacted] + random.integers(60, 6 * 3600, len(reacted)) + 60 * kind,
        "by_machine": np.zeros(len(reacted), dtype=np.bool_),
    }
    return messages, events


def _redemptions(members: _Members) -> dict[str, Columns]:
    random, size = draws.stream("redemptions"), len(members.weight) // 6
    journey = random.integers(len(LAUNCHED), size=size)
    started_at = midnight() + np.array([(item.starts_in_days or 0) * DAY for item in LAUNCHED])[journey]
    return {
        "coupon_redemptions": {
            "id": draws.ids(size),
            "coupon_id": random.integers(1, 5, size=size),
            "member_id": random.integers(1, len(members.weight) + 1, size=size),
            "journey_id": journey + 1,
            "redeemed_at": started_at + random.integers(DAY, 2 * DAY, size=size),
            "discount_cents": np.full(size, 3_000),
        }
    }
