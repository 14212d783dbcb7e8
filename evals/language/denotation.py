"""Compares what two definitions denote on the loaded members, never how they are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from crm.errors import CrmError
from crm.segments.definition import parse_definition
from crm.segments.scope import SegmentScope
from crm.segments.service import break_down, member_ids, parse_metric

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Denotation:
    """Evaluates definitions on one database at one moment."""

    session: Session
    scope: SegmentScope

    def ids(self, definition: Json) -> list[int]:
        return member_ids(self.session, parse_definition(definition, self.scope.catalog), self.scope)

    def same_members(self, gold: Json, measured: Json, *, ordered: bool = False) -> bool:
        """Whether both give the same members (in the same order; ties are broken alike on both sides)."""
        try:
            left, right = self.ids(gold), self.ids(measured)
        except CrmError:
            return False
        return left == right if ordered else set(left) == set(right)

    def same_groups(self, gold: Json, expect: Json, groups: Sequence[Json]) -> bool:
        """Whether a measured group table equals the one that the gold denotes."""
        breakdown = break_down(
            self.session,
            parse_definition(gold, self.scope.catalog),
            self.scope,
            tuple(expect["group_by"]),
            parse_metric(expect.get("metric"), self.scope.catalog),
            limit=expect.get("limit"),
        )
        wanted = {tuple(group.key): _rounded(group.value) for group in breakdown.groups}
        return wanted == {tuple(group["key"]): _rounded(group["value"]) for group in groups}


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value
