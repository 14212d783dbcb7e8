"""Where members stand: stage, risk and value of each, and how the stages changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import BigInteger, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from crm.database import Base
from crm.words import Text

Stage = Literal["new", "active", "potential", "vip", "dormant"]
STAGES: tuple[Stage, ...] = get_args(Stage)
STAGE_WORDS: Mapping[str, Text] = {
    "new": Text("new", "新客"),
    "active": Text("active", "活跃"),
    "potential": Text("potential", "潜力"),
    "vip": Text("vip", "VIP"),
    "dormant": Text("dormant", "沉睡"),
}


class MemberScore(Base):
    """Stored results of the lifecycle and value models, one row a member. None: not scored."""

    __tablename__ = "member_scores"

    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), primary_key=True)
    lifecycle_stage: Mapped[str | None] = mapped_column(index=True)
    """One of `STAGES`."""
    churn_risk: Mapped[float | None]
    """Probability, 0 to 1."""
    clv_cents: Mapped[int | None]
    """Expected customer lifetime value."""


class StageChange(Base):
    """A member came into another lifecycle stage."""

    __tablename__ = "stage_changes"
    __table_args__ = (Index(None, "changed_at", "member_id"), Index(None, "member_id", "changed_at"))

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    from_stage: Mapped[str | None]
    """None: not scored before."""
    to_stage: Mapped[str | None]
    """None: not scored any more."""
    changed_at: Mapped[datetime]
    """The beginning of the local day whose scores showed it."""
