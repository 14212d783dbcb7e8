"""What walking members leave behind: the steps that they took, and tasks for people."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.database import Base

THROUGH = "end"
"""Where a step led that was the last."""


class StepTaken(Base):
    """A member left a step of a journey. The last one of an enrolment that ended early is not there."""

    __tablename__ = "steps_taken"
    __table_args__ = (Index(None, "enrolment_id"), Index(None, "journey_id", "step_key", "went_to"))

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    journey_id: Mapped[int] = mapped_column(ForeignKey("journeys.id"))
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolments.id"))
    step_key: Mapped[str]
    went_to: Mapped[str]
    """The key of the step that followed, or `THROUGH`."""
    taken_at: Mapped[datetime]
    """When it was due, which may be a little before the engine came by."""


class TaskState(StrEnum):
    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"
    """The member left the journey before anybody did it."""


class Task(Base):
    """Something that a person is to do for a member, once per enrolment and step."""

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
    journey_id: Mapped[int] = mapped_column(ForeignKey("journeys.id"))
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolments.id"))
    step_key: Mapped[str]
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
