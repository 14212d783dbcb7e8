"""`nurture demo`, `nurture tick`, `nurture kb`: data in, time forward, vectors rebuilt."""

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import notes, parse_day, parse_moment, progress_bar, say, say_json
from api.cli.opened import Json, opened

if TYPE_CHECKING:
    from api.bootstrap import Nurture
    from crm.datasets.summary import LoadSummary

DEFAULT_MEMBERS = 6_000
DEFAULT_SEED = 7
DEMO_TODAY = date(2026, 6, 1)


class Dataset(StrEnum):
    DEMO = "demo"
    COMPLETE_JOURNEY = "complete-journey"


demo = typer.Typer(help="Data sets to try the product with.", no_args_is_help=True)
knowledge = typer.Typer(help="The knowledge base.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(demo, name="demo")
    app.add_typer(knowledge, name="kb")
    app.command("tick")(tick)


def load_dataset(
    nurture: "Nurture", dataset: Dataset, *, today: date = DEMO_TODAY, seed: int = DEFAULT_SEED, members: int
) -> "LoadSummary":
    from crm.catalog import CATALOG
    from crm.datasets.complete_journey import load_complete_journey
    from crm.datasets.demo import load_demo

    with progress_bar() as progress:
        if dataset is Dataset.COMPLETE_JOURNEY:
            return load_complete_journey(nurture.sessions, progress=progress)
        return load_demo(nurture.sessions, today=today, seed=seed, members=members, progress=progress, catalog=CATALOG)


@demo.command("load")
def load(
    dataset: Annotated[Dataset, typer.Option(help="Which data to load.")] = Dataset.DEMO,
    today: Annotated[str, typer.Option(help="The demo's first day (demo only).")] = DEMO_TODAY.isoformat(),
    seed: Annotated[int, typer.Option(help="Same seed, same world (demo only).")] = DEFAULT_SEED,
    members: Annotated[int, typer.Option(help="How many members (demo only); at least 8.")] = DEFAULT_MEMBERS,
    as_json: Json = False,
) -> None:
    """Load a data set into NURTURE_HOME; loading it again changes nothing."""
    from api.bootstrap import Schema

    with opened(schema=Schema.CREATE) as nurture:
        summary = load_dataset(nurture, dataset, today=parse_day(today, "--today"), seed=seed, members=members)
        if nurture.settings.is_public:
            from api.demo_warning import HOW_TO_CHANGE

            words = f"Everybody knows the passwords of a demo, and other machines reach this server. {HOW_TO_CHANGE}."
            notes.print(words, markup=False, style="yellow", soft_wrap=True)
    if as_json:
        say_json(summary.to_json())
    else:
        say(summary.to_text())


def tick(
    at: Annotated[str | None, typer.Option("--at", metavar="ISO-TIME", help="Walk the demo's clock to here.")] = None,
    as_json: Json = False,
) -> None:
    """Run everything that is due, up to --at (demo data) or to now, and return."""
    from crm.catalog import CATALOG
    from crm.clock import SystemClock
    from crm.database import read_only
    from crm.datasets.simulation_clock import advance_clock
    from crm.workspace import get_workspace

    with opened() as nurture:
        with read_only(nurture.sessions) as session:
            zone = get_workspace(session).zone
        moment = parse_moment(at, "--at", zone) if at else nurture.clock.now()
        with progress_bar() as progress:
            result = advance_clock(
                nurture.sessions,
                moment,
                nurture.adapters,
                machine=SystemClock(),
                links=nurture.links,
                progress=progress,
                catalog=CATALOG,
            )
    if as_json:
        say_json(result.to_json())
    else:
        say(result.to_text(zone))


@knowledge.command("rebuild")
def rebuild() -> None:
    """Make the vector index anew from the insights in the database."""
    from crm.database import read_only

    with opened() as nurture, read_only(nurture.sessions) as session:
        indexed = nurture.insight_index.rebuild(session)
    say(f"indexed {indexed} insights")


@knowledge.command("search")
def search(query: str, limit: Annotated[int, typer.Option(min=1, max=50)] = 5, as_json: Json = False) -> None:
    """Find what was learned about something."""
    with opened() as nurture:
        hits = nurture.insight_index.search(query, limit)
    if as_json:
        say_json([hit.model_dump(mode="json") for hit in hits])
        return
    if not hits:
        notes.print("nothing was learned about that yet; reviews of finished campaigns add insights")
    for hit in hits:
        say(f"- {hit.claim} [{hit.state}]")
