"""addresses that cannot be read, suppressed addresses, and the priority of messages."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MAY_BE_DUE = sa.text("state IN ('planned', 'deferred', 'claimed')")


def upgrade() -> None:
    with op.batch_alter_table("contact_points", schema=None) as batch_op:
        batch_op.add_column(sa.Column("problem", sa.String(), nullable=True))
    op.create_table(
        "address_suppressions",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("normalised", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "normalised", name=op.f("pk_address_suppressions")),
        sqlite_with_rowid=False,
    )
    # Not in a batch: a default is added in place, where a batch would copy the whole ledger.
    op.add_column(
        "messages", sa.Column("priority", sa.String(length=32), server_default=sa.text("'campaign'"), nullable=False)
    )
    op.drop_index("ix_messages_due_at_pending", "messages")
    _create_queue(["priority", "due_at"])
    op.execute(
        "UPDATE messages SET reason = CASE WHEN retries > 0 THEN 'asked_to_wait' ELSE 'quiet_hours' END "
        "WHERE state = 'deferred'"
    )


def downgrade() -> None:
    op.execute("UPDATE messages SET reason = NULL WHERE state = 'deferred'")
    op.drop_index("ix_messages_due_at_pending", "messages")
    op.drop_column("messages", "priority")
    _create_queue(["due_at"])
    op.drop_table("address_suppressions")
    with op.batch_alter_table("contact_points", schema=None) as batch_op:
        batch_op.drop_column("problem")


def _create_queue(columns: list[str]) -> None:
    op.create_index(
        "ix_messages_due_at_pending",
        "messages",
        columns,
        unique=False,
        sqlite_where=MAY_BE_DUE,
        postgresql_where=MAY_BE_DUE,
    )
