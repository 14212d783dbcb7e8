"""the queues of waiting messages in the order in which they are sent."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MAY_BE_DUE = sa.text("state IN ('planned', 'deferred', 'claimed')")


def upgrade() -> None:
    _create_queue(["priority", "due_at", "id"])


def downgrade() -> None:
    _create_queue(["priority", "due_at"])


def _create_queue(columns: list[str]) -> None:
    op.drop_index("ix_messages_due_at_pending", "messages")
    op.create_index(
        "ix_messages_due_at_pending",
        "messages",
        columns,
        unique=False,
        sqlite_where=MAY_BE_DUE,
        postgresql_where=MAY_BE_DUE,
    )
