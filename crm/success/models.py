"""What people are to do for members."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.database import Base

JOURNEY = "journey"
"""The kind of origin that every task had at first."""


class TaskState(StrEnum):
    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"
    """What asked for it took it back before anybody did it, e.g. the member left the journey."""


class Task(Base):
    """Something that a person is to do for a member; of a journey once per enrolment and step."""

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("enrolment_id", "step_key"),
        Index(None, "member_id"),
        Index(
            "ix_tasks_open",
            "owner_id",
            "due_at",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    origin_kind: Mapped[str] = mapped_column(String(32), default=JOURNEY, server_default=text("'journey'"))
    """What asked for it: `journey`, or another kind of thing that gives tasks."""
    origin_id: Mapped[int | None]
    """Which one. None: a journey, by a worker of the version before."""
    origin_name: Mapped[str | None]
    """How it was called when the task was given."""
    journey_id: Mapped[int | None] = mapped_column(ForeignKey("journeys.id"))
    """Of a task of a journey, as are the two that follow (outreach owns their tables)."""
    enrolment_id: Mapped[int | None] = mapped_column(ForeignKey("enrolments.id"))
    step_key: Mapped[str | None]
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    """The member's customer success manager when the task was made; None: it waits for anybody."""
    title: Mapped[str]
    note: Mapped[str]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    state: Mapped[TaskState]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    """None: the engine."""
    outcome: Mapped[str | None]
    """What came of it, in the words of who did it."""
