"""member facts."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _rebuild_consents(create: Callable[[], None], columns: str) -> None:
    """Make the table anew with another primary key and carry the rows over."""
    op.execute(f"CREATE TEMPORARY TABLE kept_consents AS SELECT {columns} FROM consents")  # noqa: S608
    op.drop_table("consents")
    create()
    op.execute(f"INSERT INTO consents ({columns}) SELECT {columns} FROM kept_consents")  # noqa: S608
    op.execute("DROP TABLE kept_consents")


def _consent_columns() -> list[SchemaItem]:
    channel = sa.Enum("email", "sms", "push", "mail", name="channel", native_enum=False, length=32)
    return [
        sa.Column("member_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("channel", channel, nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_consents_member_id"),
    ]


def _consents_by_member() -> None:
    key = sa.PrimaryKeyConstraint("member_id", "channel", name="pk_consents")
    op.create_table("consents", *_consent_columns(), key, sqlite_with_rowid=False)


def _consents_by_id() -> None:
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer(), nullable=False),
        *_consent_columns(),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        sa.UniqueConstraint("member_id", "channel", name="uq_consents_member_id_channel"),
    )


def upgrade() -> None:
    # First: PostgreSQL wants it there before member_facts refers to it.
    with op.batch_alter_table("members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_members_id_tier_joined_at"), ["id", "tier", "joined_at"], unique=True)

    _rebuild_consents(_consents_by_member, "member_id, channel, granted, changed_at, source")
    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_consents_channel_granted_member_id"), ["channel", "granted", "member_id"], unique=False
        )

    op.create_table(
        "facts_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("as_of_on", sa.Date(), nullable=False),
        sa.Column("zone_name", sa.String(), nullable=False),
        sa.Column("last_member_id", sa.Integer(), nullable=False),
        sa.Column("last_order_id", sa.Integer(), nullable=False),
        sa.Column("last_event_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facts_state")),
    )
    op.create_table(
        "member_categories",
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("order_count", sa.Integer(), nullable=False),
        sa.Column("spend_cents", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_member_categories_member_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("member_id", "category", name=op.f("pk_member_categories")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("member_categories", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_member_categories_category_last_at_member_id"),
            ["category", "last_at", "member_id"],
            unique=False,
        )

    op.create_table(
        "member_facts",
        sa.Column("member_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.Column("order_count", sa.Integer(), nullable=False),
        sa.Column("spend_cents", sa.BigInteger(), nullable=False),
        sa.Column("first_order_at", sa.BigInteger(), nullable=True),
        sa.Column("last_order_at", sa.BigInteger(), nullable=True),
        sa.Column("orders_7d", sa.Integer(), nullable=False),
        sa.Column("orders_30d", sa.Integer(), nullable=False),
        sa.Column("orders_60d", sa.Integer(), nullable=False),
        sa.Column("orders_90d", sa.Integer(), nullable=False),
        sa.Column("orders_180d", sa.Integer(), nullable=False),
        sa.Column("orders_365d", sa.Integer(), nullable=False),
        sa.Column("orders_1m", sa.Integer(), nullable=False),
        sa.Column("orders_3m", sa.Integer(), nullable=False),
        sa.Column("orders_6m", sa.Integer(), nullable=False),
        sa.Column("orders_12m", sa.Integer(), nullable=False),
        sa.Column("orders_this_month", sa.Integer(), nullable=False),
        sa.Column("orders_this_quarter", sa.Integer(), nullable=False),
        sa.Column("orders_this_year", sa.Integer(), nullable=False),
        sa.Column("orders_last_month", sa.Integer(), nullable=False),
        sa.Column("orders_last_quarter", sa.Integer(), nullable=False),
        sa.Column("orders_last_year", sa.Integer(), nullable=False),
        sa.Column("spend_7d", sa.BigInteger(), nullable=False),
        sa.Column("spend_30d", sa.BigInteger(), nullable=False),
        sa.Column("spend_60d", sa.BigInteger(), nullable=False),
        sa.Column("spend_90d", sa.BigInteger(), nullable=False),
        sa.Column("spend_180d", sa.BigInteger(), nullable=False),
        sa.Column("spend_365d", sa.BigInteger(), nullable=False),
        sa.Column("spend_1m", sa.BigInteger(), nullable=False),
        sa.Column("spend_3m", sa.BigInteger(), nullable=False),
        sa.Column("spend_6m", sa.BigInteger(), nullable=False),
        sa.Column("spend_12m", sa.BigInteger(), nullable=False),
        sa.Column("spend_this_month", sa.BigInteger(), nullable=False),
        sa.Column("spend_this_quarter", sa.BigInteger(), nullable=False),
        sa.Column("spend_this_year", sa.BigInteger(), nullable=False),
        sa.Column("spend_last_month", sa.BigInteger(), nullable=False),
        sa.Column("spend_last_quarter", sa.BigInteger(), nullable=False),
        sa.Column("spend_last_year", sa.BigInteger(), nullable=False),
        sa.Column("events_0d", sa.Integer(), nullable=False),
        sa.Column("events_7d", sa.Integer(), nullable=False),
        sa.Column("events_35d", sa.Integer(), nullable=False),
        sa.Column(
            "weekly_activity_ratio",
            sa.Float(),
            sa.Computed(
                "CAST((events_7d - events_0d) * 4 AS FLOAT) / NULLIF(events_35d - events_7d, 0)", persisted=True
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["member_id", "tier", "joined_at"],
            ["members.id", "members.tier", "members.joined_at"],
            name="fk_member_facts_member",
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member_facts")),
    )
    with op.batch_alter_table("member_facts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_member_facts_last_order_at_joined_at"), ["last_order_at", "joined_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_member_facts_weekly_activity_ratio"), ["weekly_activity_ratio"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_member_facts_spend_12m_last_order_at"), ["spend_12m", "last_order_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_member_facts_spend_this_year_last_order_at"),
            ["spend_this_year", "last_order_at"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_member_facts_tier_joined_at"), ["tier", "joined_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_member_facts_tier_last_order_at"), ["tier", "last_order_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_member_facts_tier_spend_90d"), ["tier", "spend_90d"], unique=False)

    with op.batch_alter_table("order_lines", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_order_lines_category_member_id_ordered_at_amount_cents"))
        batch_op.create_index(
            "ix_order_lines_of_category",
            ["category", "member_id", "ordered_at", "amount_cents", "order_id"],
            unique=False,
        )

    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_messages_member_id_sent_at"))
        batch_op.create_index(
            "ix_messages_of_member",
            ["member_id", "sent_at", "state", "delivered_at", "channel", "journey_id"],
            unique=False,
        )


def downgrade() -> None:
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_index("ix_messages_of_member")
        batch_op.create_index(batch_op.f("ix_messages_member_id_sent_at"), ["member_id", "sent_at"], unique=False)

    with op.batch_alter_table("order_lines", schema=None) as batch_op:
        batch_op.drop_index("ix_order_lines_of_category")
        batch_op.create_index(
            batch_op.f("ix_order_lines_category_member_id_ordered_at_amount_cents"),
            ["category", "member_id", "ordered_at", "amount_cents"],
            unique=False,
        )

    with op.batch_alter_table("member_facts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_member_facts_tier_spend_90d"))
        batch_op.drop_index(batch_op.f("ix_member_facts_tier_last_order_at"))
        batch_op.drop_index(batch_op.f("ix_member_facts_tier_joined_at"))
        batch_op.drop_index(batch_op.f("ix_member_facts_spend_this_year_last_order_at"))
        batch_op.drop_index(batch_op.f("ix_member_facts_spend_12m_last_order_at"))
        batch_op.drop_index(batch_op.f("ix_member_facts_weekly_activity_ratio"))
        batch_op.drop_index(batch_op.f("ix_member_facts_last_order_at_joined_at"))

    op.drop_table("member_facts")
    with op.batch_alter_table("members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_members_id_tier_joined_at"))

    _rebuild_consents(_consents_by_id, "member_id, channel, granted, changed_at, source")
    with op.batch_alter_table("member_categories", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_member_categories_category_last_at_member_id"))

    op.drop_table("member_categories")
    op.drop_table("facts_state")
