"""one lifecycle: what campaigns and journeys share stands once, on the journey; each campaign has one from its draft on.

The columns of `campaigns` that moved keep what they held, may stay empty, and are dropped one version later. Their
`state` says that everything is over: a worker of the version before finds nothing to launch or to close, and no
journey that it knows to be running, until it is replaced.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

ONLY_CAMPAIGNS = sa.text("kind = 'campaign'")
NEW_STATES = {"active": "running", "approved": "scheduled"}
MOVED = (
    ("state_note", "note"),
    ("author_id", "author_id"),
    ("created_at", "created_at"),
    ("updated_at", "updated_at"),
    ("starts_at", "starts_at"),
    ("ends_at", "ends_at"),
    ("launched_at", "activated_at"),
    ("completed_at", "ended_at"),
)
"""Columns of campaigns, and how they are called on the journey; those that both had are joined by hand below."""

AUDIT = sa.table("audit_entries", sa.column("at"), sa.column("action"), sa.column("subject"))
CAMPAIGNS = sa.table(
    "campaigns",
    *map(sa.column, ("id", "name", "state", "request_id", "journey_id", "held_until", "held_times")),
    *(sa.column(before) for before, _ in MOVED),
)
JOURNEYS = sa.table(
    "journeys",
    *map(sa.column, ("id", "name", "version", "kind", "state", "end_reason", "request_id", "held_until", "held_times")),
    *(sa.column(after) for _, after in MOVED),
    sa.column("spec", sa.JSON),
    sa.column("is_walked", sa.Boolean),
)


def upgrade() -> None:
    for name, kind in (("end_reason", sa.String(32)), ("starts_at", sa.BigInteger()), ("ends_at", sa.BigInteger())):
        op.add_column("journeys", sa.Column(name, kind, nullable=True))
    op.add_column("journeys", sa.Column("kind", sa.String(32), server_default=sa.text("'journey'"), nullable=False))
    connection = op.get_bind()
    _say_why_they_ended(connection)
    for before, after in NEW_STATES.items():
        connection.execute(sa.update(JOURNEYS).where(JOURNEYS.c.state == before).values(state=after))
    for campaign in connection.execute(sa.select(CAMPAIGNS).order_by(CAMPAIGNS.c.id)).all():
        _move(connection, campaign)
    op.create_index(
        "ix_journeys_campaign_names",
        "journeys",
        ["name"],
        unique=True,
        sqlite_where=ONLY_CAMPAIGNS,
        postgresql_where=ONLY_CAMPAIGNS,
    )
    with _rebuilt_campaigns(connection) as table:
        for column in ("name", "author_id", "created_at", "updated_at"):
            table.alter_column(column, nullable=True)
        table.alter_column("journey_id", nullable=False)
        table.alter_column("state", server_default=sa.text("'cancelled'"))
    connection.execute(sa.update(CAMPAIGNS).values(state="cancelled", held_until=None))


def downgrade() -> None:
    connection = op.get_bind()
    drafts = _move_back(connection)
    with _rebuilt_campaigns(connection) as table:
        table.alter_column("state", server_default=None)
        table.alter_column("journey_id", nullable=True)
        for column in ("name", "author_id", "created_at", "updated_at"):
            table.alter_column(column, nullable=False)
    connection.execute(sa.update(CAMPAIGNS).where(CAMPAIGNS.c.journey_id.in_(drafts)).values(journey_id=None))
    connection.execute(sa.delete(JOURNEYS).where(JOURNEYS.c.id.in_(drafts)))
    for before, after in NEW_STATES.items():
        connection.execute(sa.update(JOURNEYS).where(JOURNEYS.c.state == after).values(state=before))
    op.drop_index("ix_journeys_campaign_names", "journeys")
    for name in ("kind", "ends_at", "starts_at", "end_reason"):
        op.drop_column("journeys", name)


def _say_why_they_ended(connection: sa.Connection) -> None:
    """A person ended a journey in all its versions at once, and that is in the audit; the others came to their end."""
    ended = JOURNEYS.c.state == "ended"
    connection.execute(sa.update(JOURNEYS).where(ended).values(end_reason="completed"))
    by_people = sa.select(AUDIT).where(AUDIT.c.action == "journey.ended")
    for entry in connection.execute(by_people).all():
        number = entry.subject.partition(":")[2]
        name = connection.scalar(sa.select(JOURNEYS.c.name).where(JOURNEYS.c.id == int(number)))
        then = (JOURNEYS.c.name == name, ended, JOURNEYS.c.ended_at == entry.at)
        connection.execute(sa.update(JOURNEYS).where(*then).values(end_reason="cancelled"))


def _move(connection: sa.Connection, campaign: Any) -> None:
    """What is on the campaign goes to its journey; one that was not launched gets a journey without steps, which are
    written at the launch or with the next change."""
    is_over = campaign.state in ("completed", "cancelled")
    values = {after: getattr(campaign, before) for before, after in MOVED}
    values |= {"kind": "campaign", "name": campaign.name, "state": "ended" if is_over else campaign.state}
    values |= {"end_reason": campaign.state if is_over else None}
    taken = sa.select(JOURNEYS.c.id).where(JOURNEYS.c.request_id == campaign.request_id)
    values["request_id"] = None if connection.scalar(taken) is not None else campaign.request_id
    if campaign.journey_id is None:
        values |= {"held_until": campaign.held_until, "held_times": campaign.held_times}
        journey_id = _new_journey(connection, values)
        mine = sa.update(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign.id)
        connection.execute(mine.values(journey_id=journey_id))
        return
    mine = JOURNEYS.c.id == campaign.journey_id
    held = connection.execute(sa.select(JOURNEYS.c.note, JOURNEYS.c.held_until).where(mine)).one()
    values["note"] = held.note or campaign.state_note
    if campaign.held_until is not None and held.held_until is None:
        values |= {"held_until": campaign.held_until, "held_times": campaign.held_times}
    connection.execute(sa.update(JOURNEYS).where(mine).values(**values))


def _new_journey(connection: sa.Connection, values: dict[str, Any]) -> int:
    newest = sa.select(sa.func.max(JOURNEYS.c.version)).where(JOURNEYS.c.name == values["name"])
    version = (connection.scalar(newest) or 0) + 1
    row = sa.insert(JOURNEYS).values(**values, version=version, spec={}, is_walked=False)
    return int(connection.execute(row.returning(JOURNEYS.c.id)).scalar_one())


def _move_back(connection: sa.Connection) -> list[int]:
    """Gives the journeys of campaigns that were not launched, which the version before does not have."""
    drafts = []
    for journey in connection.execute(sa.select(JOURNEYS).where(JOURNEYS.c.kind == "campaign")).all():
        values = {before: getattr(journey, after) for before, after in MOVED}
        values |= {name: getattr(journey, name) for name in ("name", "request_id", "held_until", "held_times")}
        values["state"] = journey.end_reason if journey.state == "ended" else journey.state
        values["updated_at"] = journey.updated_at or journey.created_at
        mine = sa.update(CAMPAIGNS).where(CAMPAIGNS.c.journey_id == journey.id)
        connection.execute(mine.values(**values))
        if journey.activated_at is None:
            drafts.append(journey.id)
    # The version before had none of these on the journey of a campaign.
    empty = dict.fromkeys(("author_id", "request_id", "updated_at", "activated_at", "ended_at"))
    mine = sa.update(JOURNEYS).where(JOURNEYS.c.kind == "campaign")
    connection.execute(mine.values(**empty))
    return drafts


@contextmanager
def _rebuilt_campaigns(connection: sa.Connection) -> Iterator[Any]:
    """On SQLite the table is written anew, and must have nothing that refers to it meanwhile: reviews wait aside."""
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        connection.execute(sa.text("CREATE TEMPORARY TABLE kept_reviews AS SELECT * FROM reviews"))
        connection.execute(sa.text("DELETE FROM reviews"))
    with op.batch_alter_table("campaigns") as table:
        yield table
    if is_sqlite:
        connection.execute(sa.text("INSERT INTO reviews SELECT * FROM kept_reviews"))
        connection.execute(sa.text("DROP TABLE kept_reviews"))
