"""`nurture segment` and `nurture members`: definitions in, members out."""

import json
from typing import Annotated

import typer

from api.cli.console import read_json_argument, say, say_json
from api.cli.opened import AsPerson, Json, Today, opened, person
from crm.errors import InvalidRequest

Definition = Annotated[
    str, typer.Option("--definition", metavar="JSON|@FILE", help="A segment definition, e.g. '{\"all\": []}'.")
]

segment = typer.Typer(help="Ask who is in a segment.", no_args_is_help=True)
members = typer.Typer(help="Members and what is known of them.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(segment, name="segment")
    app.add_typer(members, name="members")


@segment.command("ids")
def ids(definition: Definition, as_: AsPerson = "admin", today: Today = None) -> None:
    """Print the ids of the members in a segment, one a line, in the definition's order."""
    from crm.catalog import CATALOG, segment_scope
    from crm.database import read_only
    from crm.segments.definition import parse_definition
    from crm.segments.service import member_ids

    with opened(today) as nurture:
        actor = person(nurture, as_)
        parsed = parse_definition(read_json_argument(definition, "--definition"), CATALOG)
        with read_only(nurture.sessions) as session:
            scope = segment_scope(session, actor, nurture.clock.now())
            found = member_ids(session, parsed, scope)
    for member_id in found:
        say(str(member_id))


@segment.command("count")
def count(definition: Definition, as_: AsPerson = "admin", today: Today = None, as_json: Json = False) -> None:
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
            scope = segment_scope(session, actor, nurture.clock.now())
            total, words = service.count(session, parsed, scope), describe(parsed, scope)
    if as_json:
        say_json({"count": total, "read_back": words, "as_of": scope.today, "definition": parsed.to_json()})
    else:
        say(f"{total:,} members: {words}")


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
