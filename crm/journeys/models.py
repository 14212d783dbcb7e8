"""What walking members leave behind: the steps that they took."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer
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
