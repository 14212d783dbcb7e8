"""`nurture orders` and `nurture facts`: orders in, and what is added up from them checked or built anew."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NaiveDatetime, ValidationError

from api.cli.console import notes, progress_bar, say, say_json
from api.cli.opened import Json, opened
from crm import wrong_values

if TYPE_CHECKING:
    from crm.activity.facts import Drift
    from crm.activity.ingest import Ingested, OrderBatch

BATCH_ORDERS = 50_000
"""Orders taken in at once, each batch in a transaction of its own: what is in stays in when a later one fails."""
SHOWN = 20
CENTS = 100

orders = typer.Typer(help="Orders from other systems.", no_args_is_help=True)
facts = typer.Typer(help="What is kept added up for each member.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(orders, name="orders")
    app.add_typer(facts, name="facts")


class LineInFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    product: str = Field(min_length=1)
    quantity: int = Field(default=1, ge=1)
    amount: Decimal = Field(ge=0, decimal_places=2)
    discount: Decimal = Field(default=Decimal(0), ge=0, decimal_places=2)


class OrderInFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    order: str = Field(min_length=1)
    member: str = Field(min_length=1)
    ordered_at: AwareDatetime | NaiveDatetime
    lines: tuple[LineInFile, ...] = Field(min_length=1)


# One command would otherwise become the group itself, without its name.
@orders.callback()
def _group() -> None: ...


@orders.command("import")
def import_orders(
    file: Annotated[Path, typer.Argument(help="JSON lines, one order a line.", exists=True, dir_okay=False)],
    as_json: Json = False,
) -> None:
    """Take in orders: {"order", "member", "ordered_at", "lines": [{"product", "quantity", "amount", "discount"}]}.

    Times without an offset are local time of the workspace, amounts whole units. An order that is known is
    left as it is, so the same file can be imported again; the wrong ones are listed, and then the exit code is 1.
    """
    from crm.activity.ingest import ingest_orders
    from crm.campaigns.engine import keep_up
    from crm.catalog import CATALOG
    from crm.database import read_only, unit_of_work
    from crm.workspace import get_workspace

    added = known = wrong = 0
    with opened() as nurture, progress_bar() as progress:
        with read_only(nurture.sessions) as session:
            zone = get_workspace(session).zone
        total = sum(1 for _ in _lines(file))
        done, lines = 0, _lines(file)
        while chunk := list(islice(lines, BATCH_ORDERS)):
            batch, wrong_lines = _read(chunk, zone)
            now = nurture.clock.now()
            with unit_of_work(nurture.sessions) as session:
                result: Ingested = ingest_orders(session, batch, now=now, zone=zone)
            done += len(chunk)
            progress("orders", done, total)
            added, known, wrong = added + result.added, known + result.known, wrong + result.rejected_count
            wrong += len(wrong_lines)
            _note(wrong_lines + [f"order {one.external_ref}: {one.reason}" for one in result.rejected])
        keep_up(nurture.sessions, nurture.clock.now(), CATALOG)
    if as_json:
        say_json({"added": added, "known": known, "wrong": wrong})
    else:
        say(f"{added:,} orders added, {known:,} known already, {wrong:,} wrong")
    if wrong:
        raise typer.Exit(1)


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    with file.open(encoding="utf-8") as stream:
        yield from ((number, line) for number, line in enumerate(stream, start=1) if line.strip())


def _read(lines: list[tuple[int, str]], zone: ZoneInfo) -> tuple["OrderBatch", list[str]]:
    """The orders of some lines, and a sentence for each line that is none."""
    from crm.activity.ingest import OrderBatch

    read, wrong = [], []
    for number, line in lines:
        try:
            read.append(OrderInFile.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            wrong.append(f"line {number}: {place + ': ' if place else ''}{wrong_values.in_words(first)}")
    in_lines = [(position, line) for position, order in enumerate(read) for line in order.lines]
    batch = OrderBatch(
        external_refs=[order.order for order in read],
        member_refs=[order.member for order in read],
        ordered_at=[_epoch(order.ordered_at, zone) for order in read],
        line_positions=[position for position, _ in in_lines],
        product_refs=[line.product for _, line in in_lines],
        quantities=[line.quantity for _, line in in_lines],
        amounts_cents=[int(line.amount * CENTS) for _, line in in_lines],
        discounts_cents=[int(line.discount * CENTS) for _, line in in_lines],
    )
    return batch, wrong


def _epoch(moment: datetime, zone: ZoneInfo) -> int:
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp())


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
