"""passwords that must be changed, sessions and tokens that end, wrong sign-ins that are counted."""

import time
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TOKEN_SECONDS = 90 * 86_400


def upgrade() -> None:
    moment = sa.BigInteger()
    # None: whether the password is the demo's is looked at once, at the next start.
    op.add_column("accounts", sa.Column("has_demo_password", sa.Boolean(), nullable=True))
    op.add_column("accounts", sa.Column("password_changed_at", moment, nullable=True))
    op.add_column("accounts", sa.Column("one_time_until", moment, nullable=True))
    # Whoever is signed in signs in anew: nobody noted when these sessions were last used.
    op.drop_table("login_sessions")
    _create_login_sessions(
        sa.Column("last_seen_at", moment, nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("browser", sa.String(), nullable=True),
    )
    op.add_column("api_tokens", sa.Column("expires_at", moment, nullable=True))
    op.add_column("api_tokens", sa.Column("last_used_at", moment, nullable=True))
    op.add_column("api_tokens", sa.Column("role", sa.String(length=32), nullable=True))
    tokens = sa.table("api_tokens", sa.column("expires_at", moment))
    op.execute(tokens.update().values(expires_at=int(time.time()) + TOKEN_SECONDS))
    with op.batch_alter_table("api_tokens") as batch_op:
        batch_op.alter_column("expires_at", existing_type=moment, nullable=False)
    op.create_table(
        "sign_in_tallies",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_failed_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_tallies")),
    )
    op.create_table(
        "known_addresses",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("last_seen_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_known_addresses_account_id")),
        sa.PrimaryKeyConstraint("account_id", "address", name=op.f("pk_known_addresses")),
    )


def downgrade() -> None:
    op.drop_table("known_addresses")
    op.drop_table("sign_in_tallies")
    op.drop_table("login_sessions")
    _create_login_sessions()
    for column in ("role", "last_used_at", "expires_at"):
        op.drop_column("api_tokens", column)
    for column in ("one_time_until", "password_changed_at", "has_demo_password"):
        op.drop_column("accounts", column)


def _create_login_sessions(*more: "sa.Column[Any]") -> None:
    op.create_table(
        "login_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        *more,
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_login_sessions_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_login_sessions_token_hash")),
    )
