"""What segments can ask of saved segments: so one is built on another, and sets of them are combined."""

from collections.abc import Iterator
from typing import cast

from sqlalchemy import Table, select

from crm.fields import Aggregate, Collection, Fact, Field, Kind, Qualifiers, Record, RowColumns, Rows
from crm.segments.models import Segment, SegmentMember
from crm.words import Text

SEGMENT = "segment"
"""The field's name in a definition."""

_members = cast(Table, SegmentMember.__table__).join(
    cast(Table, Segment.__table__), Segment.id == SegmentMember.segment_id
)


def _memberships(_qualifiers: Qualifiers) -> RowColumns:
    return RowColumns(SegmentMember.member_id, value=Segment.name, source=_members)


def _facts(record: Record, _qualifiers: Qualifiers) -> Iterator[Fact]:
    return (Fact(part["segment"], part["since"], part["segment"]) for part in record["segments"])


FIELDS = (
    Field(
        name=SEGMENT,
        kind=Kind.MEMBERSHIP,
        source=Rows(Aggregate.SET, _memberships, _facts, has_windows=False),
        label=Text("saved segments that the member is in", "所在的已存分组"),
        words_en=("saved segment", "saved segments"),
        words_zh=("已存分组", "已保存分组"),
        names=select(Segment.name),
    ),
)

COLLECTIONS = (
    Collection(
        "segments",
        source=_members,
        member_id=SegmentMember.member_id,
        columns={"segment": Segment.name, "since": SegmentMember.since},
    ),
)
