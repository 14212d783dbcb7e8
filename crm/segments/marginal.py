"""What each condition of a segment costs: how many members there would be without it."""

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.segments.compile import select_count
from crm.segments.definition import Definition
from crm.segments.describe import describe_condition
from crm.segments.paths import Placed, placed_nodes, without
from crm.segments.phrases import Language
from crm.segments.scope import SegmentScope
from crm.segments.service import require_known_names

MAX_PARTS = 30
"""Each part is counted anew; of a larger tree only the parts that come first in reading order are."""


@dataclass(frozen=True)
class MarginalCount:
    """The segment without one of its parts."""

    path: str
    words: str
    count: int
    """Members who meet everything else."""
    difference: int
    """`count` less the members who meet everything; negative where the part lets members in."""


@dataclass(frozen=True)
class Marginals:
    """What each part changes. Orders and limits are left aside: they choose among those who meet the conditions."""

    count: int
    """Members who meet all conditions."""
    parts: tuple[MarginalCount, ...]
    parts_total: int
    """More than `parts` when the tree is larger than what is counted."""


def marginal_counts(
    session: Session, definition: Definition, scope: SegmentScope, *, language: Language = "en"
) -> Marginals:
    """Count the segment without each of its parts, nested ones too, in one statement."""
    require_known_names(session, definition)
    unlimited = Definition(definition.root)
    placed = list(placed_nodes(definition.root))
    counted = placed[:MAX_PARTS]
    trees = [unlimited, *(replace(unlimited, root=without(definition.root, part.path)) for part in counted)]
    total, *counts = session.execute(select(*(select_count(tree, scope).scalar_subquery() for tree in trees))).one()
    parts = tuple(_marginal(part, count, total, scope, language) for part, count in zip(counted, counts, strict=True))
    return Marginals(total, parts, len(placed))


def _marginal(part: Placed, count: int, total: int, scope: SegmentScope, language: Language) -> MarginalCount:
    words = describe_condition(part.node, scope, language=language)
    return MarginalCount(part.path, words, count, count - total)
