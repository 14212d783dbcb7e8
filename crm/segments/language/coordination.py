"""What a clause leaves unsaid because its neighbour said it: the act, the window, the channel, the negation."""

import itertools
from dataclasses import replace

from crm.segments.language.clauses import MESSAGE_ACTS, ORDER_ACTS, Clause, with_entities
from crm.segments.language.kinds import Comparison, Duration, Entity, FieldValue, Kind, Quantity

ADULT_AGES = range(10, 111)
ACTS = MESSAGE_ACTS | ORDER_ACTS | {"coupon.redeemed"}
WINDOWED = MESSAGE_ACTS | ORDER_ACTS | {"coupon.redeemed", "campaign", "silent"}


def completed(clauses: list[Clause], *, goes_on: bool = False) -> list[Clause]:
    """Every clause with what it takes over from its neighbours.

    With `goes_on` the sentence follows an earlier one, and a bare number need not be an age.
    """
    found = _continued(_fronted(clauses), goes_on=goes_on)
    found = _without_newness([_named(clause) for clause in found])
    _share_goods(found)
    _spread_negation(found)
    _share_backwards(found)
    _share_forwards(found)
    return found


def _fronted(clauses: list[Clause]) -> list[Clause]:
    """ "In May, who opened an email": a period ahead of its act moves into it."""
    found: list[Clause] = []
    waiting: list[Clause] = []
    has_act_before = False
    for clause in clauses:
        is_bare = clause.anchor is None and bool(clause.entities) and _is_only_time(clause)
        if is_bare and not has_act_before and not clause.is_negated:
            waiting.append(clause)
        elif waiting and (clause.anchor in WINDOWED or clause.anchor in _DATED) and not _has_time(clause):
            found.append(with_entities(clause, [entity for early in waiting for entity in early.entities]))
            waiting = []
        else:
            found.append(clause)
        has_act_before = has_act_before or bool(found and (found[-1].anchor in WINDOWED or found[-1].anchor in _DATED))
    return found + waiting


_DATED = frozenset({"joined_at", "birthday", "anniversary", "last_order_at", "first_order_at"})


def _is_only_time(clause: Clause) -> bool:
    said = [entity for entity in clause.entities if entity.kind not in (Kind.HEAD, Kind.VERB)]
    return all(entity.kind is Kind.PERIOD or _is_length(entity) for entity in said)


def _is_length(entity: Entity) -> bool:
    return isinstance(entity.value, Comparison) and isinstance(entity.value.amount, Duration)


def _has_time(clause: Clause) -> bool:
    return bool(clause.periods) or any(_is_length(entity) for entity in clause.entities)


def _continued(clauses: list[Clause], *, goes_on: bool) -> list[Clause]:
    """Clauses without an act of their own go on about the act before: "..., not in the last 30 days"."""
    found: list[Clause] = []
    for clause in clauses:
        model = next((other for other in reversed(found) if other.anchor not in (None, "value")), None)
        if clause.anchor is not None or _is_age(clause, goes_on=goes_on):
            found.append(clause if clause.anchor is not None else replace(clause, anchor="age"))
        elif _names_values_only(clause) and (model is None or not _can_take(model, clause)):
            found.append(replace(clause, anchor=_act_for(clause)))
        elif model is None or clause.exception is not None:
            found.append(clause)
        elif _adds_to(model, clause):
            model.entities.extend(clause.entities)
        else:
            found.append(_copy(model, clause))
    return found


def _is_age(clause: Clause, *, goes_on: bool) -> bool:
    """ "women 25-35", "bronze members under 30": a bare number that can be an age."""
    amounts = [c.amount for c in clause.comparisons if isinstance(c.amount, Quantity)]
    if not amounts or clause.has(Kind.VALUE):
        return False
    return all(a.unit == "age" or (a.unit == "" and a.amount in ADULT_AGES and not goes_on) for a in amounts)


def _names_values_only(clause: Clause) -> bool:
    return clause.has(Kind.VALUE)


def _can_take(model: Clause, clause: Clause) -> bool:
    """Whether the values of `clause` can go with the act of `model`."""
    for name, acts in _ACTS_OF.items():
        if clause.values(name) is not None:
            return model.anchor in acts
    return False


_ACTS_OF = {
    "category": ORDER_ACTS | {"last_order_at", "first_order_at"},
    "channel": MESSAGE_ACTS | {"consent", "opt_out", "preferred_channel"},
    "campaign": MESSAGE_ACTS | {"campaign", "coupon.redeemed"},
}


def _act_for(clause: Clause) -> str | None:
    if clause.values("category") is not None:
        return "purchase"
    return "campaign" if clause.values("campaign") is not None else None


def _adds_to(model: Clause, clause: Clause) -> bool:
    """A second bound, or a window that the act before still lacks."""
    if clause.is_negated or clause.has(Kind.VALUE) or clause.link != "and":
        return False
    if _is_only_time(clause):
        return not _has_time(model)
    return bool(clause.comparisons) and not clause.periods


def _copy(model: Clause, clause: Clause) -> Clause:
    """The act of `model` with what `clause` says differently."""
    kept = [entity for entity in model.entities if entity.kind not in (Kind.NEGATION, Kind.PERIOD, Kind.COMPARISON)]
    for name in _ACTS_OF:
        if clause.values(name) is not None:
            kept = [e for e in kept if not (isinstance(e.value, FieldValue) and e.value.field == name)]
    if not clause.periods and not clause.lengths and not clause.has(Kind.SINCE):
        kept.extend(entity for entity in model.entities if entity.kind is Kind.PERIOD)
    if clause.has(Kind.SINCE):
        kept.extend(replace(entity, kind=Kind.FILLER) for entity in model.entities if entity.kind is Kind.PERIOD)
    if clause.has(Kind.VALUE) and not _has_time(model):
        model.entities.extend(entity for entity in clause.entities if entity.kind is Kind.PERIOD)
    is_negated = clause.is_negated or (model.is_negated and clause.link == "or")
    return replace(clause, anchor=model.anchor, entities=kept + clause.entities, is_negated=is_negated)


def _named(clause: Clause) -> Clause:
    """Acts whose meaning depends on their objects."""
    if clause.anchor in ("messages.received", "joined_at") and clause.values("campaign") is not None:
        has_message = clause.values("channel") is not None or any(e.value == "message" for e in clause.entities)
        return clause if has_message else replace(clause, anchor="campaign")
    if clause.anchor == "message":
        return replace(clause, anchor="messages.received")
    if clause.anchor == "tagged" and clause.values("campaign") is not None:
        return replace(clause, anchor="campaign")
    return clause


def _without_newness(clauses: list[Clause]) -> list[Clause]:
    """ "new sign-ups this month", "new members last week": joined then, whatever the lifecycle stage."""
    found = list(clauses)
    for clause in clauses:
        value = clause.standing_value
        if value is None or value.field != "lifecycle_stage" or value.values != (_NEW,) or clause.is_negated:
            continue
        if any(other.anchor == "joined_at" for other in found):
            found.remove(clause)
            continue
        time = next((c for c in found if c.anchor is None and c.entities and _is_only_time(c)), None)
        if time is not None and not time.is_negated:
            found.remove(clause)
            found[found.index(time)] = replace(time, anchor="joined_at")
    return found


_NEW = "new"
_BUYING = ("buy", "bought", "purchas", "买", "购买")


def _share_goods(clauses: list[Clause]) -> None:
    """ "bought coffee in 3 months but didn't buy in the last one": still coffee."""
    for first, second in itertools.pairwise(clauses):
        if first.anchor != "purchase" or second.anchor != "purchase" or first.is_negated or not second.is_negated:
            continue
        verbs = [entity.text for entity in second.items(Kind.ANCHOR)]
        says_what = second.values("category") is not None or any("thing" in verb for verb in verbs)
        if not says_what and all(verb.startswith(_BUYING) for verb in verbs):
            second.entities.extend(
                e for e in first.entities if isinstance(e.value, FieldValue) and e.value.field == "category"
            )


def _spread_negation(clauses: list[Clause]) -> None:
    """ "haven't ordered or opened an email": neither of the two."""
    for before, clause in itertools.pairwise(clauses):
        reaches = before.is_negated and clause.link == "or" and not clause.opens_anew
        if reaches and before.anchor != "value" and clause.anchor != "value":
            clause.is_negated = not clause.is_negated or clause.has(Kind.NEGATION)
            clause.link = "and"


def _family(clause: Clause) -> frozenset[str]:
    for family in (MESSAGE_ACTS, ORDER_ACTS):
        if clause.anchor in family:
            return family
    return frozenset({clause.anchor or ""})


def _is_close(first: Clause, second: Clause) -> bool:
    if first.anchor not in WINDOWED or second.anchor not in WINDOWED:
        return False
    if _is_response(first, second):
        return True
    if _family(first) == _family(second):
        # "ordered 5 times but not lately": with opposite answers, orders keep their own windows.
        return first.is_negated == second.is_negated or (_family(first) == MESSAGE_ACTS and not first.is_negated)
    return second.is_joined and not second.opens_anew and first.is_negated == second.is_negated and second.link == "or"


def _is_response(first: Clause, second: Clause) -> bool:
    """ "clicked an email and bought (or: but didn't buy) in the last 14 days": one story, one window."""
    is_story = first.anchor in ACTS and second.anchor in ACTS and not first.is_negated and second.is_joined
    if not is_story or second.link != "and":
        return False
    return not second.is_negated or (first.anchor in MESSAGE_ACTS and second.anchor in ORDER_ACTS)


def _share_backwards(clauses: list[Clause]) -> None:
    """ "opened or clicked an email in the last 30 days": the window and the channel belong to both."""
    for first, second in reversed(list(itertools.pairwise(clauses))):
        joint = _is_close(first, second) or _was_spread(first, second)
        if joint and not first.negation_lasts:
            _give_time(second, first)
            if _family(first) == _family(second) == MESSAGE_ACTS:
                _give_values(second, first)


def _was_spread(first: Clause, second: Clause) -> bool:
    both_windowed = first.anchor in WINDOWED and second.anchor in WINDOWED
    return both_windowed and first.is_negated and second.is_negated and not second.has(Kind.NEGATION)


def _share_forwards(clauses: list[Clause]) -> None:
    """ "opened an email in May but clicked nothing": still in May, still e-mail."""
    for first, second in itertools.pairwise(clauses):
        is_kin = _family(first) == _family(second) and _is_close(first, second)
        is_answer = _is_response(first, second) and first.anchor in MESSAGE_ACTS and second.anchor in ORDER_ACTS
        if not (is_kin or is_answer or _was_spread(first, second)) or second.negation_lasts:
            continue
        _give_time(first, second)
        if _family(first) == _family(second) == MESSAGE_ACTS:
            _give_values(first, second)


def _give_time(giver: Clause, taker: Clause) -> None:
    if not _has_time(taker):
        taker.entities.extend(
            entity
            for entity in giver.entities
            if entity.kind is Kind.PERIOD or (_is_length(entity) and giver.is_negated)
        )


def _give_values(giver: Clause, taker: Clause) -> None:
    if taker.values("channel") is None and taker.values("campaign") is None:
        taker.entities.extend(
            entity
            for entity in giver.entities
            if isinstance(entity.value, FieldValue) and entity.value.field in ("channel", "campaign")
        )
