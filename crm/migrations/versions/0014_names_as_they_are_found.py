"""the names of members in the form in which they are found."""

import sqlalchemy as sa
from alembic import op

from crm.reading.names import fold_name

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

MEMBERS = sa.table(
    "members",
    sa.column("id", sa.Integer),
    sa.column("name", sa.String),
    sa.column("name_local", sa.String),
    sa.column("name_folded", sa.String),
    sa.column("name_local_folded", sa.String),
)
SET_SIZE = 10_000
UNFOLDED = sa.text("name_folded IS NULL")

# A name that is written anew loses its folded form, which no database can make; crm/members/names.py makes it.
SQLITE = """
CREATE TRIGGER members_name_written AFTER UPDATE OF name, name_local ON members
WHEN NEW.name IS NOT OLD.name OR NEW.name_local IS NOT OLD.name_local
BEGIN UPDATE members SET name_folded = NULL, name_local_folded = NULL WHERE id = NEW.id; END
"""
POSTGRESQL = (
    """
CREATE FUNCTION members_name_written() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.name_folded := NULL; NEW.name_local_folded := NULL; RETURN NEW; END $$
""",
    """
CREATE TRIGGER members_name_written BEFORE UPDATE OF name, name_local ON members FOR EACH ROW
WHEN (NEW.name IS DISTINCT FROM OLD.name OR NEW.name_local IS DISTINCT FROM OLD.name_local)
EXECUTE FUNCTION members_name_written()
""",
)


def upgrade() -> None:
    op.add_column("members", sa.Column("name_folded", sa.String(), nullable=True))
    op.add_column("members", sa.Column("name_local_folded", sa.String(), nullable=True))
    _fold(op.get_bind())
    op.create_index(op.f("ix_members_name_folded"), "members", ["name_folded"], unique=False)
    op.create_index(op.f("ix_members_name_local_folded"), "members", ["name_local_folded"], unique=False)
    op.create_index(
        "ix_members_unfolded", "members", ["id"], unique=False, sqlite_where=UNFOLDED, postgresql_where=UNFOLDED
    )
    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else (SQLITE,):
        op.execute(statement)


def _fold(connection: sa.Connection) -> None:
    """In sets, by their ids: a million names take about half a minute."""
    change = sa.update(MEMBERS).where(MEMBERS.c.id == sa.bindparam("member"))
    change = change.values(name_folded=sa.bindparam("folded"), name_local_folded=sa.bindparam("local_folded"))
    after = 0
    while True:
        page = sa.select(MEMBERS.c.id, MEMBERS.c.name, MEMBERS.c.name_local).where(MEMBERS.c.id > after)
        rows = connection.execute(page.order_by(MEMBERS.c.id).limit(SET_SIZE)).all()
        if not rows:
            return
        after = rows[-1].id
        connection.execute(
            change,
            [
                {
                    "member": row.id,
                    "folded": fold_name(row.name),
                    "local_folded": None if row.name_local is None else fold_name(row.name_local),
                }
                for row in rows
            ],
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER members_name_written ON members")
        op.execute("DROP FUNCTION members_name_written()")
    else:
        op.execute("DROP TRIGGER members_name_written")
    op.drop_index("ix_members_unfolded", table_name="members")
    op.drop_index(op.f("ix_members_name_local_folded"), table_name="members")
    op.drop_index(op.f("ix_members_name_folded"), table_name="members")
    op.drop_column("members", "name_local_folded")
    op.drop_column("members", "name_folded")
