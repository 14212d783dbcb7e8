"""paused channels, the condition of channels, and who runs the engine."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channel_pauses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("paused_at", sa.BigInteger(), nullable=False),
        sa.Column("paused_by", sa.Integer(), nullable=False),
        sa.Column("resumed_at", sa.BigInteger(), nullable=True),
        sa.Column("resumed_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["paused_by"], ["accounts.id"], name=op.f("fk_channel_pauses_paused_by")),
        sa.ForeignKeyConstraint(["resumed_by"], ["accounts.id"], name=op.f("fk_channel_pauses_resumed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_pauses")),
    )
    op.create_index(
        "uq_channel_pauses_channel_open",
        "channel_pauses",
        ["channel"],
        unique=True,
        sqlite_where=sa.text("resumed_at IS NULL"),
        postgresql_where=sa.text("resumed_at IS NULL"),
    )
    op.create_table(
        "channel_conditions",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("free_at_ms", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("trouble", sa.String(), nullable=True),
        sa.Column("trouble_at", sa.BigInteger(), nullable=True),
        sa.Column("rests_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_conditions")),
    )
    op.create_table(
        "workers",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("stopped_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )


def downgrade() -> None:
    op.drop_table("workers")
    op.drop_table("channel_conditions")
    op.drop_table("channel_pauses")
