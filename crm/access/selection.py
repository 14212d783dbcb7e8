"""Who was selected when an approval was asked for, and who has come and gone since."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, insert, literal, select
from sqlalchemy.orm import Session

from crm.access.models import ApprovedMember


@dataclass(frozen=True)
class SelectionChanges:
    """In members."""

    approved: int
    """Selected when the approval was asked for."""
    now: int
    joined: int
    left: int

    @property
    def in_words(self) -> str:
        """`of the 370 members that were approved 12 are not selected any more, and 15 others are`"""
        if not (self.joined or self.left):
            return f"the {self.approved:,} members are the same that were shown for approval"
        return (
            f"of the {self.approved:,} members that were shown for approval {self.left:,} are not selected any more, "
            f"and {self.joined:,} others are"
        )


def store_selection(session: Session, approval_id: int, member_ids: Select[Any]) -> None:
    """Write down who is selected now. `member_ids` has one column."""
    (member_id,) = member_ids.subquery("selected").c
    rows = select(literal(approval_id), member_id)
    session.execute(insert(ApprovedMember).from_select(["approval_id", "member_id"], rows))


def selection_changes(session: Session, approval_id: int, member_ids: Select[Any]) -> SelectionChanges | None:
    """How those selected now differ from those written down; None when nobody was, as in requests of old."""
    mine = ApprovedMember.approval_id == approval_id
    approved = session.scalar(select(func.count()).select_from(ApprovedMember).where(mine)) or 0
    if not approved:
        return None
    (member_id,) = member_ids.subquery("selected").c
    was_in = ApprovedMember.member_id == member_id
    counts = select(func.count(), func.count(ApprovedMember.member_id)).select_from(
        member_id.table.outerjoin(ApprovedMember, was_in & mine)
    )
    now, kept = session.execute(counts).one()
    return SelectionChanges(approved, now, joined=now - kept, left=approved - kept)


def joined_since(approval_id: int, member_ids: Select[Any]) -> Select[Any]:
    """Ids of those who are selected now and were not."""
    (member_id,) = member_ids.subquery("selected").c
    return select(member_id).where(member_id.not_in(_approved(approval_id)))


def left_since(approval_id: int, member_ids: Select[Any]) -> Select[Any]:
    """Ids of those who were selected and are not now."""
    approved = _approved(approval_id).subquery("approved")
    (member_id,) = member_ids.subquery("selected").c
    return select(approved.c.member_id).where(approved.c.member_id.not_in(select(member_id)))


def _approved(approval_id: int) -> Select[int]:
    return select(ApprovedMember.member_id).where(ApprovedMember.approval_id == approval_id)
