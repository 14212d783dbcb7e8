"""journeys that members walk, their tasks, and the changes of stage that start them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

UNDER_WAY = sa.text("wake_at IS NOT NULL")
OPEN = sa.text("state = 'open'")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ENROLMENT_STATES = ("planned", "active", "completed", "exited", "stopped")
ENROLMENT_COLUMNS = ("state", "step_key", "wake_at", "is_waiting", "anchor_at", "ended_at", "end_reason")
JOURNEY_COLUMNS = (
    "is_walked",
    "author_id",
    "request_id",
    "updated_at",
    "note",
    "activated_at",
    "entries_since",
    "seen_until",
    "ended_at",
)


def upgrade() -> None:
    _journeys()
    _enrolments()
    with op.batch_alter_table("coupon_grants", schema=None) as batch_op:
        batch_op.add_column(sa.Column("step_key", sa.String(), nullable=True))
    op.create_index(op.f("ix_coupon_redemptions_redeemed_at"), "coupon_redemptions", ["redeemed_at"], unique=False)
    op.create_index(op.f("ix_message_events_kind_occurred_at"), "message_events", ["kind", "occurred_at"], unique=False)
    _stage_changes()
    _steps_taken()
    _tasks()


def _journeys() -> None:
    with op.batch_alter_table("journeys", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_walked", sa.Boolean(), server_default=sa.text("false"), nullable=False))
        batch_op.add_column(sa.Column("author_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("request_id", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("updated_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("note", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("activated_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("entries_since", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("seen_until", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("ended_at", sa.BigInteger(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_journeys_author_id"), "accounts", ["author_id"], ["id"])
        batch_op.create_unique_constraint(batch_op.f("uq_journeys_request_id"), ["request_id"])


def _enrolments() -> None:
    state = sa.Enum(*ENROLMENT_STATES, name="enrolmentstate", native_enum=False, length=32)
    with op.batch_alter_table("enrolments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("state", state, server_default=sa.text("'planned'"), nullable=False))
        batch_op.add_column(sa.Column("step_key", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("wake_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("is_waiting", sa.Boolean(), server_default=sa.text("false"), nullable=False))
        batch_op.add_column(sa.Column("anchor_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("ended_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("end_reason", sa.String(), nullable=True))
    op.create_index(
        "ix_enrolments_under_way",
        "enrolments",
        ["journey_id", "wake_at"],
        unique=False,
        sqlite_where=UNDER_WAY,
        postgresql_where=UNDER_WAY,
    )


def _stage_changes() -> None:
    op.create_table(
        "stage_changes",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("from_stage", sa.String(), nullable=True),
        sa.Column("to_stage", sa.String(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_stage_changes_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_changes")),
    )
    op.create_index(op.f("ix_stage_changes_changed_at_member_id"), "stage_changes", ["changed_at", "member_id"])
    op.create_index(op.f("ix_stage_changes_member_id_changed_at"), "stage_changes", ["member_id", "changed_at"])


def _steps_taken() -> None:
    op.create_table(
        "steps_taken",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("journey_id", sa.Integer(), nullable=False),
        sa.Column("enrolment_id", sa.Integer(), nullable=False),
        sa.Column("step_key", sa.String(), nullable=False),
        sa.Column("went_to", sa.String(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolments.id"], name=op.f("fk_steps_taken_enrolment_id")),
        sa.ForeignKeyConstraint(["journey_id"], ["journeys.id"], name=op.f("fk_steps_taken_journey_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_steps_taken")),
    )
    op.create_index(op.f("ix_steps_taken_enrolment_id"), "steps_taken", ["enrolment_id"])
    op.create_index(
        op.f("ix_steps_taken_journey_id_step_key_went_to"), "steps_taken", ["journey_id", "step_key", "went_to"]
    )


def _tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("journey_id", sa.Integer(), nullable=False),
        sa.Column("enrolment_id", sa.Integer(), nullable=False),
        sa.Column("step_key", sa.String(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("open", "done", "cancelled", name="taskstate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["closed_by"], ["accounts.id"], name=op.f("fk_tasks_closed_by")),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolments.id"], name=op.f("fk_tasks_enrolment_id")),
        sa.ForeignKeyConstraint(["journey_id"], ["journeys.id"], name=op.f("fk_tasks_journey_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_tasks_member_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["accounts.id"], name=op.f("fk_tasks_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("enrolment_id", "step_key", name=op.f("uq_tasks_enrolment_id_step_key")),
    )
    op.create_index(op.f("ix_tasks_member_id"), "tasks", ["member_id"])
    op.create_index(
        "ix_tasks_open", "tasks", ["owner_id", "due_at"], sqlite_where=OPEN, postgresql_where=OPEN, unique=False
    )


def downgrade() -> None:
    op.drop_table("tasks")
    op.drop_table("steps_taken")
    op.drop_table("stage_changes")
    op.drop_index(op.f("ix_message_events_kind_occurred_at"), table_name="message_events")
    op.drop_index(op.f("ix_coupon_redemptions_redeemed_at"), table_name="coupon_redemptions")
    with op.batch_alter_table("coupon_grants", schema=None) as batch_op:
        batch_op.drop_column("step_key")
    op.drop_index("ix_enrolments_under_way", table_name="enrolments")
    with op.batch_alter_table("enrolments", schema=None) as batch_op:
        for column in ENROLMENT_COLUMNS:
            batch_op.drop_column(column)
    with op.batch_alter_table("journeys", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_journeys_request_id"), type_="unique")
        batch_op.drop_constraint(batch_op.f("fk_journeys_author_id"), type_="foreignkey")
        for column in JOURNEY_COLUMNS:
            batch_op.drop_column(column)
