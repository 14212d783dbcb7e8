"""tracked links."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "message_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("journey_id", sa.Integer(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["journey_id"], ["journeys.id"], name=op.f("fk_message_links_journey_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_links")),
        sa.UniqueConstraint("journey_id", "target", name=op.f("uq_message_links_journey_id_target")),
    )
    with op.batch_alter_table("message_events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("link_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_message_events_link_id"), "message_links", ["link_id"], ["id"])
    with op.batch_alter_table("outbox_items", schema=None) as batch_op:
        batch_op.add_column(sa.Column("html", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("outbox_items", schema=None) as batch_op:
        batch_op.drop_column("html")
    with op.batch_alter_table("message_events", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_message_events_link_id"), type_="foreignkey")
        batch_op.drop_column("link_id")
    op.drop_table("message_links")
