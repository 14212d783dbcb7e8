"""Members to write to, made up: who can be reached where, who agreed, who is whose double, who heard from us lately.

Shares are those that the targets were measured on: per member nearly two channels on which he agreed and can be
reached, 5 messages behind him, a few doubles and a few on the blacklist. The same size gives the same members.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, delete, text
from sqlalchemy.orm import DeclarativeBase, Session

from crm.access.models import PolicySetting
from crm.access.policy import set_policy
from crm.bulk import Column, Progress, insert_columns, no_progress
from crm.channels import SENDABLE_CHANNELS, Channel
from crm.clock import SystemClock
from crm.database import Sessions, unit_of_work
from crm.datasets.bulk import for_loading, indexed_at_the_end, move_sequences
from crm.datasets.occupancy import is_loaded, open_workspace
from crm.datasets.people import create_people
from crm.datasets.randomness import Ints
from crm.members.models import Consent, ContactPoint, Member, Suppression
from crm.outreach.models import Arm, Enrolment, Journey, JourneyState, Message, MessageState

SEED = 7
DATASET = "bench-outreach"
ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
"""Ten in the morning in the workspace's zone: nobody's quiet hours."""
LONG_AGO = int((NOW - timedelta(days=400)).timestamp())

ANSWERED_SHARE, GRANTED_SHARE = 0.85, 0.75
REACHABLE_SHARES = {Channel.EMAIL: 0.97, Channel.SMS: 0.95, Channel.PUSH: 0.80}
DOUBLE_SHARES = {Channel.EMAIL: 0.03, Channel.SMS: 0.02, Channel.PUSH: 0.0}
"""Of members, who have the address of an earlier member. A push token belongs to one device."""
SUPPRESSED_SHARE = 0.012
MESSAGES_BEHIND, DAYS_BEHIND = 5, 60

Columns = Mapping[str, Column]


def fill(sessions: Sessions, members: int, progress: Progress = no_progress) -> None:
    """Fill a migrated, empty database, unless it holds these members already.

    Raises Conflict when it holds anything else.
    """
    origin = {"seed": SEED, "members": members}
    with unit_of_work(sessions) as session:
        if is_loaded(session, DATASET, origin):
            return
        create_people(session)
        session.add(Journey(id=1, name="Before", spec={}, state=JourneyState.ENDED, created_at=NOW))
    with for_loading(sessions) as loading:
        for model, columns in _tables(members).items():
            with unit_of_work(loading) as session, indexed_at_the_end(session, (model,)):
                insert_columns(session, model, columns, progress)
    with unit_of_work(sessions) as session:
        move_sequences(session, (Member, Journey, Enrolment, Message))
    tidy(sessions)
    with unit_of_work(sessions) as session:
        _open(session, origin)


def tidy(sessions: Sessions) -> None:
    """Bring statistics up to date; on PostgreSQL also clear away dead rows, as its own vacuum would soon do."""
    engine: Engine = sessions.kw["bind"]
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        return
    with unit_of_work(sessions) as session:
        session.execute(text("ANALYZE"))


def usual_caps(session: Session) -> None:
    """The product's own policy."""
    session.execute(delete(PolicySetting))


def raise_caps(session: Session, most: int) -> None:
    """Let members hear from us this often in a week: the gate counts as ever, and lets everything pass."""
    set_policy(session, "frequency_cap_per_channel_7d", {channel.value: most for channel in SENDABLE_CHANNELS})
    set_policy(session, "frequency_cap_total_7d", most)


def _open(session: Session, origin: dict[str, int]) -> None:
    open_workspace(
        session,
        name="Benchmark of outreach",
        dataset=DATASET,
        zone=ZONE,
        currency="CNY",
        origin=origin,
        now=NOW,
        machine=SystemClock(),
    )


def _tables(members: int) -> dict[type[DeclarativeBase], Columns]:
    ids = np.arange(1, members + 1, dtype=np.int64)
    return {
        Member: _members(ids),
        ContactPoint: _contacts(ids),
        Consent: _consents(members),
        Suppression: _suppressions(members),
        **_behind(members),
    }


def _random(purpose: str) -> np.random.Generator:
    return np.random.default_rng([SEED, crc32(purpose.encode())])


def _members(ids: Ints) -> Columns:
    tiers = np.array(["bronze", "silver", "gold", "platinum"], dtype=object)
    return {
        "id": ids,
        "external_ref": [f"B{number}" for number in ids],
        "name": [f"Member {number}" for number in ids],
        "tier": tiers[_random("members").integers(4, size=len(ids))],
        "joined_at": np.full(len(ids), LONG_AGO),
    }


def _contacts(ids: Ints) -> Columns:
    listed = _listed(len(ids))
    written = {Channel.EMAIL: "Member{}@Example.com", Channel.SMS: "+86138{:08}", Channel.PUSH: "token-{}"}
    member: list[int] = []
    channels: list[str] = []
    addresses: list[str] = []
    for channel, form in written.items():
        random = _random(f"contacts {channel}")
        reachable = ids[random.random(len(ids)) < REACHABLE_SHARES[channel]]
        other = (reachable * random.random(len(reachable))).astype(np.int64) + 1
        is_double = random.random(len(reachable)) < DOUBLE_SHARES[channel]
        is_double &= ~np.isin(reachable, listed) & ~np.isin(other, listed)
        owner = np.where(is_double, other, reachable)
        member += reachable.tolist()
        channels += [channel.value] * len(reachable)
        addresses += [form.format(number) for number in owner.tolist()]
    normalised = [address.casefold() for address in addresses]
    return {"member_id": member, "channel": channels, "address": addresses, "normalised": normalised}


def _consents(members: int) -> Columns:
    random, channels = _random("consents"), len(SENDABLE_CHANNELS)
    answered = np.flatnonzero(random.random(members * channels) < ANSWERED_SHARE)
    return {
        "member_id": answered // channels + 1,
        "channel": _channel_words(answered % channels),
        "granted": random.random(len(answered)) < GRANTED_SHARE,
        "changed_at": np.full(len(answered), LONG_AGO),
        "source": ["import"] * len(answered),
    }


def _listed(members: int) -> Ints:
    """Who is on the blacklist, and nobody's double: with a double the product leaves out the whole person."""
    return np.flatnonzero(_random("suppressions").random(members) < SUPPRESSED_SHARE) + 1


def _suppressions(members: int) -> Columns:
    listed = _listed(members)
    return {
        "member_id": listed,
        "reason": ["complaint"] * len(listed),
        "created_at": np.full(len(listed), LONG_AGO),
    }


def _behind(members: int) -> dict[type[DeclarativeBase], Columns]:
    """One journey that everyone went through, its messages spread over the last two months."""
    ids, rows = np.arange(1, members + 1), members * MESSAGES_BEHIND
    random = _random("behind")
    step = np.tile(np.arange(MESSAGES_BEHIND), members)
    sent_at = int(NOW.timestamp()) - random.integers(3_600, DAYS_BEHIND * 86_400, size=rows)
    enrolments: Columns = {
        "id": ids,
        "journey_id": np.ones(members, dtype=np.int64),
        "member_id": ids,
        "occurrence": ["launch"] * members,
        "arm": [Arm.TREATMENT.value] * members,
        "enrolled_at": np.full(members, LONG_AGO),
    }
    messages: Columns = {
        "id": np.arange(1, rows + 1),
        "enrolment_id": np.repeat(ids, MESSAGES_BEHIND),
        "journey_id": np.ones(rows, dtype=np.int64),
        "member_id": np.repeat(ids, MESSAGES_BEHIND),
        "step_key": np.array([f"before-{number}" for number in range(MESSAGES_BEHIND)], dtype=object)[step],
        "channel": _channel_words(random.integers(len(SENDABLE_CHANNELS), size=rows)),
        "due_at": sent_at,
        "state": [MessageState.DELIVERED.value] * rows,
        "attempts": np.ones(rows, dtype=np.int64),
        "sent_at": sent_at,
        "delivered_at": sent_at,
    }
    return {Enrolment: enrolments, Message: messages}


def _channel_words(chosen: NDArray[np.integer]) -> NDArray[np.object_]:
    words: NDArray[np.object_] = np.array([channel.value for channel in SENDABLE_CHANNELS], dtype=object)[chosen]
    return words
