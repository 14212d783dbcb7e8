"""Joins neighbouring words: operators with their amounts, lists of values, tiers with everything above them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from crm.segments.language.kinds import Comparison, Duration, Entity, FieldValue, Kind, Quantity

_RANGE_LINK = re.compile(r"\s*(?:-|to|till|~|至|到|and|和|与)\s*(?:¥|\$|rmb|cny)?\s*")
_EXPLICIT_RANGE_LINK = re.compile(r"\s*(?:-|to|~|至|到)\s*(?:¥|\$|rmb|cny)?\s*")
_SCALE = re.compile(r"[\d.]+\s*(?P<scale>k|w|万|千|m)")
_SCALES = {"k": 1000, "w": 10_000, "万": 10_000, "千": 1000, "m": 1_000_000}
_BEFORE_OR_TOP = "前"
"""30天前 is thirty days ago, 前30名 is the top thirty."""
_MOST_AND_LEAST = {"最多": "<=", "最少": ">="}
_EXCLUSIVE_LISTS = (Kind.COMMA, Kind.OR, Kind.AND)

Items = Sequence[Entity]


def joined(items: Items, working: str, tiers: Sequence[str]) -> list[Entity]:
    """The items with comparisons, lists and tier ranges each made one."""
    found = list(items)
    for step in (_agos, _ranges, _comparisons, lambda rest, _text: _tier_ranges(rest, tiers), _lists, _levels):
        found = step(found, working)
    return found


def labelled(items: Items) -> list[Entity]:
    """`preferred channel: push` says the value of the field; `Helen名下` is Helen's book, not mine."""
    found: list[Entity] = []
    for entity in items:
        before = found[-1] if found else None
        is_label = before is not None and before.kind is Kind.FIELD and before.value == "preferred_channel"
        if is_label and before is not None and entity.text == ":":
            continue
        if entity.kind is Kind.ME and before is not None and _is_value_of(before, "csm"):
            continue
        if is_label and before is not None and _is_value_of(entity, "channel"):
            found[-1] = replace(before, kind=Kind.ANCHOR)
        is_named = entity.kind is Kind.FIELD and entity.value == "preferred_channel"
        follows_channel = before is not None and _is_value_of(before, "channel")
        found.append(replace(entity, kind=Kind.ANCHOR) if is_named and follows_channel else entity)
    return found


def _agos(items: list[Entity], _working: str) -> list[Entity]:
    """`ago` and `前` say something of a length of time only: not so the `back` of "win-back"."""
    found: list[Entity] = []
    for entity in items:
        follows_length = bool(found) and isinstance(found[-1].value, Duration)
        if entity.text == _BEFORE_OR_TOP and follows_length:
            found.append(replace(entity, kind=Kind.AGO))
        elif entity.kind is not Kind.AGO or follows_length:
            found.append(entity)
    return found


def spanning(kind: Kind, value: object, parts: Items) -> Entity:
    first, last = parts[0], parts[-1]
    return Entity(kind, value, first.start, last.end, " ".join(part.text for part in parts))  # type: ignore[arg-type]


def _amount(entity: Entity) -> Quantity | Duration | None:
    return entity.value if isinstance(entity.value, Quantity | Duration) else None


def _ranges(items: list[Entity], working: str) -> list[Entity]:
    """`between 25 and 35`, `25-35`, `8 to 12k`: two amounts that belong together."""
    found: list[Entity] = []
    index = 0
    while index < len(items):
        taken = _range_at(items, index, working)
        if taken is None:
            found.append(items[index])
            index += 1
        else:
            entity, index = taken
            found.append(entity)
    return found


def _range_at(items: list[Entity], index: int, working: str) -> tuple[Entity, int] | None:
    first = index + 1 if items[index].kind is Kind.BETWEEN else index
    second = first + 1
    if second < len(items) and items[second].kind in (Kind.AND, Kind.BETWEEN):
        second += 1
    if second >= len(items):
        return None
    low, high = _amount(items[first]), _amount(items[second])
    if low is None or high is None:
        return None
    link = _RANGE_LINK if first > index else _EXPLICIT_RANGE_LINK
    if not link.fullmatch(working, items[first].end, items[second].start):
        return None
    if isinstance(low, Duration) != isinstance(high, Duration):
        if isinstance(low, Duration) or not isinstance(high, Duration):
            return None
        low = replace(high, count=int(low.amount) * (7 if high.in_weeks else 1))
    elif isinstance(low, Quantity) and isinstance(high, Quantity):
        low, high = _same_unit(low, high, items[second].text)
    return spanning(Kind.COMPARISON, Comparison("between", low, high), items[index : second + 1]), second + 1


def _same_unit(low: Quantity, high: Quantity, written: str) -> tuple[Quantity, Quantity]:
    unit = high.unit or low.unit
    scale = _SCALE.search(written)
    amount = low.amount
    if scale and amount < high.amount / _SCALES[scale["scale"]] * 1.0 + 1 and amount < _SCALES[scale["scale"]]:
        amount = amount * _SCALES[scale["scale"]]
    return Quantity(amount, unit), Quantity(high.amount, unit)


def _comparisons(items: list[Entity], _working: str) -> list[Entity]:
    """Operators before or after their amount, and amounts alone."""
    found: list[Entity] = []
    index = 0
    while index < len(items):
        length, op = _operator_at(items, index)
        part = items[index : index + length]
        amount = next((_amount(entity) for entity in part if _amount(entity) is not None), None)
        if amount is None:
            found.append(items[index])
            index += 1
        else:
            counted = [entity for entity in part if entity.kind is Kind.ANCHOR]
            parts = part[:1] if counted else part
            found.extend([spanning(Kind.COMPARISON, Comparison(op, amount), parts), *counted])
            index += length
    return found


def _is_suffix(entity: Entity) -> bool:
    return entity.kind is Kind.COMPARE and str(entity.value).startswith("post")


def _operator_at(items: list[Entity], index: int) -> tuple[int, str]:
    """How many items from `index` on make one comparison, and its operator; (1, "") for an amount alone."""
    first = items[index]
    following = items[index + 1] if index + 1 < len(items) else None
    op = _prefix_operator(first)
    if op and following is not None and _amount(following) is not None:
        return 2, op
    if _amount(first) is None or following is None:
        return 1, ""
    after = items[index + 2] if index + 2 < len(items) else None
    return _operator_after(first, following, after)


def _operator_after(amount: Entity, following: Entity, after: Entity | None) -> tuple[int, str]:
    if following.kind is Kind.COMPARE and isinstance(following.value, str):
        if following.value.startswith("post"):
            return 2, following.value.removeprefix("post")
        if following.value in (">=", "<=") and (after is None or _amount(after) is None):
            return 2, following.value
    is_plus = following.kind is Kind.AND and following.text in ("+", "plus")
    if following.kind is Kind.ANCHOR and after is not None and _is_suffix(after):
        return 3, str(after.value).removeprefix("post")
    if is_plus and (following.start == amount.end or after is None or after.kind in (Kind.HEAD, Kind.ANCHOR)):
        return 2, ">="
    return 1, ""


def _prefix_operator(entity: Entity) -> str:
    if entity.kind is Kind.COMPARE and isinstance(entity.value, str):
        # "and under 35" begins a bound; "35 and under" has been read before it comes here.
        return entity.value.removeprefix("post")[:1] if entity.value.startswith("post") else entity.value
    if entity.kind is Kind.SUPERLATIVE:
        return _MOST_AND_LEAST.get(entity.text, "")
    return "=" if entity.kind is Kind.REFINE and entity.text in ("only", "just", "只", "仅") else ""


def _tier_ranges(items: list[Entity], tiers: Sequence[str]) -> list[Entity]:
    """`gold and above`, `silver+`, `below gold`, `at least gold`: the tiers on that side."""
    found: list[Entity] = []
    index = 0
    while index < len(items):
        op, length = _tier_operator_at(items, index)
        part = items[index : index + length]
        tier = next((entity for entity in part if _is_value_of(entity, "tier")), None)
        if not op or tier is None or not isinstance(tier.value, FieldValue) or tier.value.values[0] not in tiers:
            found.append(items[index])
            index += 1
            continue
        rank = tiers.index(tier.value.values[0])
        chosen = {">=": tiers[rank:], ">": tiers[rank + 1 :], "<=": tiers[: rank + 1], "<": tiers[:rank]}[op]
        found.append(spanning(Kind.VALUE, FieldValue("tier", tuple(chosen)), part))
        index += length
    return found


def _is_value_of(entity: Entity, name: str) -> bool:
    return entity.kind is Kind.VALUE and isinstance(entity.value, FieldValue) and entity.value.field == name


def _tier_operator_at(items: list[Entity], index: int) -> tuple[str, int]:
    if index + 1 >= len(items):
        return "", 1
    first, second = items[index], items[index + 1]
    after = items[index + 2] if index + 2 < len(items) else None
    if _is_value_of(first, "tier"):
        if second.kind is Kind.COMPARE and isinstance(second.value, str) and second.value.startswith("post"):
            return second.value.removeprefix("post"), 2
        is_plus = second.text == "+" and second.start == first.end
        if is_plus and (after is None or after.kind is not Kind.VALUE):
            return ">=", 2
    is_prefix = first.kind is Kind.COMPARE and isinstance(first.value, str) and first.value in (">", ">=", "<", "<=")
    if is_prefix and _is_value_of(second, "tier"):
        return str(first.value), 2
    return "", 1


def _lists(items: list[Entity], _working: str) -> list[Entity]:
    """Values of one field in a row, with commas, and, or, or nouns between: one value with all of them."""
    found: list[Entity] = []
    for entity in items:
        found.append(entity)
        while (merged := _merged_tail(found)) is not None:
            start, value = merged
            found[start:] = [spanning(Kind.VALUE, value, found[start:])]
    return found


def _merged_tail(found: list[Entity]) -> tuple[int, FieldValue] | None:
    last = found[-1]
    if last.kind is not Kind.VALUE or not isinstance(last.value, FieldValue):
        return None
    index = len(found) - 2
    links: list[Entity] = []
    while index >= 0 and (found[index].kind in (*_EXCLUSIVE_LISTS, Kind.HEAD) or found[index].text in ("nor", "也不")):
        links.append(found[index])
        index -= 1
    if index < 0 or not _is_value_of(found[index], last.value.field):
        return None
    kinds = {link.kind for link in links}
    if not kinds - {Kind.HEAD} and not _is_adjacent(found[index], last):
        return None
    before = found[index].value
    assert isinstance(before, FieldValue)  # noqa: S101 - _is_value_of has said so
    lead = found[max(0, index - 2) : index]
    means_all = before.means_all or any(entity.kind is Kind.ALL_OF for entity in lead)
    if Kind.AND in kinds and Kind.OR not in kinds:
        # "tagged runner and vegan" is both; "runners and vegans" are two groups of people.
        means_all = means_all or last.value.field != "tags" or any(e.value in ("tagged", "tags") for e in lead)
    values = tuple(dict.fromkeys(before.values + last.value.values))
    return index, FieldValue(last.value.field, values, means_all)


def _is_adjacent(first: Entity, second: Entity) -> bool:
    return second.start - first.end <= 1


def _levels(items: list[Entity], _working: str) -> list[Entity]:
    """`high or medium`: one level."""
    found: list[Entity] = []
    for entity in items:
        found.append(entity)
        if (
            len(found) >= 3
            and entity.kind is Kind.LEVEL
            and found[-2].kind in (Kind.OR, Kind.AND)
            and found[-3].kind is Kind.LEVEL
        ):
            found[-3:] = [spanning(Kind.LEVEL, f"{found[-3].value}|{entity.value}", found[-3:])]
    return found


def without(items: Iterable[Entity], kinds: Iterable[Kind]) -> list[Entity]:
    dropped = frozenset(kinds)
    return [entity for entity in items if entity.kind not in dropped]
