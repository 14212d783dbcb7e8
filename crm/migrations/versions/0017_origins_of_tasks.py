"""tasks say what asked for them: so far always a journey, which they no longer need."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OPEN = sa.text("state = 'open'")
OF_JOURNEYS = (("journey_id", sa.Integer()), ("enrolment_id", sa.Integer()), ("step_key", sa.String()))


def upgrade() -> None:
    _alter(is_nullable=True)
    op.execute(
        "UPDATE tasks SET origin_kind = 'journey', origin_id = journey_id,"
        " origin_name = (SELECT name FROM journeys WHERE journeys.id = tasks.journey_id)"
    )


def _alter(*, is_nullable: bool) -> None:
    op.drop_index("ix_tasks_open", table_name="tasks")
    with op.batch_alter_table("tasks") as table:
        for name, kind in OF_JOURNEYS:
            table.alter_column(name, existing_type=kind, nullable=is_nullable)
        if is_nullable:
            table.add_column(
                sa.Column("origin_kind", sa.String(32), server_default=sa.text("'journey'"), nullable=False)
            )
            table.add_column(sa.Column("origin_id", sa.Integer(), nullable=True))
            table.add_column(sa.Column("origin_name", sa.String(), nullable=True))
        else:
            table.drop_column("origin_name")
            table.drop_column("origin_id")
            table.drop_column("origin_kind")
    op.create_index(
        "ix_tasks_open", "tasks", ["owner_id", "due_at"], sqlite_where=OPEN, postgresql_where=OPEN, unique=False
    )


def downgrade() -> None:
    op.execute("DELETE FROM tasks WHERE journey_id IS NULL")
    _alter(is_nullable=False)
