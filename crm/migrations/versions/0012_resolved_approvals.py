"""approvals that hold everything they bind, who shaped a thing, and what builds on what.

Requests that still matter get what they bind from what was shown with them; the saved segments in them are written
down as they are now.
"""

import json
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

Json = dict[str, Any]
CAMPAIGN_PARTS = (
    "name",
    "audience",
    "exclude_campaigns",
    "language",
    "offers",
    "budget_cents",
    "priority",
    "start",
    "end",
    "steps",
    "channels",
    "holdout_pct",
    "attribution_window_days",
)
DEFAULTS: Json = {"exclude_campaigns": [], "offers": [], "priority": "campaign", "language": "en"}


def _table(name: str, *columns: str, **typed: Any) -> Any:
    return sa.table(
        name, *(sa.column(each) for each in columns), *(sa.column(key, kind) for key, kind in typed.items())
    )


ACCOUNTS = _table("accounts", "id", "role")
APPROVALS = _table(
    "approvals",
    "id",
    "subject_kind",
    "subject_id",
    "state",
    "fingerprint",
    "requested_by",
    "requested_at",
    bound=sa.JSON,
    facts=sa.JSON,
)
AUDIT = _table("audit_entries", "at", "account_id", "action", "subject")
CAMPAIGNS = _table("campaigns", "id", "state", "author_id", "created_at", "journey_id", brief=sa.JSON)
COUPONS = _table("coupons", "code", "name", "kind", "value", "min_spend_cents", valid_until=sa.Date)
JOURNEYS = _table("journeys", "id", "state", "author_id", "created_at", "is_walked", spec=sa.JSON)
SEGMENTS = _table("segments", "id", "name", "version", definition=sa.JSON)
SEGMENT_VERSIONS = _table("segment_versions", "segment_id", "changed_by", "changed_at")
SHAPINGS = _table("shapings", "subject_kind", "subject_id", "account_id", "at", "what")
USES = _table("uses", "subject_kind", "subject_id", "used_kind", "used_id")


def upgrade() -> None:
    op.add_column("approvals", sa.Column("bound", sa.JSON(), server_default=sa.text("'{}'"), nullable=False))
    op.create_table(
        "approved_members",
        sa.Column("approval_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["approval_id"], ["approvals.id"], name=op.f("fk_approved_members_approval_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("approval_id", "member_id", name=op.f("pk_approved_members")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "shapings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_shapings_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shapings")),
    )
    op.create_index(op.f("ix_shapings_subject_kind_subject_id"), "shapings", ["subject_kind", "subject_id"])
    op.create_table(
        "uses",
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("used_kind", sa.String(), nullable=False),
        sa.Column("used_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject_kind", "subject_id", "used_kind", "used_id", name=op.f("pk_uses")),
    )
    op.create_index(op.f("ix_uses_used_kind_used_id"), "uses", ["used_kind", "used_id"])
    connection = op.get_bind()
    _note_shapings(connection)
    segments = {row.name: row for row in connection.execute(sa.select(SEGMENTS)).all()}
    _note_uses(connection, segments)
    _bind(connection, segments)


def downgrade() -> None:
    op.drop_table("uses")
    op.drop_table("shapings")
    op.drop_table("approved_members")
    op.drop_column("approvals", "bound")


def _note_shapings(connection: sa.Connection) -> None:
    rows: list[tuple[str, int, int, int, str]] = []
    shaping = [f"{kind}.{what}" for kind in ("campaign", "journey") for what in ("drafted", "changed", "submitted")]
    for entry in connection.execute(sa.select(AUDIT).where(AUDIT.c.action.in_(shaping))).all():
        kind, _, number = entry.subject.partition(":")
        if entry.account_id is not None and number.isdecimal():
            rows.append((kind, int(number), entry.account_id, entry.at, entry.action.partition(".")[2]))
    for kind, table in (("campaign", CAMPAIGNS), ("journey", JOURNEYS)):
        authors = sa.select(table.c.id, table.c.author_id, table.c.created_at).where(table.c.author_id.is_not(None))
        rows += [(kind, row.id, row.author_id, row.created_at, "drafted") for row in connection.execute(authors)]
    for version in connection.execute(sa.select(SEGMENT_VERSIONS)).all():
        rows.append(("segment", version.segment_id, version.changed_by, version.changed_at, "changed"))
    for row in connection.execute(sa.select(APPROVALS)).all():
        rows.append((row.subject_kind, row.subject_id, row.requested_by, row.requested_at, "submitted"))
    names = ("subject_kind", "subject_id", "account_id", "at", "what")
    if rows:
        connection.execute(sa.insert(SHAPINGS), [dict(zip(names, row, strict=True)) for row in dict.fromkeys(rows)])


def _note_uses(connection: sa.Connection, segments: dict[str, Any]) -> None:
    users = [("segment", row.id, row.definition) for row in segments.values()]
    users += [("campaign", row.id, row.brief) for row in connection.execute(sa.select(CAMPAIGNS)).all()]
    walked = sa.select(JOURNEYS).where(JOURNEYS.c.is_walked == sa.true())
    users += [("journey", row.id, row.spec) for row in connection.execute(walked).all()]
    uses = [
        {"subject_kind": kind, "subject_id": number, "used_kind": "segment", "used_id": segments[name].id}
        for kind, number, data in users
        for name in sorted(_named(data))
        if name in segments
    ]
    if uses:
        connection.execute(sa.insert(USES), uses)


def _bind(connection: sa.Connection, segments: dict[str, Any]) -> None:
    """Write down what the requests bind of which something is still to come."""
    asked = sa.select(APPROVALS).where(APPROVALS.c.state.in_(("pending", "approved"))).order_by(APPROVALS.c.id)
    csms = set(connection.scalars(sa.select(ACCOUNTS.c.id).where(ACCOUNTS.c.role == "csm")))
    campaigns = {
        row.id: row for row in connection.execute(sa.select(CAMPAIGNS).where(CAMPAIGNS.c.journey_id.is_(None)))
    }
    journeys = {row.id: row for row in connection.execute(sa.select(JOURNEYS)) if row.is_walked}
    for approval in connection.execute(asked).all():
        subject = (campaigns if approval.subject_kind == "campaign" else journeys).get(approval.subject_id)
        if subject is None or subject.state in ("cancelled", "completed", "ended"):
            continue
        if approval.subject_kind == "campaign":
            parts = _campaign_parts(connection, subject.brief, approval.facts)
        else:
            parts = _journey_parts(connection, subject.spec, approval.facts)
        owner = subject.author_id if subject.author_id in csms else None
        bound = {
            **parts,
            "scope": {"row_owner_id": owner, "me_id": subject.author_id},
            "segments": _frozen(parts, segments),
        }
        fingerprint = sha256(json.dumps(bound, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
        mine = sa.update(APPROVALS).where(APPROVALS.c.id == approval.id)
        connection.execute(mine.values(bound=bound, fingerprint=fingerprint))


def _campaign_parts(connection: sa.Connection, brief: Json, facts: Json) -> Json:
    parts: Json = {part: facts.get(part, brief.get(part, DEFAULTS.get(part))) for part in CAMPAIGN_PARTS}
    parts["copy"] = {
        f"{copy['step']} by {copy['channel']}, variant {copy['variant']}": copy for copy in facts.get("copy", ())
    }
    codes = [offer.get("coupon_code") for offer in parts["offers"] or ()]
    return {**parts, "coupons": _coupons(connection, codes), "audience_count": facts.get("audience_count", 0)}


def _journey_parts(connection: sa.Connection, spec: Json, facts: Json) -> Json:
    benefits = [spec.get("benefits"), *(step.get("benefits") for step in spec["steps"] if step["kind"] == "send")]
    codes = [code for each in benefits if each for code in each.get("coupon_codes", ())]
    parts = {**spec, "coupons": _coupons(connection, codes)}
    if spec["trigger"]["kind"] == "audience_at_launch":
        parts["audience_count"] = facts.get("members_who_fit", 0)
    return parts


def _coupons(connection: sa.Connection, codes: list[str | None]) -> Json:
    named = sa.select(COUPONS).where(COUPONS.c.code.in_([code for code in codes if code])).order_by(COUPONS.c.code)
    return {
        row.code: {
            "name": row.name,
            "kind": row.kind,
            "value": row.value,
            "min_spend_cents": row.min_spend_cents,
            "valid_until": None if row.valid_until is None else row.valid_until.isoformat(),
        }
        for row in connection.execute(named)
    }


def _frozen(data: Any, segments: dict[str, Any]) -> Json:
    """The saved segments in `data` down to the bottom; one that is gone is left out, and holds what builds on it."""
    waiting, found = sorted(segments if _asks_about_all(data) else _named(data)), {}
    while waiting:
        name = waiting.pop()
        if name in segments and name not in found:
            row = segments[name]
            found[name] = {"id": row.id, "version": row.version, "definition": row.definition}
            waiting += sorted(_named(row.definition))
    return dict(sorted(found.items()))


def _named(data: Any) -> set[str]:
    if isinstance(data, dict):
        if data.get("field") == "segment":
            value = data.get("value")
            return {value} if isinstance(value, str) else set(value or ())
        return {name for part in data.values() for name in _named(part)}
    return {name for part in data for name in _named(part)} if isinstance(data, list) else set()


def _asks_about_all(data: Any) -> bool:
    if isinstance(data, dict):
        if data.get("field") == "segment":
            return data.get("op") in ("any", "none")
        return any(map(_asks_about_all, data.values()))
    return isinstance(data, list) and any(map(_asks_about_all, data))
