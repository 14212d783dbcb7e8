"""Why a member is, or is not, in a segment: every condition with his value, and his place where places decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from crm.errors import NotFound
from crm.fields import Op, Record
from crm.segments.definition import AllOf, Condition, Definition, Node, parse_definition
from crm.segments.describe import describe_condition
from crm.segments.fields import SEGMENT
from crm.segments.paths import conjuncts, placed_conditions
from crm.segments.phrases import Language
from crm.segments.ranking import Rank, rank_by_value, rank_in_order
from crm.segments.records import member_records
from crm.segments.reference import CutOffs, Verdict, evaluate, is_visible, value_of, verdict
from crm.segments.saved import find_segment
from crm.segments.scope import SegmentScope, require_history
from crm.segments.service import require_known_names
from crm.segments.values import value_to_json


@dataclass(frozen=True)
class LeafVerdict:
    """One condition of an explanation."""

    path: str
    words: str
    field: str
    op: str
    value: Any
    """The member's value, in the units of a record; None when missing."""
    threshold: Any
    """What it is compared with, as definitions write it."""
    verdict: Verdict
    """None: a missing value leaves it open."""
    missing: str | None = None
    """The name of the value that is missing, where the verdict is open."""
    rank: Rank | None = None
    """His place where the condition is about a top share."""


@dataclass(frozen=True)
class Explanation:
    """Why a member is, or is not, in a segment."""

    member_id: int
    member_name: str
    conditions: tuple[LeafVerdict, ...]
    meets_conditions: Verdict
    missed: tuple[tuple[str, str], ...]
    """Path and words of the outermost conditions that are not true of him."""
    is_member: bool
    """Also within the definition's limit."""
    rank: Rank | None = None
    """His place in the order where the definition has a limit and he meets the conditions."""


def explain_member(
    session: Session, definition: Definition, scope: SegmentScope, member_id: int, *, language: Language = "en"
) -> Explanation:
    """Why a member is, or is not, in the segment. Raises NotFound for a member the caller may not see."""
    require_known_names(session, definition)
    require_history(scope, (condition.field for condition in definition.conditions()))
    record = next(member_records(session, scope, [member_id]), None)
    if record is None or not is_visible(record, scope):
        when = f" on {scope.today}" if scope.as_of else ""
        raise NotFound(f"there is no member {member_id} that you may see{when}")
    ranks = {
        condition: rank_by_value(session, condition, scope, member_id)
        for condition in definition.conditions()
        if condition.op is Op.TOP_PERCENT
    }
    person = _Person(record, scope, language, ranks)
    leaves = tuple(person.leaf(path, condition) for path, condition in placed_conditions(definition.root))
    meets = evaluate(definition, record, scope, person.cut_offs)
    missed = tuple(
        (part.path, describe_condition(part.node, scope, language=language))
        for part in conjuncts(definition.root)
        if part.node != AllOf() and person.verdict(part.node) is not True
    )
    rank = rank_in_order(session, definition, scope, member_id) if meets is True else None
    is_member = meets is True and (rank is None or (rank.place is not None and rank.place <= rank.places))
    return Explanation(member_id, record["name"], leaves, meets, missed, is_member, rank)


def definition_behind(session: Session, definition: Definition, scope: SegmentScope) -> Definition:
    """Where a definition names one saved segment and says nothing else, that segment's own definition."""
    parts = [part.node for part in conjuncts(definition.root)]
    only = parts[0] if len(parts) == 1 and not definition.is_limited else None
    if not isinstance(only, Condition) or only.field.name != SEGMENT or only.op is not Op.IN:
        return definition
    names: Any = only.value
    if len(names) > 1:
        return definition
    return parse_definition(find_segment(session, names[0]).definition, scope.catalog)


@dataclass(frozen=True)
class _Person:
    """One member as conditions see him."""

    record: Record
    scope: SegmentScope
    language: Language
    ranks: Mapping[Condition, Rank]

    @property
    def cut_offs(self) -> CutOffs:
        return {condition: rank.cut_off for condition, rank in self.ranks.items()}

    def verdict(self, node: Node) -> Verdict:
        return verdict(node, self.record, self.scope.viewpoint, self.cut_offs)

    def leaf(self, path: str, condition: Condition) -> LeafVerdict:
        holds = self.verdict(condition)
        return LeafVerdict(
            path=path,
            words=describe_condition(condition, self.scope, language=self.language),
            field=condition.field.name,
            op=condition.op.value,
            value=value_of(condition.term, self.record, self.scope.viewpoint),
            threshold=value_to_json(condition.value),
            verdict=holds,
            missing=condition.field.label.in_language(self.language) if holds is None else None,
            rank=self.ranks.get(condition),
        )
