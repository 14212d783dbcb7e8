"""`nurture orders` and `nurture facts`: orders in, and what is added up from them checked or built anew."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import notes, progress_bar, say, say_json
from api.cli.opened import Json, opened
from crm.errors import InvalidRequest

if TYPE_CHECKING:
    from crm.activity.facts import Drift
    from crm.activity.ingest import Ingested
    from crm.activity.order_files import ReadOrders

BATCH_ORDERS = 50_000
"""Orders taken in at once, each batch in a transaction of its own: what is in stays in when a later one fails."""
SHOWN = 20

orders = typer.Typer(help="Orders from other systems.", no_args_is_help=True)
facts = typer.Typer(help="What is kept added up for each member.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(orders, name="orders")
    app.add_typer(facts, name="facts")


# One command would otherwise become the group itself, without its name.
@orders.callback()
def _group() -> None: ...


@orders.command("import")
def import_orders(
    file: Annotated[Path, typer.Argument(help="JSON lines, one order a line.", exists=True, dir_okay=False)],
    date_order: Annotated[
        str | None, typer.Option(help="How 10/2/2026 is meant: dmy (10 February) or mdy (2 October).")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Encoding of the file, e.g. gb18030; without it the bytes decide.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take in orders: {"order", "member", "ordered_at", "lines": [{"product", "quantity", "amount", "discount"}]}.

    Times without an offset are local time of the workspace, amounts whole units. An order that is known is
    left as it is, so the same file can be imported again; the wrong ones are listed, and then the exit code is 1.
    """
    from crm.activity.ingest import ingest_orders
    from crm.activity.order_files import read_orders
    from crm.catalog import CATALOG
    from crm.database import read_only, unit_of_work
    from crm.journeys.engine import catch_up
    from crm.reading.moments import DateOrder
    from crm.reading.text_files import open_text
    from crm.workspace import get_workspace

    if date_order is not None and date_order not in tuple(DateOrder):
        raise InvalidRequest(f"{date_order!r} is no order of dates; say dmy or mdy")
    source, order = open_text(file, encoding), DateOrder(date_order) if date_order else None
    if source.notice:
        notes.print(source.notice, markup=False, soft_wrap=True)
    added = known = wrong = done = 0
    with opened() as nurture, progress_bar() as progress:
        with read_only(nurture.sessions) as session:
            zone = get_workspace(session).zone
        total, lines = sum(1 for _ in source.lines()), source.lines()
        while chunk := list(islice(lines, BATCH_ORDERS)):
            read = read_orders(chunk, zone, order)
            with unit_of_work(nurture.sessions) as session:
                result = ingest_orders(session, read.batch, now=nurture.clock.now(), zone=zone)
            done += len(chunk)
            progress("orders", done, total)
            added, known = added + result.added, known + result.known
            wrong += result.rejected_count + len(read.wrong)
            _note(_sentences(read, result))
        catch_up(nurture.sessions, nurture.clock.now(), CATALOG)
    if as_json:
        say_json({"added": added, "known": known, "wrong": wrong})
    else:
        say(f"{added:,} orders added, {known:,} known already, {wrong:,} wrong")
    if wrong:
        raise typer.Exit(1)


def _sentences(read: "ReadOrders", result: "Ingested") -> list[str]:
    """What is wrong with which line, in the order of the file."""
    found = [(line.number, f"line {line.number}: {line.sentence}") for line in read.wrong]
    for one in result.rejected:
        number = read.numbers[one.position]
        found.append((number, f"line {number}: order {one.external_ref}: {one.reason}"))
    return [sentence for _, sentence in sorted(found)]


def _note(sentences: list[str]) -> None:
    for sentence in sentences[:SHOWN]:
        notes.print(sentence, markup=False, soft_wrap=True)
    if len(sentences) > SHOWN:
        notes.print(f"and {len(sentences) - SHOWN:,} more")


@facts.command("check")
def check(as_json: Json = False) -> None:
    """Add every fact up anew and compare; exit code 1 when one differs. Meant to run each night."""
    from crm.activity.facts import check_facts
    from crm.database import read_only

    with opened() as nurture, read_only(nurture.sessions) as session:
        drifts: list[Drift] = check_facts(session)
    if as_json:
        say_json([{"column": drift.column, "members": drift.members} for drift in drifts])
    elif drifts:
        for drift in drifts:
            say(f"{drift.column}: {drift.members:,} differ")
        notes.print("build them anew with: nurture facts rebuild")
    else:
        say("every fact equals the rows behind it")
    if drifts:
        raise typer.Exit(1)


@facts.command("rebuild")
def rebuild() -> None:
    """Add every fact up anew and store it."""
    from crm.activity.facts import rebuild_facts
    from crm.clock import local_day
    from crm.database import unit_of_work
    from crm.workspace import get_workspace

    with opened() as nurture, unit_of_work(nurture.sessions) as session:
        zone = get_workspace(session).zone
        rebuild_facts(session, local_day(nurture.clock.now(), zone), zone)
    say("every fact is built anew")
