"""People who sign in, what was asked of them to approve, and what they did."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.database import Base


class Role(StrEnum):
    OPERATIONS = "operations"
    CSM = "csm"
    MANAGER = "manager"
    ANALYST = "analyst"
    ADMIN = "admin"


class Account(Base):
    """A person who signs in."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    role: Mapped[Role]
    password_hash: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True)
    has_demo_password: Mapped[bool | None] = mapped_column(default=False)
    """Whether the password is one that everybody knows; None: not looked at yet (accounts older than this column)."""
    password_changed_at: Mapped[datetime | None]
    one_time_until: Mapped[datetime | None]
    """The password was made by somebody else: it is good for one sign-in before this moment, and has to be changed."""


class LoginSession(Base):
    """A signed-in browser. Only a hash of the cookie's token is stored."""

    __tablename__ = "login_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    """To within some minutes; a session that nobody uses ends before it expires."""
    address: Mapped[str | None]
    """Where the person signed in from."""
    browser: Mapped[str | None]
    """What the browser called itself then, cut short."""


class ApiToken(Base):
    """A personal bearer token of the API. Only its hash is stored."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    """To within some minutes."""
    role: Mapped[Role | None]
    """A role that may less than the owner's, to whose rights the token is confined; None: the owner's."""


class SignInTally(Base):
    """Wrong sign-ins of late, counted for an account, an address, or both together; all processes share them."""

    __tablename__ = "sign_in_tallies"

    key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_failed_at: Mapped[datetime]


class KnownAddress(Base):
    """An address from which a person signed in of late: what others try elsewhere does not make them wait there."""

    __tablename__ = "known_addresses"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    last_seen_at: Mapped[datetime]


class ApprovalState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    VOIDED = "voided"
    EXPIRED = "expired"


class Approval(Base):
    """A request that somebody else allows what was shown, bound to it by a fingerprint."""

    __tablename__ = "approvals"
    __table_args__ = (Index(None, "subject_kind", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subject_kind: Mapped[str]
    """What kind of thing is approved, e.g. `campaign`."""
    subject_id: Mapped[int]
    fingerprint: Mapped[str]
    """SHA-256 over `bound`."""
    bound: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default=text("'{}'"))
    """Everything that the approval covers, part by part: texts, offers, schedule, and the audience resolved to the
    bottom (`scope`: whose members; `segments`: the saved segments that it builds on, as they were)."""
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What was shown to the approver: audience size, copy, cost, dates."""
    state: Mapped[ApprovalState] = mapped_column(default=ApprovalState.PENDING)
    requested_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    requested_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None]
    """The approver's reason, or why the request was voided."""


class ApprovedMember(Base):
    """Who was selected when an approval was asked for. Written by the hundred thousand: no foreign key to members."""

    __tablename__ = "approved_members"
    __table_args__ = ({"sqlite_with_rowid": False},)

    approval_id: Mapped[int] = mapped_column(ForeignKey("approvals.id", ondelete="CASCADE"), primary_key=True)
    member_id: Mapped[int] = mapped_column(primary_key=True)


class Shaping(Base):
    """Somebody had a hand in a thing: wrote it, changed it, asked for its approval."""

    __tablename__ = "shapings"
    __table_args__ = (Index(None, "subject_kind", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subject_kind: Mapped[str]
    subject_id: Mapped[int]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    at: Mapped[datetime]
    what: Mapped[str]
    """In one word, e.g. `drafted`."""


class Use(Base):
    """One thing builds on another, and would break or mean something else without it."""

    __tablename__ = "uses"
    __table_args__ = (Index(None, "used_kind", "used_id"),)

    subject_kind: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(primary_key=True)
    used_kind: Mapped[str] = mapped_column(primary_key=True)
    used_id: Mapped[int] = mapped_column(primary_key=True)


class AuditEntry(Base):
    """One write or export by a person."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    action: Mapped[str]
    """`noun.past_tense`, e.g. `campaign.submitted`."""
    subject: Mapped[str]
    """`kind:id`, e.g. `campaign:12`."""
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


class PolicySetting(Base):
    """A rule of the house that is data: ceilings, caps, who may approve. Defaults stand in access/policy.py."""

    __tablename__ = "policy_settings"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
