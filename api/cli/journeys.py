"""`nurture journey ...`: what members walk through."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import uuid4

import typer

from api.cli.console import read_json_argument, say, say_json
from api.cli.decisions import SHORT, Fingerprint, ask_for_decision
from api.cli.exclusions import journey_exclusions
from api.cli.monitoring import monitor_journey
from api.cli.opened import AsPerson, Confirm, Json, opened, person
from crm import validation_messages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from api.bootstrap import Nurture
    from api.journeys import Checked, JourneyView
    from crm.access.actor import Actor
    from crm.journeys.views import MemberWay, StepCounts
    from crm.journeys.words import JourneyInWords

Name = Annotated[str, typer.Argument(metavar="JOURNEY", help="Name or id.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A journey as JSON (docs/journeys.md); - reads stdin.")]
Language = Annotated[Literal["en", "zh"], typer.Option(help="Language of the words.")]
Note = Annotated[str | None, typer.Option("--note", help="What to say with it.")]
journey = typer.Typer(help="Journeys that members walk through.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    journey.command("monitor")(monitor_journey)
    journey.command("exclusions")(journey_exclusions)
    app.add_typer(journey, name="journey")


@journey.command("list")
def list_all(as_: AsPerson = "admin", as_json: Json = False) -> None:
    """Every journey with its state and how many are under way."""
    from api.journeys import row_of
    from crm.database import read_only
    from crm.journeys.overview import summarise

    with opened() as nurture:
        actor = person(nurture, as_)
        with read_only(nurture.sessions) as session:
            rows = [row_of(summary) for summary in summarise(session, actor=actor)]
    if as_json:
        say_json([row.model_dump(mode="json") for row in rows])
        return
    for row in rows:
        draft = f", version {row.version} waits" if row.has_draft else ""
        standing = row.end_reason or row.state
        say(f"{row.id:>4}  {standing:<18} {row.under_way:>7,} people under way of {row.entered:,}  {row.name}{draft}")
    if not rows:
        say("there is no journey yet; nurture journey template shows what to start from")


@journey.command("template")
def template(
    key: Annotated[str | None, typer.Argument(metavar="[TEMPLATE]", help="Without it, those that there are.")] = None,
    choices: Annotated[
        str, typer.Option("--choices", metavar="JSON", help='E.g. {"days": 10, "tiers": ["gold"]}, or @file.')
    ] = "{}",
    language: Language = "en",
) -> None:
    """Print a journey to start from as JSON; nothing is saved."""
    from pydantic import ValidationError

    from crm.errors import InvalidRequest
    from crm.journeys.templates import TEMPLATES, TemplateChoices, from_template

    if key is None:
        for each in TEMPLATES.values():
            words = each.words[language]
            say(f"{each.key:<14} {words.name}: {words.summary}")
        return
    try:
        chosen = TemplateChoices.model_validate({"language": language, **read_json_argument(choices, "--choices")})
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidRequest(
            f"--choices {'.'.join(map(str, first['loc']))}: {validation_messages.in_words(first)}"
        ) from error
    say_json(from_template(key, chosen).model_dump(mode="json", exclude_none=True))


@journey.command("validate")
def validate(file: File, as_: AsPerson = "admin", language: Language = "en", as_json: Json = False) -> None:
    """Say everything that is wrong with a journey, or what it does; exit code 1 when something is wrong."""
    with opened() as nurture:
        found = _checked(nurture, person(nurture, as_), _read(file), language)
    if as_json:
        say_json(found.model_dump(mode="json"))
    elif found.in_words is not None:
        _say_words(found.in_words)
    else:
        _say_mistakes(found)
    if not found.is_valid:
        raise typer.Exit(1)


@journey.command("create")
def create(file: File, as_: AsPerson = "admin", confirm: Confirm = False, as_json: Json = False) -> None:
    """Save a journey as a draft: a new version, or in place of the one that was not started yet."""
    from api.journeys import view_of
    from crm.access.confirmed import Confirmed
    from crm.catalog import CATALOG
    from crm.database import unit_of_work
    from crm.journeys.service import save_draft

    with opened() as nurture:
        actor, now = person(nurture, as_), nurture.clock.now()
        data = _read(file)
        found = _checked(nurture, actor, data, "en")
        if not found.is_valid:
            _say_mistakes(found)
            raise typer.Exit(1)
        with unit_of_work(nurture.sessions) as session:
            said, request_id = Confirmed() if confirm else None, f"cli:{uuid4().hex}"
            saved = save_draft(
                session, data=data, actor=actor, request_id=request_id, now=now, catalog=CATALOG, confirmed=said
            )
            view = view_of(session, saved, actor, now)
    _show(view, as_json=as_json)


@journey.command("show")
def show(name: Name, as_: AsPerson = "admin", language: Language = "en", as_json: Json = False) -> None:
    """One journey in words, with the counts of each step, messages, answers and conversion."""
    from api.journeys import view_of
    from crm.database import read_only
    from crm.journeys.finding import find_running, find_version

    with opened() as nurture:
        actor = person(nurture, as_)
        with read_only(nurture.sessions) as session:
            found = find_version(session, name) if name.isdecimal() else find_running(session, name)
            view = view_of(session, found, actor, nurture.clock.now(), language=language)
    _show(view, as_json=as_json)


@journey.command("submit")
def submit(name: Name, as_: AsPerson = "admin", as_json: Json = False) -> None:
    """Ask for approval of the newest version."""
    from crm.catalog import CATALOG
    from crm.journeys import service

    _operate(name, as_, as_json=as_json, run=service.submit, catalog=CATALOG)


@journey.command("approve")
def approve(
    name: Name, as_: AsPerson = "admin", note: Note = None, fingerprint: Fingerprint = None, as_json: Json = False
) -> None:
    """Approve what was submitted; never what one had a hand in."""
    from crm.journeys import service

    _decide(name, as_, "Approve", service.approve, fingerprint, note, as_json=as_json)


@journey.command("reject")
def reject(
    name: Name, as_: AsPerson = "admin", note: Note = None, fingerprint: Fingerprint = None, as_json: Json = False
) -> None:
    """Send it back to its author."""
    from crm.journeys import service

    _decide(name, as_, "Reject", service.reject, fingerprint, note, as_json=as_json)


@journey.command("start")
def start(name: Name, as_: AsPerson = "admin", as_json: Json = False) -> None:
    """Let members enter the version that was approved."""
    from crm.catalog import CATALOG
    from crm.journeys import service

    _operate(name, as_, as_json=as_json, run=service.activate, catalog=CATALOG)


@journey.command("pause")
def pause(name: Name, as_: AsPerson = "admin", as_json: Json = False) -> None:
    """Hold it: nobody enters, nobody moves on, nothing is sent."""
    from crm.journeys import service

    _operate(name, as_, as_json=as_json, run=service.pause, is_running=True)


@journey.command("resume")
def resume(name: Name, as_: AsPerson = "admin", as_json: Json = False) -> None:
    """Go on where it was paused."""
    from crm.journeys import service

    _operate(name, as_, as_json=as_json, run=service.resume, is_running=True)


@journey.command("end")
def end(name: Name, as_: AsPerson = "admin", as_json: Json = False) -> None:
    """End it for good, in all its versions."""
    from crm.journeys import service

    _operate(name, as_, as_json=as_json, run=service.end, is_running=True)


@journey.command("enrol")
def enrol(
    name: Name,
    member: Annotated[list[str], typer.Option("--member", help="Name or number; give it again for more.")],
    as_: AsPerson = "admin",
    as_json: Json = False,
) -> None:
    """Let members into a journey that waits for a person to choose them."""
    from crm.catalog import CATALOG
    from crm.database import unit_of_work
    from crm.journeys.finding import find_running
    from crm.journeys.service import enrol_by_hand
    from crm.members.service import find_member

    with opened() as nurture:
        actor = person(nurture, as_)
        with unit_of_work(nurture.sessions) as session:
            entered = enrol_by_hand(
                session,
                find_running(session, name).id,
                member_ids=[find_member(session, words, owner_id=actor.row_owner_id).id for words in member],
                actor=actor,
                request_id=f"cli:{uuid4().hex}",
                now=nurture.clock.now(),
                catalog=CATALOG,
            )
    if as_json:
        say_json({**vars(entered), "refused": entered.refused})
    else:
        say(f"{entered.entered:,} entered, {entered.refused:,} may not enter or took part already")


@journey.command("members")
def members(
    name: Name,
    member: Annotated[str | None, typer.Option("--member", help="Everything that happened to this one.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many rows.")] = 20,
    as_: AsPerson = "admin",
    as_json: Json = False,
) -> None:
    """Who takes part and stands where; or the way of one member."""
    from crm.database import read_only
    from crm.journeys.finding import find_running
    from crm.journeys.participants import list_participants
    from crm.journeys.views import ways_of_member
    from crm.members.service import find_member

    with opened() as nurture:
        actor = person(nurture, as_)
        with read_only(nurture.sessions) as session:
            found = find_running(session, name)
            if member is not None:
                seen = find_member(session, member, owner_id=actor.row_owner_id)
                ways = [way for way in ways_of_member(session, seen.id, actor=actor) if way.journey_name == found.name]
                _show_ways(ways, as_json=as_json)
                return
            page = list_participants(session, found.id, actor=actor, limit=limit)
    if as_json:
        say_json({"total": page.total, "members": [vars(walker) for walker in page.walkers]})
        return
    say(f"{page.total:,} in {found.name}, version {found.version}")
    for walker in page.walkers:
        where = f"at {walker.step_key}" if walker.step_key else walker.state
        say(f"  {walker.member_id:>8}  {walker.member_name:<24} {walker.enrolled_at:%Y-%m-%d}  {where}")


def _decide(
    name: str,
    as_: str,
    verb: str,
    run: "Callable[..., Any]",
    fingerprint: str | None,
    note: str | None,
    *,
    as_json: bool,
) -> None:
    """Decide on what was shown: what the fingerprint stands for, or what is shown here and asked about."""
    from crm.access.approvals import approval_for
    from crm.database import read_only
    from crm.journeys.finding import find_version
    from crm.journeys.lookup import SUBJECT_KIND

    if fingerprint is None:
        with opened() as nurture, read_only(nurture.sessions) as session:
            found = find_version(session, name)
            asked = approval_for(session, SUBJECT_KIND, found.id)
        fingerprint = ask_for_decision(verb, found.name, asked)
    _operate(name, as_, as_json=as_json, run=run, fingerprint=fingerprint, note=note)


def _operate(
    name: str, as_: str, *, as_json: bool, run: "Callable[..., Any]", is_running: bool = False, **more: Any
) -> None:
    """Move a journey to another state: the version that runs, or the newest."""
    from api.journeys import view_of
    from crm.database import unit_of_work
    from crm.journeys.finding import find_running, find_version

    with opened() as nurture:
        actor, now = person(nurture, as_), nurture.clock.now()
        with unit_of_work(nurture.sessions) as session:
            found = (find_running if is_running else find_version)(session, name)
            run(session, found.id, actor=actor, now=now, **more)
            view = view_of(session, found, actor, now)
    if as_json:
        say_json(view.model_dump(mode="json"))
    else:
        say(f"{view.name}, version {view.version}, is {(view.end_reason or view.state).replace('_', ' ')}")


def _read(file: Path) -> dict[str, Any]:
    from crm.errors import InvalidRequest

    if str(file) == "-":
        data = read_json_argument(typer.get_text_stream("stdin").read(), "FILE")
    else:
        data = read_json_argument(f"@{file}", "FILE")
    if not isinstance(data, dict):
        raise InvalidRequest("a journey is a JSON object; nurture journey template welcome prints one")
    return data


def _checked(nurture: "Nurture", actor: "Actor", data: dict[str, Any], language: Literal["en", "zh"]) -> "Checked":
    from api.journeys import check
    from crm.catalog import segment_scope
    from crm.database import read_only

    with read_only(nurture.sessions) as session:
        now = nurture.clock.now()
        return check(session, data, segment_scope(session, actor, now), now, language)


def _show(view: "JourneyView", *, as_json: bool) -> None:
    if as_json:
        say_json(view.model_dump(mode="json"))
        return
    say(f"{view.name}, version {view.version}, by {view.author}: {(view.end_reason or view.state).replace('_', ' ')}")
    if view.note:
        say(f"  {view.note}")
    if view.approval:
        say(f"  approval {view.approval.state}, fingerprint {view.approval.fingerprint[:SHORT]}")
    _say_words(view.in_words, {step.key: step for step in view.steps})
    figures = view.figures
    say(f"  people: {figures.entered:,} entered, {figures.under_way:,} under way, {figures.held_out:,} held back")
    for row in figures.channels:
        opened_ = "not visible" if row.opened is None else f"{row.opened:,}"
        say(
            f"  {row.channel}: {row.planned:,} messages = {row.delivered:,} delivered + {row.failed:,} failed + "
            f"{row.unknown:,} unknown + {row.excluded:,} excluded + {row.pending:,} pending; "
            f"opened {opened_}, clicked {row.clicked:,}"
        )
    if figures.treated.share is not None:
        say(f"  ordered: {figures.treated.share:.1%} of {figures.treated.ripe:,}. {figures.conversion_definition}")


def _say_words(words: "JourneyInWords", counts: "Mapping[str, StepCounts] | None" = None) -> None:
    say(f"  {words.trigger}. {words.reentry}")
    for ending in words.exits:
        say(f"  It {ending}.")
    for step in words.steps:
        seen = (counts or {}).get(step.key)
        here = "" if seen is None else f"  [{seen.standing:,} here, {sum(seen.went_to.values()):,} went on]"
        say(f"  {step.key:<16} {step.words}{here}")
        for way in step.ways:
            if way.label:
                say(f"  {'':<16}   {way.label}: {way.to or 'end'}")
    say(f"  {words.holdout}")
    if words.priority is not None:
        say(f"  {words.priority}")


def _say_mistakes(found: "Checked") -> None:
    for mistake in found.mistakes:
        say(f"{mistake.path}: {mistake.sentence}")


def _show_ways(ways: "Sequence[MemberWay]", *, as_json: bool) -> None:
    if as_json:
        say_json([{**vars(way), "entries": [vars(entry) for entry in way.entries]} for way in ways])
        return
    for way in ways:
        say(f"{way.journey_name}, version {way.version}, {way.occurrence}: {way.state}, {way.arm}")
        for entry in way.entries:
            detail = f" ({entry.detail})" if entry.detail else ""
            say(f"  {entry.at:%Y-%m-%d %H:%M} UTC  {entry.kind}: {entry.what}{detail}")
    if not ways:
        say("the member takes no part in it")
