"""the zones in which members live, found without reading every member."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_members_zone_name"), "members", ["zone_name"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_members_zone_name"), table_name="members")
