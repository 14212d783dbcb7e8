"""The temporary tables of a draft, of the caller's connection alone."""

from sqlalchemy import BigInteger, Column, Computed, Index, Integer, MetaData, String, Table, text
from sqlalchemy.orm import Session

from crm.channels import SENDABLE_CHANNELS
from crm.database import UtcDateTime
from crm.outreach.models import LEDGER, DeferralReason, Enrolment, MessageState

DRAFT = MetaData()

_CHANNEL = LEDGER.c.channel.type
_ARM = Enrolment.__table__.c.arm.type
_STATE_OF_REASON = (
    f"CASE WHEN reason IS NULL THEN '{MessageState.PLANNED}' "
    f"WHEN reason = '{DeferralReason.QUIET_HOURS}' THEN '{MessageState.DEFERRED}' ELSE '{MessageState.EXCLUDED}' END"
)

AUDIENCE = Table(
    "draft_audience",
    DRAFT,
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("member_id", Integer),
    Column("person_id", Integer),
    Column("arm", _ARM),
    Column("zone_name", String),
    Column("preferred", _CHANNEL),
    *[Column(f"{channel}_address", String) for channel in SENDABLE_CHANNELS],
    *[Column(f"{channel}_reason", String) for channel in SENDABLE_CHANNELS],
    prefixes=["TEMPORARY"],
)
"""Everyone who takes part, the holdout included; `place` counts them in the order of their ids.

`person_id` is the lowest member id among the records of the same person (`persons.py`), who share one arm.
For each channel the normalised address, None where there is none, and why the member may not be written to, None
where he may. `preferred` stands only where a step asks for it.
"""

DOUBLES = Table(
    "draft_doubles",
    DRAFT,
    Column("channels", String),
    Column("channel", _CHANNEL),
    Column("member_id", Integer),
    prefixes=["TEMPORARY"],
)
"""Who is left out of the steps on some channels because somebody before him gets them: on one channel, the address
being the same, or (None) on all, the person being the same."""

USED = Table(
    "draft_used",
    DRAFT,
    Column("member_id", Integer),
    Column("channel", _CHANNEL),
    Column("counts_from", UtcDateTime),
    Column("counts_until", UtcDateTime),
    Index("ix_draft_used_member", "member_id"),
    prefixes=["TEMPORARY"],
)
"""Messages on the books that use up the caps of members of the audience, each from one moment until before another."""

MESSAGES = Table(
    "draft_messages",
    DRAFT,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("member_id", Integer),
    Column("position", Integer),
    Column("step_key", String),
    Column("channel", _CHANNEL),
    Column("variant", String),
    Column("due_at", UtcDateTime),
    Column("reason", String),
    # Stored, because PostgreSQL before 18 computes nothing when it reads.
    Column("state", LEDGER.c.state.type, Computed(_STATE_OF_REASON, persisted=True)),
    prefixes=["TEMPORARY"],
)
"""One row per member, step and channel, as they would stand in the ledger; `position` orders the sendings.

Ids count on from the members of one position to those of the next, each in the order of `AUDIENCE`. That finds a
member's messages without an index, which would take longer to keep than all the checks.
"""


def refresh_statistics(session: Session, table: Table) -> None:
    """PostgreSQL plans with the size of a table as it was analysed last, and nobody else analyses temporary ones."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"ANALYZE {table.name}"))
