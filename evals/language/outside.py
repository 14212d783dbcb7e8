"""A second reading of the segment language, outside the product: plain Python over exported members.

Works from `nurture members export --json-lines` and from the language specification alone. It reads what stands
in a record (orders, messages, profile), never what the product worked out from it, and imports nothing of the
product, so that an error of the product cannot repeat itself here.
"""

import calendar
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean, median
from typing import Any

Record = Mapping[str, Any]
Leaf = Mapping[str, Any]
Verdict = bool | None
"""None where a missing value decides."""

COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda found, asked: bool(found == asked),
    "!=": lambda found, asked: bool(found != asked),
    ">": lambda found, asked: bool(found > asked),
    ">=": lambda found, asked: bool(found >= asked),
    "<": lambda found, asked: bool(found < asked),
    "<=": lambda found, asked: bool(found <= asked),
    "between": lambda found, asked: bool(asked[0] <= found <= asked[1]),
}
NEGATIVE = {"not_in", "!=", "contains_none", "none"}
WORD_FIELDS = {"tier", "city", "gender", "lifecycle_stage", "preferred_channel", "name"}
STORED_NUMBERS = {"activity_score", "activity_trend", "points_balance", "churn_risk", "clv"}


def read_records(lines: Iterable[str]) -> list[Record]:
    """The members of an export, one a line."""
    return [json.loads(line) for line in lines if line.strip()]


@dataclass(frozen=True)
class Asker:
    """Who asks, and when."""

    today: date
    name: str | None = None
    """What `@me` stands for."""
    sees_own_only: bool = False


def members(tree: Mapping[str, Any], records: Iterable[Record], asker: Asker) -> list[Record]:
    """The records that meet a predicate tree, by id."""
    visible = [record for record in records if not asker.sees_own_only or record["csm"] == asker.name]
    return sorted((r for r in visible if holds(tree, r, asker) is True), key=lambda record: int(record["id"]))


def listed(case: Mapping[str, Any], tree: Mapping[str, Any], records: Iterable[Record], asker: Asker) -> list[int]:
    """The ids of a list in the order of the case, at most its limit; without a value last, equal ones by id."""
    found = members(tree, records, asker)
    if order := case.get("order_by"):
        values = {record["id"]: number(order, record, asker) for record in found}
        sign = -1 if order.get("dir", "desc") == "desc" else 1
        found.sort(key=lambda r: (values[r["id"]] is None, sign * (values[r["id"]] or 0)))
    limit = case.get("limit") if "group_by" not in case else None
    return [record["id"] for record in found][:limit]


def groups(case: Mapping[str, Any], found: Iterable[Record], asker: Asker) -> dict[tuple[Any, ...], Any]:
    """The number of each group of the found members."""
    tables: dict[tuple[Any, ...], list[Record]] = {}
    for record in found:
        tables.setdefault(tuple(record[name] for name in case["group_by"]), []).append(record)
    metric = case.get("metric") or {"fn": "count"}
    if metric["fn"] == "count":
        return {key: len(rows) for key, rows in tables.items()}
    combines: dict[str, Callable[[list[Any]], Any]] = {"avg": fmean, "sum": sum, "median": median}
    result = {}
    for key, rows in tables.items():
        known = [value for value in (number(metric, record, asker) for record in rows) if value is not None]
        result[key] = combines[metric["fn"]](known) if known else None
    return result


def holds(tree: Mapping[str, Any], record: Record, asker: Asker) -> Verdict:
    """Whether the record meets the tree; None when that is unknown."""
    if "not" in tree:
        inner = holds(tree["not"], record, asker)
        return None if inner is None else not inner
    if "field" in tree:
        return _leaf(tree, record, asker)
    decisive = "any" in tree
    verdicts = [holds(part, record, asker) for part in tree["any" if decisive else "all"]]
    if decisive in verdicts:
        return decisive
    return None if None in verdicts else not decisive


def _leaf(leaf: Leaf, record: Record, asker: Asker) -> Verdict:
    name, op = leaf["field"], leaf["op"]
    asked: Any = leaf.get("value")
    if op == "known":
        return (_anything(leaf, record, asker) is not None) is asked
    if name == "csm":
        return _is_called(record, _list(asked), asker) != (op in NEGATIVE)
    if name in WORD_FIELDS:
        return (record[name] in _list(asked)) != (op in NEGATIVE)
    if name.startswith(("consent.", "reachable.")) or name == "blacklisted":
        return bool(record[name] == asked) != (op in NEGATIVE)
    if name in ("tags", "orders.category", "campaign"):
        return _words(op, set(_collected(leaf, record, asker)), _list(asked))
    if name == "birthday":
        return None if record["birthday_on"] is None else _in_year(record["birthday_on"][5:10], asked)
    if name in ("joined_at", "last_order_at", "first_order_at"):
        return _day(leaf, _day_value(leaf, record), asker)
    value = number(leaf, record, asker)
    return None if value is None else COMPARE[op](value, asked)


def number(leaf: Leaf, record: Record, asker: Asker) -> Any:
    """The number that a leaf, an order or a metric asks about; None when missing."""
    name = leaf["field"]
    if name in STORED_NUMBERS:
        return record[name]
    if name == "age":
        return _age(record["birthday_on"], asker.today)
    if name == "orders.count":
        return len({key for key, _ in _amounts(leaf, record, asker)})
    if name == "orders.spend":
        return round(sum(cents for _, cents in _amounts(leaf, record, asker))) / 100
    if name == "orders.average":
        cents = [cents for _, cents in _amounts(leaf, record, asker)]
        return fmean(cents) / 100 if cents else None
    if name == "coupon.redeemed":
        campaigns = leaf.get("campaign")
        rows = [row for row in record["redemptions"] if not campaigns or row["campaign"] in _list(campaigns)]
        return sum(1 for row in rows if _is_within(row["at"], leaf, asker))
    if name.startswith("messages."):
        return len(set(_messages(leaf, record, asker)))
    if name.endswith(".count"):
        kind = name.removesuffix(".count")
        return sum(1 for event in record["events"] if event["kind"] == kind and _is_within(event["at"], leaf, asker))
    raise ValueError(f"this evaluator knows no field {name}")


def _amounts(leaf: Leaf, record: Record, asker: Asker) -> Iterator[tuple[int, float]]:
    categories = leaf.get("category")
    for order in record["orders"]:
        if not _is_within(order["at"], leaf, asker):
            continue
        if not categories:
            yield order["id"], order["amount"] * 100
        else:
            yield from ((order["id"], e["amount"] * 100) for e in order["lines"] if e["category"] in _list(categories))


def _messages(leaf: Leaf, record: Record, asker: Asker) -> Iterator[int]:
    wanted = leaf["field"].removeprefix("messages.")
    for message in record["messages"]:
        if any(leaf.get(key) and message[key] not in _list(leaf[key]) for key in ("channel", "campaign")):
            continue
        if wanted == "received":
            moments = [message["received_at"]] if message["state"] == "delivered" else []
        else:
            moments = [e["at"] for e in message["events"] if e["kind"] == wanted and not e["by_machine"]]
        if any(moment is not None and _is_within(moment, leaf, asker) for moment in moments):
            yield message["id"]


def _collected(leaf: Leaf, record: Record, asker: Asker) -> Iterator[str]:
    if leaf["field"] == "tags":
        yield from record["tags"]
    elif leaf["field"] == "campaign":
        yield from (part["campaign"] for part in record["campaigns"] if _is_within(part["at"], leaf, asker))
    else:
        for order in record["orders"]:
            if _is_within(order["at"], leaf, asker):
                yield from (line["category"] for line in order["lines"])


def _words(op: str, found: set[str], asked: list[str]) -> bool:
    if op in ("any", "none"):
        return bool(found) == (op == "any")
    if op == "contains_all":
        return set(asked) <= found
    return bool(found & set(asked)) != (op in NEGATIVE)


def _is_called(record: Record, names: list[str], asker: Asker) -> bool:
    wanted = {asker.name if name == "@me" else name for name in names}
    return record["csm"] is not None and bool({record["csm"], record["csm_username"]} & wanted)


def _anything(leaf: Leaf, record: Record, asker: Asker) -> Any:
    name = leaf["field"]
    if name in ("last_order_at", "first_order_at"):
        return _day_value(leaf, record)
    return record["birthday_on" if name == "birthday" else name] if name in record else number(leaf, record, asker)


def _day_value(leaf: Leaf, record: Record) -> date | None:
    if leaf["field"] == "joined_at":
        return _local_day(record["joined_at"])
    orders = record["orders"]
    if categories := leaf.get("category"):
        orders = [o for o in orders if any(line["category"] in _list(categories) for line in o["lines"])]
    days = sorted(_local_day(order["at"]) for order in orders)
    if not days:
        return None
    return days[-1] if leaf["field"] == "last_order_at" else days[0]


def _day(leaf: Leaf, found: date | None, asker: Asker) -> Verdict:
    if found is None:
        return None
    op, asked = leaf["op"], leaf["value"]
    if op == "anniversary_between":
        return found.year < asker.today.year and _in_year(found.isoformat()[5:10], asked)
    ends = [_asked_day(day, asker.today) for day in (asked if op == "between" else [asked])]
    return COMPARE[op](found, ends if op == "between" else ends[0])


def _asked_day(asked: Any, today: date) -> date:
    if isinstance(asked, str):
        return date.fromisoformat(asked)
    ((unit, amount),) = asked.items()
    if unit == "days_ago":
        return today - timedelta(days=amount)
    return _months_back(today, amount * 12 if unit == "years_ago" else amount)


def _in_year(month_day: str, ends: list[str]) -> bool:
    first, last = ends
    return first <= month_day <= last if first <= last else month_day >= first or month_day <= last


def _is_within(moment: str, leaf: Leaf, asker: Asker) -> bool:
    day, today = _local_day(moment), asker.today
    if (days := leaf.get("window_days")) is not None:
        return today - timedelta(days=days) <= day <= today
    if (months := leaf.get("window_months")) is not None:
        return _months_back(today, months) <= day <= today
    window = leaf.get("window") or {}
    first, last = window.get("from"), window.get("to")
    return (not first or day >= date.fromisoformat(first)) and (not last or day <= date.fromisoformat(last))


def _months_back(day: date, months: int) -> date:
    year, month = day.year - months // 12, day.month - months % 12
    if month < 1:
        year, month = year - 1, month + 12
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _age(born_on: str | None, today: date) -> int | None:
    if born_on is None:
        return None
    born = date.fromisoformat(born_on)
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _local_day(moment: str) -> date:
    return date.fromisoformat(moment[:10])


def _list(asked: Any) -> list[str]:
    return [asked] if isinstance(asked, str) else list(asked or [])
