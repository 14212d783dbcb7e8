"""how often an address was refused for good."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "address_refusals",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("normalised", sa.String(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "normalised", name=op.f("pk_address_refusals")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("address_refusals")
