"""Runs the campaigns of `yardstick.sql` and `yardstick_ledger.sql`, written by hand, and says whom they found."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Column, Engine, Index, Integer, MetaData, String, Table, UniqueConstraint, text
from sqlalchemy.orm import Session

from crm.access.policy import Policy
from crm.database import UtcDateTime
from crm.outreach.models import Journey, JourneyState
from crm.outreach.rules import FREQUENCY_WINDOW
from evals.benchmarks.outreach.people import NOW

STEP_DAYS = (0, 7, 14)
HOLDOUT_SHARE = 0.1
_HASH_VALUES, _SALT = 2**32, 12_345
_FILE = Path(__file__).with_name("yardstick.sql")
_LEDGER_FILE = Path(__file__).with_name("yardstick_ledger.sql")

OUTBOX = Table(
    "yardstick_outbox",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("campaign_id", Integer, nullable=False),
    Column("member_id", Integer, nullable=False),
    Column("channel", String, nullable=False),
    Column("step", Integer, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("status", Integer, nullable=False),
    Column("sent_at", UtcDateTime),
    UniqueConstraint("campaign_id", "member_id", "channel", "step"),
    Index("ix_yardstick_outbox_member", "member_id", "sent_at"),
    Index("ix_yardstick_outbox_due", "due_at", sqlite_where=text("status = 0"), postgresql_where=text("status = 0")),
)
"""The primary key and three indexes, as measured by hand; no foreign keys."""


@dataclass(frozen=True)
class Found:
    """Before the frequency cap and the holdout, on which the rules differ."""

    people: int
    messages: int
    """One for each of their channels and each step."""


@contextmanager
def outbox(engine: Engine) -> Iterator[None]:
    """The yardstick's own table, as long as the block runs."""
    OUTBOX.metadata.drop_all(engine)
    OUTBOX.metadata.create_all(engine)
    try:
        yield
    finally:
        OUTBOX.metadata.drop_all(engine)


def run_yardstick(session: Session, policy: Policy) -> None:
    """The whole campaign: audience and schedule, of which only what goes out is written, to a table of its own."""
    _run(session, _statements(_FILE), _values(policy))


def run_ledger_yardstick(session: Session, policy: Policy) -> None:
    """The same audience and schedule, written to the ledger with all who are left out."""
    journey = Journey(name="By hand", version=1, spec={}, state=JourneyState.RUNNING, created_at=NOW)
    session.add(journey)
    session.flush()
    create, fill, _, drop = _statements(_FILE)
    values = {**_values(policy), "journey": journey.id}
    _run(session, [create, fill, *_statements(_LEDGER_FILE), drop], values)


def found_by_yardstick(session: Session, policy: Policy) -> Found:
    create, fill, _, drop = _statements(_FILE)
    _run(session, [create, fill], _values(policy))
    people, channels = session.execute(
        text("SELECT count(*), sum(by_email + by_sms + by_push) FROM yardstick_audience")
    ).one()
    session.execute(text(drop))
    return Found(people, channels * len(STEP_DAYS))


def _run(session: Session, statements: Sequence[str], values: Mapping[str, int]) -> None:
    for statement in statements:
        session.execute(text(statement), {name: value for name, value in values.items() if f":{name}" in statement})


def _statements(file: Path) -> list[str]:
    return [statement.strip() for statement in file.read_text(encoding="utf-8").split(";\n") if statement.strip()]


def _values(policy: Policy) -> dict[str, int]:
    now = int(NOW.timestamp())
    due = {f"due_{number}": now + 86_400 * days for number, days in enumerate(STEP_DAYS, start=1)}
    return {
        "now": now,
        "week_ago": int((NOW - FREQUENCY_WINDOW).timestamp()),
        "cap": policy.frequency_cap_total_7d,
        "salt": _SALT,
        "threshold": int(_HASH_VALUES * HOLDOUT_SHARE),
        **due,
    }
