"""`nurture segment explain`: why a member is in or out, or what a segment is made of."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import read_json_argument, say, say_json
from api.cli.opened import AsPerson, Json, Today, opened, person
from api.cli.segments import AsOf, Definition, past_day, plan_lines

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from crm.segments.boundary import BoundaryMember
    from crm.segments.definition import Definition as SegmentDefinition
    from crm.segments.explain import Explanation
    from crm.segments.ranking import Rank
    from crm.segments.scope import SegmentScope

Asked = Annotated[str | None, typer.Option("--member", metavar="NAME|ID", help="The member to explain.")]
_MARKS = {True: "yes", False: "no", None: "unknown"}


def register(segment: typer.Typer) -> None:
    segment.command("explain")(explain)


def explain(
    definition: Definition,
    member: Asked = None,
    as_: AsPerson = "admin",
    today: Today = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Say why a member is in a segment or not; without --member, what its conditions cost and who is at the edge."""
    from crm.catalog import CATALOG, segment_scope
    from crm.database import read_only
    from crm.members.service import find_member
    from crm.segments.definition import parse_definition
    from crm.segments.describe import describe
    from crm.segments.explain import definition_behind, explain_member

    with opened(today) as nurture:
        actor = person(nurture, as_)
        parsed = parse_definition(read_json_argument(definition, "--definition"), CATALOG)
        with read_only(nurture.sessions) as session:
            scope = segment_scope(session, actor, nurture.clock.now(), past_day(as_of))
            asked = definition_behind(session, parsed, scope)
            words = describe(asked, scope)
            if member is not None:
                found = find_member(session, member, owner_id=scope.row_owner_id)
                result = explain_member(session, asked, scope, found.id)
                shown: dict[str, Any] = {"read_back": words, "as_of": scope.today, **asdict(result)}
                lines = _member_lines(result, words)
            else:
                shown, lines = _anatomy(session, asked, scope, words)
    if as_json:
        say_json(shown)
    else:
        for line in lines:
            say(line)


def _member_lines(found: "Explanation", words: str) -> list[str]:
    verdict = "is" if found.is_member else "is not"
    lines = [f"{found.member_name} ({found.member_id}) {verdict} in: {words}"]
    rows = [
        (
            _MARKS[leaf.verdict],
            leaf.words,
            "not known" if leaf.value is None else str(leaf.value),
            "" if leaf.rank is None else _place(leaf.rank),
        )
        for leaf in found.conditions
    ]
    lines.extend(_table(("holds", "condition", "value", "place"), rows))
    if found.rank is not None:
        lines.append(f"In the list: {_place(found.rank)}")
    return lines


def _place(rank: "Rank") -> str:
    place = "none" if rank.place is None else f"{rank.place:,}"
    last = "" if rank.cut_off is None else f", down to {rank.cut_off}"
    return f"place {place} of {rank.ranked:,}; the first {rank.places:,} are in{last}"


def _anatomy(
    session: "Session", definition: "SegmentDefinition", scope: "SegmentScope", words: str
) -> tuple[dict[str, Any], list[str]]:
    """What a segment is made of, as JSON and as lines."""
    from crm.segments.boundary import boundary_examples
    from crm.segments.marginal import marginal_counts

    counts = marginal_counts(session, definition, scope)
    edge = boundary_examples(session, definition, scope)
    plan = plan_lines(definition, scope)
    shown = {"read_back": words, "as_of": scope.today, "plan": plan, "conditions": asdict(counts), "edge": asdict(edge)}
    lines = [f"{counts.count:,} members: {words}", "", "Reads", *(f"  {line}" for line in plan), ""]
    rows = [(part.words, f"{part.count:,}", f"{part.difference:+,}") for part in counts.parts]
    lines.extend(_table(("without", "members", "change"), rows))
    for title, examples in (("Just out", edge.just_out), ("Just in", edge.just_in)):
        lines.extend(["", title, *(f"  {_example(each)}" for each in examples)])
    return shown, lines


def _example(each: "BoundaryMember") -> str:
    person = f"{each.id:>7}  {each.name} ({each.tier}, {each.city or 'no city'})"
    if each.measured is None:
        return f"{person}: {each.words}"
    value = str(each.value)[: len("2026-06-01")] if each.unit == "days" else f"{each.value:,}"
    days = " days" if each.unit == "days" else ""
    away = "" if each.distance is None else f" ({each.distance:,}{days} from the line)"
    return f"{person}: {each.measured} {value}{away}; {each.words or 'the last place of the list'}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Columns as wide as their widest cell; the last one as it is."""
    cells = [head, *rows]
    widths = [max(len(row[index]) for row in cells) for index in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
