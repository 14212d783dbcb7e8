"""Writes docs/segment-language.md from the catalog: `make docs`."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from crm.catalog import CATALOG
from crm.fields import ZERO_WITHOUT_ROWS, Aggregate, Field, Kind, Presence, Rows, Unit, WhenMissing

PAGE = Path(__file__).parents[3] / "docs" / "segment-language.md"
HEAD = """# The fields of the segment language

Made from the catalog by `make docs`; a test fails when it is out of date. How definitions are put together is told in
[integrators.md](integrators.md).

## How to read the tables

- **Operators**: those that the field takes; any other is refused by name.
- **Narrowed by**: `window` means one of `window_days`, `window_months` and `window`; a word in the list, such as
  `category`, narrows the rows that count.
- **Without a value**: what is said of a member of whom nothing is known. *Holds* and *fails* are plain answers:
  negation turns one into the other. *Unknown* is neither: the comparison does not hold, and its negation does not hold
  either. In `all`, a part that fails beats an unknown one; in `any`, one that holds does. Only who meets a definition
  for certain is in the segment.
- **Past days**: whether a segment as of an earlier day can ask it.
- **Sensitive**: using it in an audience or a saved segment is a matter of policy, and recorded.
- Days are whole local days of the workspace. Words match exactly: no case folding, no wildcards, unless the field's
  words are a closed list.
"""
KINDS: dict[Kind, str] = {
    Kind.CHOICE: "Choices: one word",
    Kind.NUMBER: "Numbers",
    Kind.FLAG: "Flags: true or false",
    Kind.DAY: "Days",
    Kind.MONTH_DAY: "Days of the year",
    Kind.SET: "Sets: any number of words",
    Kind.MEMBERSHIP: "Memberships: things that the member took part in, by name",
}
UNITS: dict[Unit | None, str] = {
    Unit.MONEY: "money, two decimals",
    Unit.COUNT: "count",
    Unit.POINTS: "points",
    Unit.YEARS: "whole years",
    Unit.WEEKS: "whole weeks",
    Unit.SCORE: "0 to 100",
    Unit.PROBABILITY: "0 to 1",
    Unit.RATIO: "1 is as usual",
    None: "",
}


def page() -> str:
    return HEAD + "".join(_section(kind) for kind in KINDS)


def _section(kind: Kind) -> str:
    fields = [field for field in CATALOG.fields if field.kind is kind]
    rows = [_row(field) for field in fields]
    header = ["Field", "Meaning", "Operators", "Narrowed by", "Without a value", "Past days", "Sensitive"]
    return f"\n## {KINDS[kind]}\n\n" + "\n".join(_table([header, ["---"] * len(header), *rows])) + "\n"


def _table(rows: Iterable[list[str]]) -> Iterator[str]:
    return (f"| {' | '.join(row)} |" for row in rows)


def _row(field: Field) -> list[str]:
    unit = UNITS[field.unit]
    return [
        f"`{field.name}`",
        f"{field.label.en} ({field.label.zh}){f'; {unit}' if unit else ''}{_words(field)}",
        _codes(field.ops),
        _codes((["window"] if field.has_windows else []) + [qualifier.name for qualifier in field.qualifiers]),
        without_a_value(field),
        "yes" if field.keeps_history else "no",
        "yes" if field.is_sensitive else "",
    ]


def _words(field: Field) -> str:
    return f": {', '.join(field.values)}" if isinstance(field.values, tuple) else ""


def _codes(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def without_a_value(field: Field) -> str:
    """What is said of a member of whom nothing is known, in words."""
    if field.missing is None:
        return _nothing_there(field)
    said: dict[WhenMissing, list[str]] = {}
    for op in field.ops:
        if (verdict := field.when_missing(op)) is not None:
            said.setdefault(verdict, []).append(op)
    if list(said) == [WhenMissing.UNKNOWN]:
        return "every comparison: unknown"
    return "; ".join(f"{_codes(ops)}: {verdict.value}" for verdict, ops in said.items())


def _nothing_there(field: Field) -> str:
    if isinstance(field.source, Presence):
        return "nothing on file is false"
    if isinstance(field.source, Rows):
        if field.source.aggregate in ZERO_WITHOUT_ROWS:
            return "no rows are 0"
        if field.source.aggregate is Aggregate.SET:
            return "no rows are no words"
    return "there always is one"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
