"""campaigns and journeys that the engine holds after an unforeseen error, until when and how often."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = ("campaigns", "journeys")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("held_until", sa.BigInteger(), nullable=True))
        op.add_column(table, sa.Column("held_times", sa.Integer(), nullable=False, server_default=sa.text("0")))


def downgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("held_times")
            batch.drop_column("held_until")
