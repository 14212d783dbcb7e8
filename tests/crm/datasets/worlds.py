"""What the tests of demo worlds share: size, clock, and a fingerprint for saying that two worlds are the same."""

from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.clock import FixedClock
from crm.database import Base

MEMBERS = 400
MACHINE = FixedClock(datetime(2026, 11, 21, 12, 0, tzinfo=UTC))
"""The machine's clock stands still, so that a walk ends where it is told to."""

ACCIDENTAL = frozenset(
    {"id", "claimed_by", "password_hash", "clock_offset_seconds", "message_id", "order_id"}
    | {"since", "evaluated_at", "duration_ms", "seen_change_id"}
)
"""Columns that hold salts, names of workers, numbers given in order of writing, or when a segment was looked at."""
SKIPPED_TABLES = frozenset({"audit_entries", "outbox_items", "member_changes", "segment_days", "segment_events"})
"""Who is in a segment does not depend on how one walks; when it was noticed does."""


def digest(session: Session) -> dict[str, str]:
    """One fingerprint a table, over its rows as a set."""
    return {
        table.name: _rows_digest(session, table.name)
        for table in Base.metadata.sorted_tables
        if table.name not in SKIPPED_TABLES
    }


def _rows_digest(session: Session, name: str) -> str:
    table = Base.metadata.tables[name]
    columns = [column for column in table.columns if column.name not in ACCIDENTAL]
    rows = sorted(repr(tuple(row)) for row in session.execute(select(*columns)))
    return f"{len(rows)} rows, {sha256(chr(10).join(rows).encode()).hexdigest()[:16]}"
