"""Journeys, who takes part, and the ledger of every message."""

from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ForeignKey, Index, Table, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.channels import Channel
from crm.database import Base, StoredJson
from crm.outreach.priority import Priority


class JourneyState(StrEnum):
    DRAFT = "draft"
    AWAITING_APPROVAL = "awaiting_approval"
    SCHEDULED = "scheduled"
    """Approved: it starts at its start, or when a person starts it."""
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


class EndReason(StrEnum):
    COMPLETED = "completed"
    """It came to its end."""
    CANCELLED = "cancelled"
    """A person ended it."""


class JourneyKind(StrEnum):
    """Which form made it."""

    CAMPAIGN = "campaign"
    JOURNEY = "journey"


class Journey(Base):
    """Whatever sends. Members walk frozen steps: a change makes a new version, and people under way keep theirs. A
    campaign has one version, which changes in place until it is launched."""

    __tablename__ = "journeys"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        Index(
            "ix_journeys_campaign_names",
            "name",
            unique=True,
            sqlite_where=text("kind = 'campaign'"),
            postgresql_where=text("kind = 'campaign'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    spec: Mapped[dict[str, Any]] = mapped_column(StoredJson)
    """`JourneySpec` (outreach/spec.py) as JSON; of a campaign that was not launched what its brief came to when it was
    written, or nothing."""
    kind: Mapped[JourneyKind] = mapped_column(default=JourneyKind.JOURNEY, server_default=text("'journey'"))
    state: Mapped[JourneyState]
    end_reason: Mapped[EndReason | None]
    """Why it ended; None before."""
    created_at: Mapped[datetime]
    is_walked: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Whether members walk step by step; otherwise everything was planned at the launch (decision 12)."""
    author_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    request_id: Mapped[str | None] = mapped_column(unique=True)
    """Of the call that made this version: the same call makes no second one."""
    updated_at: Mapped[datetime | None]
    note: Mapped[str | None]
    """Why it stands where it stands, when that needs words: why it is a draft again, or cannot go on."""
    starts_at: Mapped[datetime | None]
    """When it is to start; None: when it is approved, or when a person starts it."""
    ends_at: Mapped[datetime | None]
    """When it is over, as far as that is known: the attribution window of a campaign closes then."""
    activated_at: Mapped[datetime | None]
    """When it started."""
    entries_since: Mapped[datetime | None]
    """What happened earlier lets nobody in: the start, or the last time it was resumed."""
    seen_until: Mapped[datetime | None]
    """Up to when the engine has looked at what happened."""
    ended_at: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    """It failed in a way that nobody foresaw, as `note` says; until then it is left alone. None: it goes on."""
    held_times: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """How often in a row."""

    @property
    def standing(self) -> JourneyState | EndReason:
        """Its state, or what ended it: how people are told."""
        return self.end_reason or self.state


class Arm(StrEnum):
    TREATMENT = "treatment"
    HOLDOUT = "holdout"


class EnrolmentState(StrEnum):
    PLANNED = "planned"
    """The journey was planned whole: the ledger says where the member is."""
    ACTIVE = "active"
    COMPLETED = "completed"
    EXITED = "exited"
    """An exit condition of the journey held."""
    STOPPED = "stopped"
    """The journey was ended first."""


class Enrolment(Base):
    """A member's part in a journey, once per occurrence; of a walked journey also where he is on the way."""

    __tablename__ = "enrolments"
    __table_args__ = (
        UniqueConstraint("journey_id", "member_id", "occurrence"),
        Index(None, "member_id"),
        # Only members under way: of a journey that was planned whole nobody stands in it.
        Index(
            "ix_enrolments_under_way",
            "journey_id",
            "wake_at",
            sqlite_where=text("wake_at IS NOT NULL"),
            postgresql_where=text("wake_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    journey_id: Mapped[int] = mapped_column(ForeignKey("journeys.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    person_id: Mapped[int | None]
    """Which person the record was when it was assigned: the member id of the first record of theirs that took part
    (decision 17). They were drawn by it, and count once. None, from before people were joined: the member."""
    occurrence: Mapped[str]
    """e.g. `launch`, `birthday-2026`."""
    arm: Mapped[Arm]
    enrolled_at: Mapped[datetime]
    """When the trigger held; what happened to the member since then counts in the journey."""
    state: Mapped[EnrolmentState] = mapped_column(default=EnrolmentState.PLANNED, server_default=text("'planned'"))
    step_key: Mapped[str | None]
    """Where the member stands; None: nowhere any more, or planned whole."""
    wake_at: Mapped[datetime | None]
    """When he is moved on: when the step is taken or, `is_waiting`, when the wait is over. None: never again."""
    is_waiting: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Whether he is within the wait of his step."""
    anchor_at: Mapped[datetime | None]
    """The first moment, in the member's zone, of the key date that he entered for."""
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    """Why it ended other than by the last step: which exit condition held, or who ended the journey."""


class MessageState(StrEnum):
    PLANNED = "planned"
    DEFERRED = "deferred"
    EXCLUDED = "excluded"
    CLAIMED = "claimed"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"


PENDING_STATES = (MessageState.PLANNED, MessageState.DEFERRED, MessageState.CLAIMED, MessageState.SENT)
WAITING = (MessageState.PLANNED, MessageState.DEFERRED)
REALLY_SENT = (MessageState.SENT, MessageState.DELIVERED, MessageState.UNKNOWN)
"""States that use up the frequency cap: an unknown one may well have arrived."""


class ExclusionReason(StrEnum):
    """Why a message was not sent, in the order in which the gate asks."""

    SUPPRESSED = "suppressed"
    NO_CONSENT = "no_consent"
    UNREACHABLE = "unreachable"
    DUPLICATE_PERSON = "duplicate_person"
    DUPLICATE_ADDRESS = "duplicate_address"
    FREQUENCY_CAP = "frequency_cap"
    TOO_LATE = "too_late"
    HOLDOUT = "holdout"
    NO_STOCK = "no_stock"
    CAMPAIGN_PAUSED = "campaign_paused"
    """Not by the gate: its time passed while a person held the journey back."""
    CANCELLED = "cancelled"
    """Not by the gate: a person ended the journey first."""
    LEFT_JOURNEY = "left_journey"
    """Not by the gate: an exit condition of the journey held first."""


class DeferralReason(StrEnum):
    """Why a message waits longer than it was planned to."""

    QUIET_HOURS = "quiet_hours"
    """It would fall into the part of the member's day in which nothing is sent."""
    ASKED_TO_WAIT = "asked_to_wait"
    """The provider wants it tried again later."""


class UnknownReason(StrEnum):
    """Why nobody can say whether a message was sent."""

    WORKER_LOST = "worker_lost"
    """The worker that held it stopped, and its provider does not tell repeats apart."""
    NO_ANSWER = "no_answer"
    """The provider took the message or not, and may not or cannot be asked again."""
    NO_RECEIPT = "no_receipt"
    """Accepted by the provider; the journey ended before a receipt came."""


class Message(Base):
    """The ledger: one row per (enrolment, step, channel), by the database."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("enrolment_id", "step_key", "channel"),
        Index(None, "journey_id", "state"),
        # Covers what a segment or the frequency cap asks of a member's messages.
        Index("ix_messages_of_member", "member_id", "sent_at", "state", "delivered_at", "channel", "journey_id"),
        # Each priority has its own queue, in the order of sending: with ids, or PostgreSQL would sort a whole campaign,
        # which falls due at one moment, for every batch.
        Index(
            "ix_messages_due_at_pending",
            "priority",
            "due_at",
            "id",
            sqlite_where=text("state IN ('planned', 'deferred', 'claimed')"),
            postgresql_where=text("state IN ('planned', 'deferred', 'claimed')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolments.id"))
    journey_id: Mapped[int] = mapped_column(ForeignKey("journeys.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    step_key: Mapped[str]
    channel: Mapped[Channel]
    variant: Mapped[str | None]
    """Which copy of an A/B test; None without one."""
    due_at: Mapped[datetime]
    priority: Mapped[Priority] = mapped_column(default=Priority.CAMPAIGN, server_default=text("'campaign'"))
    """That of its journey."""
    state: Mapped[MessageState]
    reason: Mapped[str | None]
    """`ExclusionReason` when excluded, `DeferralReason` when deferred, `UnknownReason` when unknown, the provider's
    word when failed."""
    attempts: Mapped[int] = mapped_column(default=0)
    """How often a worker took it to hand it over; from the first time on the provider may have it."""
    retries: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """How often the provider asked for it to be tried again later."""
    claimed_by: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    provider_ref: Mapped[str | None]


LEDGER = cast(Table, Message.__table__)

MAY_BE_DUE = text("messages.state IN ('planned', 'deferred', 'claimed')")
"""The condition of the partial index, word for word: SQLite proves nothing from bound values."""


class MessageEventKind(StrEnum):
    OPENED = "opened"
    CLICKED = "clicked"
    CONVERTED = "converted"
    UNSUBSCRIBED = "unsubscribed"


class MessageLink(Base):
    """A page that a journey's texts link to. The click redirect goes nowhere else."""

    __tablename__ = "message_links"
    __table_args__ = (UniqueConstraint("journey_id", "target"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    journey_id: Mapped[int] = mapped_column(ForeignKey("journeys.id"))
    target: Mapped[str]
    """http or https, as written in the text; nothing of a member stands in it."""


class MessageEvent(Base):
    """What happened to a message after it was delivered."""

    __tablename__ = "message_events"
    __table_args__ = (
        Index(None, "message_id", "kind"),
        Index(None, "member_id", "kind", "occurred_at"),
        Index(None, "kind", "occurred_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    kind: Mapped[MessageEventKind]
    occurred_at: Mapped[datetime]
    by_machine: Mapped[bool] = mapped_column(default=False)
    """Prefetch or scanner (`rules.machine_sign`); kept out of every rate."""
    link_id: Mapped[int | None] = mapped_column(ForeignKey("message_links.id"))
    """Which link was clicked, where a tracked link told."""


class OutboxItem(Base):
    """What the outbox channel took instead of sending it out: readable in the product."""

    __tablename__ = "outbox_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    channel: Mapped[Channel]
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), index=True)
    address: Mapped[str]
    subject: Mapped[str | None]
    body: Mapped[str]
    html: Mapped[str | None]
    """The same as a page, for e-mail."""
    accepted_at: Mapped[datetime]
