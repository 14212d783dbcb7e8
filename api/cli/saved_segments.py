"""`nurture segment save`, `list`, `show`, ...: segments under a name, kept up to date."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import read_json_argument, say, say_json
from api.cli.opened import AsPerson, Json, opened, person
from api.cli.segments import Definition

if TYPE_CHECKING:
    from datetime import datetime

    from api.bootstrap import Nurture
    from api.saved_segments import SegmentRow, SegmentView
    from crm.access.actor import Actor

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name or id of a saved segment.")]
Note = Annotated[str, typer.Option("--note", help="What the change is about.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many rows.")]


def register(group: typer.Typer) -> None:
    group.command("save")(save)
    group.command("list")(list_all)
    group.command("show")(show)
    group.command("history")(show_history)
    group.command("refresh")(refresh)
    group.command("restore")(restore)
    group.command("delete")(delete)


def save(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    definition: Definition,
    description: Annotated[str | None, typer.Option("--description", help="What it is for.")] = None,
    note: Note = "",
    as_: AsPerson = "admin",
    as_json: Json = False,
) -> None:
    """Save a definition under a name and find its members; a name that exists gets a new version."""
    from crm.campaigns.subscribers import builders_on
    from crm.catalog import CATALOG
    from crm.database import unit_of_work
    from crm.segments.saved import SegmentChanges, put_segment

    with opened() as nurture:
        actor, now = person(nurture, as_), nurture.clock.now()
        data = read_json_argument(definition, "--definition")
        with unit_of_work(nurture.sessions) as session:
            changes = SegmentChanges(description=description, definition=data, note=note)
            saved = put_segment(
                session,
                name=name,
                changes=changes,
                actor=actor,
                now=now,
                catalog=CATALOG,
                subscribers=builders_on,
            )
        view = _followed(nurture, saved.id, actor, now)
    _show(view, as_json=as_json)


def list_all(as_: AsPerson = "admin", as_json: Json = False) -> None:
    """Every saved segment with its size and whether that can be relied on."""
    from api.saved_segments import rows_of
    from crm.database import read_only
    from crm.segments.saved import list_segments

    with opened() as nurture:
        actor, now = person(nurture, as_), nurture.clock.now()
        with read_only(nurture.sessions) as session:
            rows = rows_of(session, list_segments(session), actor, now)
    if as_json:
        say_json([row.model_dump(mode="json") for row in rows])
        return
    for row in rows:
        say(f"{row.id:>4}  {row.count:>9,}  {row.state:<6}  {row.name}")


def show(name: Name, as_: AsPerson = "admin", as_json: Json = False) -> None:
    """One saved segment: its size, age and state, its versions, and what builds on it."""
    from api.saved_segments import view_of
    from crm.campaigns.subscribers import builders_on
    from crm.database import read_only
    from crm.segments import history
    from crm.segments.saved import find_segment

    with opened() as nurture:
        actor, now = person(nurture, as_), nurture.clock.now()
        with read_only(nurture.sessions) as session:
            found = find_segment(session, name)
            view = view_of(session, found, actor, now)
            versions = history.versions(session, found)
            subscribers = builders_on(session, found.id)
    if as_json:
        more = {"versions": [vars(one) for one in versions], "subscribers": [vars(one) for one in subscribers]}
        say_json(view.model_dump(mode="json") | more)
        return
    _show(view)
    for version in versions:
        say(f"  version {version.number} by {version.changed_by}, {version.changed_at:%Y-%m-%d}: {version.note}")
    for subscriber in subscribers:
        say(f"  {subscriber.kind} {subscriber.name} builds on it")


def show_history(name: Name, limit: Limit = 30, as_: AsPerson = "admin", as_json: Json = False) -> None:
    """How many were in a segment day by day, and how many came and went; the newest day first."""
    from crm.database import read_only
    from crm.errors import Forbidden
    from crm.segments import history
    from crm.segments.saved import find_segment

    with opened() as nurture:
        actor = person(nurture, as_)
        if actor.row_owner_id is not None:
            raise Forbidden("the history counts all members, and you see your own; use segment show")
        with read_only(nurture.sessions) as session:
            days = history.days(session, find_segment(session, name), limit=limit)
    if as_json:
        say_json([vars(day) for day in days])
        return
    for day in days:
        say(f"{day.on}  {day.count:>9,}  +{day.entered:<7,} -{day.left:<7,} {day.duration_ms} ms")


def refresh(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Find this one's members anew.")] = None,
    as_: AsPerson = "admin",
    as_json: Json = False,
) -> None:
    """Bring all saved segments up to the moment; the one that is named is found anew, whatever changed."""
    from crm.access.actor import Permission, require
    from crm.catalog import CATALOG
    from crm.database import read_only
    from crm.segments.maintenance import refresh_segments
    from crm.segments.saved import find_segment

    with opened() as nurture:
        require(person(nurture, as_), Permission.SAVE_SEGMENT)
        with read_only(nurture.sessions) as session:
            anew = frozenset() if name is None else frozenset({find_segment(session, name).id})
        done = refresh_segments(nurture.sessions, nurture.clock.now(), catalog=CATALOG, anew=anew, wait=True)
    if as_json:
        evaluations = [vars(one) for one in done.evaluations]
        say_json({"changes": done.changes, "evaluations": evaluations, "failures": dict(done.failures)})
    else:
        for one in done.evaluations:
            looked_at = "everyone" if one.considered is None else f"{one.considered:,} members"
            say(f"{one.name}: looked at {looked_at}, {one.entered:,} entered, {one.left:,} left")
        for failed, reason in done.failures.items():
            say(f"{failed} failed: {reason}")
        if not done.evaluations and not done.failures:
            say("all saved segments are up to date")
    if done.failures:
        raise typer.Exit(1)


def restore(
    name: Name,
    number: Annotated[int, typer.Argument(metavar="VERSION", min=1)],
    as_: AsPerson = "admin",
    as_json: Json = False,
) -> None:
    """Undo: make the definition of an older version the newest one."""
    from crm.campaigns.subscribers import builders_on
    from crm.catalog import CATALOG
    from crm.database import unit_of_work
    from crm.segments.saved import find_segment, restore_version

    with opened() as nurture:
        actor, now = person(nurture, as_), nurture.clock.now()
        with unit_of_work(nurture.sessions) as session:
            found = find_segment(session, name)
            restore_version(
                session,
                found.id,
                number,
                version=found.version,
                actor=actor,
                now=now,
                catalog=CATALOG,
                subscribers=builders_on,
            )
        view = _followed(nurture, found.id, actor, now)
    _show(view, as_json=as_json)


def delete(name: Name, as_: AsPerson = "admin") -> None:
    """Remove a saved segment with its history; refused while others build on it."""
    from crm.campaigns.subscribers import builders_on
    from crm.database import unit_of_work
    from crm.segments.saved import delete_segment, find_segment

    with opened() as nurture:
        actor = person(nurture, as_)
        with unit_of_work(nurture.sessions) as session:
            found = find_segment(session, name)
            delete_segment(session, found.id, actor=actor, now=nurture.clock.now(), subscribers=builders_on)
    say(f"deleted {found.name}")


def _followed(nurture: "Nurture", segment_id: int, actor: "Actor", now: "datetime") -> "SegmentView":
    """The segment, after those that build on it have followed its change."""
    from api.saved_segments import view_of
    from crm.catalog import CATALOG
    from crm.database import read_only
    from crm.segments.maintenance import refresh_segments
    from crm.segments.saved import get_segment

    refresh_segments(nurture.sessions, now, catalog=CATALOG, wait=True)
    with read_only(nurture.sessions) as session:
        return view_of(session, get_segment(session, segment_id), actor, now)


def _show(view: "SegmentView", *, as_json: bool = False) -> None:
    if as_json:
        say_json(view.model_dump(mode="json"))
        return
    say(f"{view.name}, version {view.version}: {view.count:,} members, {_standing(view)}")
    say(f"  {view.read_back or view.definition}")
    if view.touched:
        say(f"  {view.touched}.")
    if view.sensitive_fields:
        say(f"  uses sensitive fields: {', '.join(view.sensitive_fields)}")


def _standing(row: "SegmentRow") -> str:
    looked = f"evaluated {row.evaluated_at:%Y-%m-%d %H:%M} UTC in {row.duration_ms} ms"
    return f"{row.state}, {looked}" if row.state_reason is None else f"{row.state} ({row.state_reason}), {looked}"
