"""Cuts a sentence into clauses, each about one thing, and says how they hang together."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from crm.segments.language.kinds import Comparison, Duration, Entity, FieldValue, Kind, Period, Quantity

ARGUMENT_FIELDS = frozenset({"category", "channel", "campaign"})
"""Values that narrow an act (bought what, opened on which channel) rather than stand on their own."""
WEAK = frozenset({"campaign", "message", "activity", "used", "tagged", "tags", "reachable"})
"""Nouns that only help the verb beside them."""
MESSAGE_ACTS = frozenset({"messages.received", "messages.opened", "messages.clicked"})
ORDER_ACTS = frozenset({"purchase", "orders.count", "orders.spend", "spend_or_purchase", "orders.average"})
_FUSED = {
    frozenset({"consent", "messages.received"}): "consent",
    frozenset({"opt_out", "messages.received"}): "opt_out",
    frozenset({"opt_out", "consent"}): "opt_out",
    frozenset({"coupon.redeemed", "messages.received"}): "coupon.received",
    frozenset({"activity_trend", "activity_score"}): "activity_trend",
    frozenset({"purchase", "orders.spend"}): "orders.spend",
    frozenset({"purchase", "spend_or_purchase"}): "spend_or_purchase",
    frozenset({"birthday", "age"}): "birthday",
    frozenset({"preferred_channel", "messages.received"}): "preferred_channel",
    frozenset({"joined_at", "anniversary"}): "anniversary",
    frozenset({"coupon.redeemed", "purchase"}): "coupon.redeemed",
    frozenset({"churn_risk", "activity_score"}): "churn_risk",
    frozenset({"participation.count", "campaign"}): "campaign",
}
_BOUNDARIES = frozenset({Kind.COMMA, Kind.BUT, Kind.STOP, Kind.AND, Kind.OR, Kind.OPEN, Kind.EXCEPT})
_LEADS = frozenset({Kind.NEGATION, Kind.COMPARISON, Kind.LEVEL, Kind.ANY_OF, Kind.VERB, Kind.ALL_OF, Kind.DIRECTION})
Link = Literal["and", "or", "split_or"]
"""`split_or` begins a second group of members: "platinum members, or anyone who ..."."""
_LASTING_NEVER = ("never", "从未", "从没", "从来没", "从来没有", "从没有", "从不", "non")


@dataclass
class Clause:
    """One act or trait with what is said about it; `anchor` is None when it goes on about the one before."""

    anchor: str | None
    entities: list[Entity] = field(default_factory=list)
    is_negated: bool = False
    link: Link = "and"
    exception: int | None = None
    """Clauses with the same number are taken away together; None: not taken away."""
    opens_anew: bool = False
    """Starts with a pronoun, noun or auxiliary verb of its own, so that no negation reaches it from before."""
    is_joined: bool = False
    """Follows the clause before without a comma or a pronoun of its own."""

    def items(self, kind: Kind) -> list[Entity]:
        return [entity for entity in self.entities if entity.kind is kind]

    def has(self, kind: Kind) -> bool:
        return any(entity.kind is kind for entity in self.entities)

    @property
    def comparisons(self) -> list[Comparison]:
        return [entity.value for entity in self.entities if isinstance(entity.value, Comparison)]

    @property
    def periods(self) -> list[Period]:
        return [entity.value for entity in self.entities if isinstance(entity.value, Period)]

    @property
    def lengths(self) -> list[Duration]:
        """Bare lengths of time: "60天没下单", "for 45 days"."""
        return [c.amount for c in self.comparisons if isinstance(c.amount, Duration) and c.op == ""]

    @property
    def text(self) -> str:
        return " ".join(entity.text for entity in self.entities)

    def values(self, name: str) -> FieldValue | None:
        found = [e.value for e in self.entities if isinstance(e.value, FieldValue) and e.value.field == name]
        if not found:
            return None
        values = tuple(dict.fromkeys(value for group in found for value in group.values))
        return FieldValue(name, values, any(group.means_all for group in found))

    @property
    def standing_value(self) -> FieldValue | None:
        """The value when this clause is nothing but a value: "in Shanghai"."""
        value = self.entities[0].value if self.anchor == "value" and self.entities else None
        return value if isinstance(value, FieldValue) else None

    @property
    def negation_lasts(self) -> bool:
        return any(entity.text in _LASTING_NEVER for entity in self.items(Kind.NEGATION))


@dataclass
class _Segment:
    marks: list[Entity]
    """The boundary words before it."""
    body: list[Entity] = field(default_factory=list)


def read_clauses(items: Sequence[Entity]) -> list[Clause]:
    """The clauses of a sentence in order, before anything is shared between them."""
    clauses: list[Clause] = []
    exception: int | None = None
    carried: list[Entity] = []
    for number, segment in enumerate(_segments(items)):
        marks = carried + segment.marks
        exception = _exception(marks, exception, number)
        if exception is not None and exception != number and _turns_back(marks, items, segment):
            exception = None
        found = list(_clauses_of(segment.body))
        if not found:
            carried = marks + [entity for entity in segment.body if entity.kind in (Kind.HEAD, Kind.VERB, Kind.REFINE)]
            continue
        _mark_links(found, marks, segment.body, clauses)
        for clause in found:
            clause.exception = exception
        if any(entity.value == "post" for entity in segment.body if entity.kind is Kind.EXCEPT):
            found[-1].exception = number
        clauses.extend(found)
        carried = []
    return clauses


def _segments(items: Sequence[Entity]) -> Iterator[_Segment]:
    current = _Segment([])
    for entity in items:
        if entity.kind in _BOUNDARIES and entity.value != "post":
            if current.body:
                yield current
                current = _Segment([])
            current.marks.append(entity)
        else:
            current.body.append(entity)
    if current.body or current.marks:
        yield current


def _turns_back(marks: list[Entity], items: Sequence[Entity], segment: _Segment) -> bool:
    """ "members other than platinum who spent": the pronoun goes back to the members, not to what is left out."""
    if not any(mark.kind is Kind.OPEN for mark in marks) or not segment.body:
        return False
    start = segment.body[0].start
    exceptions = [item.start for item in items if item.kind is Kind.EXCEPT and item.start < start]
    nouns = [item.start for item in items if item.kind in (Kind.HEAD, Kind.REFINE) and item.start < start]
    return bool(nouns) and bool(exceptions) and max(nouns) < max(exceptions)


def _exception(marks: list[Entity], current: int | None, number: int) -> int | None:
    """The exception that a segment belongs to, if any."""
    kinds = [mark.kind for mark in marks]
    if Kind.EXCEPT in kinds:
        return number
    if current is None or Kind.BUT in kinds or (Kind.STOP in kinds and kinds != [Kind.STOP]):
        return None
    if Kind.COMMA in kinds and not {Kind.AND, Kind.OR} & set(kinds):
        return None
    if Kind.STOP in kinds:
        return None
    if Kind.AND in kinds or Kind.OR in kinds:
        return number
    return current


def _mark_links(found: list[Clause], marks: list[Entity], body: list[Entity], before: list[Clause]) -> None:
    first = found[0]
    kinds = {mark.kind for mark in marks}
    starts_with_noun = any(entity.kind in (Kind.HEAD, Kind.REFINE) for entity in [*marks, *body[:1]])
    has_noun = starts_with_noun or any(entity.kind is Kind.HEAD for entity in body[:3])
    first.opens_anew = bool(kinds & {Kind.OPEN, Kind.HEAD, Kind.VERB, Kind.EXCEPT}) or (
        bool(body) and body[0].kind in (Kind.VERB, Kind.HEAD)
    )
    first.is_joined = not kinds & {Kind.COMMA, Kind.OPEN, Kind.STOP}
    for clause in found[1:]:
        clause.is_joined = True
    if Kind.OR in kinds:
        first.link = "split_or" if has_noun and before else "or"
    elif Kind.AND in kinds and _starts_another_group(found, before, has_noun=has_noun):
        first.link = "split_or"


def _starts_another_group(found: list[Clause], before: list[Clause], *, has_noun: bool) -> bool:
    """ "gold in Shanghai and platinum in Beijing": two groups, for nobody has two tiers."""
    value = found[0].standing_value
    if value is None or value.field not in ("tier", "city", "lifecycle_stage", "gender"):
        return False
    repeated = any(clause.standing_value and clause.standing_value.field == value.field for clause in before)
    return repeated and not found[0].is_negated and (has_noun or len(found) > 1)


def _clauses_of(body: list[Entity]) -> Iterator[Clause]:
    for piece in _pieces(body):
        yield from _split_values(piece)


def _pieces(body: list[Entity]) -> Iterator[list[Entity]]:
    """Parts of a segment with one strong anchor each."""
    strong = [index for index, entity in enumerate(body) if _is_strong(entity)]
    start = 0
    for first, second in itertools.pairwise(strong):
        if _fused(body[first], body[second]) is not None:
            continue
        cut = second
        while cut - 1 > first and _leads(body, cut - 1, first):
            cut -= 1
        yield body[start:cut]
        start = cut
    yield body[start:]


def _leads(body: list[Entity], index: int, first: int) -> bool:
    """Whether the item before an anchor belongs to it rather than to the anchor before."""
    entity = body[index]
    if entity.kind in (Kind.PERIOD, Kind.COMPARISON):
        taken = body[first + 1 : index]
        return any(other.kind is entity.kind for other in taken) or entity.kind is Kind.COMPARISON
    is_argument = isinstance(entity.value, FieldValue) and entity.value.field in ARGUMENT_FIELDS
    if is_argument and body[index - 1].kind in _LEADS:
        return True
    return entity.kind in _LEADS or (is_argument and index - 1 == first is False)


def _is_strong(entity: Entity) -> bool:
    return entity.kind is Kind.ANCHOR and entity.value not in WEAK


def _fused(first: Entity, second: Entity) -> str | None:
    names = frozenset({str(first.value), str(second.value)})
    return str(first.value) if len(names) == 1 else _FUSED.get(names)


def _anchor(piece: list[Entity]) -> str | None:
    names = [str(entity.value) for entity in piece if entity.kind is Kind.ANCHOR]
    strong = list(dict.fromkeys(name for name in names if name not in WEAK))
    if not strong:
        return names[0] if names else None
    name = strong[0]
    for other in strong[1:]:
        name = _FUSED.get(frozenset({name, other}), name)
    return name


def _split_values(piece: list[Entity]) -> Iterator[Clause]:
    """Values that stand on their own, each a clause; the rest is the anchor's clause."""
    anchor = _anchor(piece)
    rest: list[Entity] = []
    pending: list[Entity] = []
    standing: list[Clause] = []
    for entity in piece:
        if entity.kind is Kind.NEGATION:
            pending.append(entity)
        elif _stands_alone(entity, anchor):
            standing.append(Clause("value", [entity, *pending], is_negated=len(pending) % 2 == 1))
            pending = []
        else:
            if entity.kind is Kind.ANCHOR and entity.value != "tagged":
                rest.extend(pending)
                pending = []
            rest.append(entity)
    rest.extend(pending)
    yield from standing
    if anchor not in (None, "age"):
        ages = [entity for entity in rest if _is_age(entity)]
        rest = [entity for entity in rest if entity not in ages]
        yield from (Clause("age", [age]) for age in ages)
    if _says_something(rest, anchor):
        negations = sum(1 for entity in rest if entity.kind is Kind.NEGATION)
        yield Clause(anchor, rest, is_negated=negations % 2 == 1)


def _is_age(entity: Entity) -> bool:
    amount = entity.value.amount if isinstance(entity.value, Comparison) else None
    return isinstance(amount, Quantity) and amount.unit == "age"


def _stands_alone(entity: Entity, anchor: str | None) -> bool:
    if entity.kind in (Kind.ME, Kind.WHOLE):
        return True
    if not isinstance(entity.value, FieldValue) or entity.kind is not Kind.VALUE:
        return False
    if entity.value.field == "campaign":
        return anchor in (None, *(ORDER_ACTS | {"value"}))
    return entity.value.field not in ARGUMENT_FIELDS


_SAYS = frozenset(
    {Kind.ANCHOR, Kind.PERIOD, Kind.COMPARISON, Kind.VALUE, Kind.NEGATION, Kind.LEVEL, Kind.SINCE, Kind.WHOLE}
)


def _says_something(rest: list[Entity], anchor: str | None) -> bool:
    return anchor is not None or any(entity.kind in _SAYS for entity in rest)


def with_entities(clause: Clause, entities: Sequence[Entity]) -> Clause:
    return replace(clause, entities=[*clause.entities, *entities])
