"""`nurture segment` and `nurture members`: definitions in, members out."""

import json
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import parse_day, read_json_argument, say, say_json
from api.cli.opened import AsPerson, Json, Today, opened, person
from crm.errors import InvalidRequest

if TYPE_CHECKING:
    from crm.segments.definition import Definition as SegmentDefinition
    from crm.segments.scope import SegmentScope

Definition = Annotated[
    str, typer.Option("--definition", metavar="JSON|@FILE", help="A segment definition, e.g. '{\"all\": []}'.")
]

AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="The members of this past day.")]
Explain = Annotated[bool, typer.Option("--explain", help="Also say from what each condition is read.")]

segment = typer.Typer(help="Ask who is in a segment.", no_args_is_help=True)
members = typer.Typer(help="Members and what is known of them.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(segment, name="segment")
    app.add_typer(members, name="members")


@segment.command("ids")
def ids(definition: Definition, as_: AsPerson = "admin", today: Today = None, as_of: AsOf = None) -> None:
    """Print the ids of the members in a segment, one a line, in the definition's order."""
    from crm.catalog import CATALOG, segment_scope
    from crm.database import read_only
    from crm.segments.definition import parse_definition
    from crm.segments.service import member_ids

    with opened(today) as nurture:
        actor = person(nurture, as_)
        parsed = parse_definition(read_json_argument(definition, "--definition"), CATALOG)
        with read_only(nurture.sessions) as session:
            scope = segment_scope(session, actor, nurture.clock.now(), past_day(as_of))
            found = member_ids(session, parsed, scope)
    for member_id in found:
        say(str(member_id))


@segment.command("count")
def count(
    definition: Definition,
    as_: AsPerson = "admin",
    today: Today = None,
    as_of: AsOf = None,
    explain: Explain = False,
    as_json: Json = False,
) -> None:
    """Count a segment and read its definition back in plain words."""
    from crm.catalog import CATALOG, segment_scope
    from crm.database import read_only
    from crm.segments import service
    from crm.segments.definition import parse_definition
    from crm.segments.describe import describe

    with opened(today) as nurture:
        actor = person(nurture, as_)
        parsed = parse_definition(read_json_argument(definition, "--definition"), CATALOG)
        with read_only(nurture.sessions) as session:
            scope = segment_scope(session, actor, nurture.clock.now(), past_day(as_of))
            total, words = service.count(session, parsed, scope), describe(parsed, scope)
            plan = plan_lines(parsed, scope) if explain else []
    if as_json:
        found = {"count": total, "read_back": words, "as_of": scope.today, "definition": parsed.to_json()}
        say_json(found | ({"plan": plan} if explain else {}))
        return
    say(f"{total:,} members: {words}")
    for line in plan:
        say(f"  {line}")


def past_day(text: str | None) -> date | None:
    """The day of `--as-of`. Raises InvalidRequest."""
    return None if text is None else parse_day(text, "--as-of")


def plan_lines(definition: "SegmentDefinition", scope: "SegmentScope") -> list[str]:
    """What each condition is read from."""
    from crm.segments.definition import Condition
    from crm.segments.describe import describe_condition
    from crm.segments.plan import describe_plan

    lines = []
    for asked, reads in describe_plan(definition, scope):
        words = describe_condition(asked, scope) if isinstance(asked, Condition) else f"order by {asked.field.name}"
        lines.append(f"{reads.value:<15} {words}")
    return lines


@members.command("export")
def export(
    as_: AsPerson = "admin",
    today: Today = None,
    json_lines: Annotated[bool, typer.Option("--json-lines", help="One JSON object a member, one a line.")] = False,
) -> None:
    """Print every member with all catalog fields, orders, messages and campaigns; the export is audited."""
    if not json_lines:
        raise InvalidRequest("say in which form to export: --json-lines is the one there is")
    from crm.access import audit
    from crm.access.actor import Permission, require
    from crm.catalog import segment_scope
    from crm.database import read_only, unit_of_work
    from crm.segments.records import member_records

    with opened(today) as nurture:
        actor = person(nurture, as_)
        require(actor, Permission.EXPORT_MEMBERS)
        with unit_of_work(nurture.sessions) as session:
            audit.record(
                session, now=nurture.clock.now(), actor=actor, action="members.exported", subject="members:all"
            )
        with read_only(nurture.sessions) as session:
            for record in member_records(session, segment_scope(session, actor, nurture.clock.now())):
                say(json.dumps(record, ensure_ascii=False, default=str))
