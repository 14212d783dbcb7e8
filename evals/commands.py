"""Adds `nurture eval` and `nurture bench` to the command line."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar

import typer

from api.cli.console import notes, say, say_json
from api.cli.opened import Json, Today, opened

if TYPE_CHECKING:
    from api.bootstrap import Nurture

T = TypeVar("T")
suites = typer.Typer(help="Score the product; exit code 0 only if every bar holds.", no_args_is_help=True)
benchmarks = typer.Typer(help="Measure the product; exit code 0 only if every bar holds.", no_args_is_help=True)


class Report(Protocol):
    """Targets and measured figures side by side; the last line of the text is a summary."""

    @property
    def holds(self) -> bool: ...
    def to_json(self) -> object: ...
    def to_text(self) -> str: ...


def register(app: typer.Typer) -> None:
    app.add_typer(suites, name="eval")
    app.add_typer(benchmarks, name="bench")


# One command would otherwise become the group itself, without its name.
@suites.callback()
@benchmarks.callback()
def _group() -> None: ...


@suites.command("language")
def language(
    file: Annotated[Path | None, typer.Option("--file", help="Cases in the language format; default: dev set.")] = None,
    today: Today = "2026-06-01",
    as_json: Json = False,
) -> None:
    """Does the assistant understand what people ask? Scored on the loaded members by what the words denote."""
    from evals.language.cases import DEV_FILE, read_cases
    from evals.language.suite import LanguageReport, run

    cases = read_cases(file or DEV_FILE)
    with opened(today) as nurture:
        verdicts = asyncio.run(_closing(nurture, run(nurture, cases, progress=notes.print)))
    _finish(LanguageReport.of(verdicts), as_json=as_json)


@benchmarks.command("turns")
def turns(
    rounds: Annotated[int, typer.Option(min=1, help="How often each conversation is held.")] = 5,
    today: Today = None,
    as_json: Json = False,
) -> None:
    """How long does a turn of the assistant take?"""
    from evals.benchmarks.turns import measure_turns

    with opened(today) as nurture:
        report = asyncio.run(_closing(nurture, measure_turns(nurture, rounds=rounds)))
    _finish(report, as_json=as_json)


@benchmarks.command("incrementality")
def incrementality(
    repetitions: Annotated[int, typer.Option(min=100, help="Simulated campaigns in each cell.")] = 1_000,
    as_json: Json = False,
) -> None:
    """Do the intervals of a review cover the truth? Simulated campaigns on real households' spending."""
    from evals.benchmarks.incrementality import load_pool, measure_incrementality

    _finish(measure_incrementality(load_pool(), repetitions=repetitions), as_json=as_json)


@benchmarks.command("segments")
def segments(
    members: Annotated[
        int, typer.Option(min=1_000, help="How many members; orders and events are 20 times as many.")
    ] = (1_000_000),
    database_url: Annotated[
        str | None, typer.Option(help="An empty PostgreSQL (or SQLite) database to measure on instead of a file.")
    ] = None,
    work: Annotated[
        Path | None, typer.Option(help="Where the data is kept between runs; default: bench in NURTURE_HOME.")
    ] = None,
    as_json: Json = False,
) -> None:
    """How fast are segments, next to DuckDB on the same rows? Needs the `bench` packages; minutes the first time."""
    from api.cli.console import progress_bar
    from api.cli.opened import read_settings
    from evals.benchmarks.segments.run import measure_segments

    folder = work or read_settings().home / "bench"
    with progress_bar() as progress:
        report = measure_segments(folder, members, database_url=database_url, progress=progress, note=notes.print)
    _finish(report, as_json=as_json)


@benchmarks.command("outreach")
def outreach(
    members: Annotated[int, typer.Option(min=1_000, help="How many members a campaign is planned for.")] = 100_000,
    messages: Annotated[
        str, typer.Option(help="How many messages are sent, separated by commas; each in a ledger of its own.")
    ] = "10000,100000,1000000",
    database_url: Annotated[
        str | None, typer.Option(help="An empty PostgreSQL (or SQLite) database to measure on instead of a file.")
    ] = None,
    work: Annotated[
        Path | None, typer.Option(help="Where the members are kept between runs; default: bench in NURTURE_HOME.")
    ] = None,
    as_json: Json = False,
) -> None:
    """How fast are campaigns planned, next to SQL written by hand, and messages sent? Minutes."""
    from api.cli.console import progress_bar
    from api.cli.opened import read_settings
    from evals.benchmarks.outreach.run import measure_outreach

    folder, sizes = work or read_settings().home / "bench", _sizes(messages)
    with progress_bar() as progress:
        report = measure_outreach(
            folder, members, sizes, database_url=database_url, progress=progress, note=notes.print
        )
    _finish(report, as_json=as_json)


@benchmarks.command("kills")
def kills(
    kills: Annotated[int, typer.Option(min=1, help="How many workers are killed.")] = 500,
    workers: Annotated[int, typer.Option(min=1, help="How many work at a time.")] = 1,
    database_url: Annotated[
        str | None, typer.Option(help="An empty PostgreSQL (or SQLite) database to work on instead of a file.")
    ] = None,
    work: Annotated[
        Path | None, typer.Option(help="Where the file and the providers' logs go; default: bench in NURTURE_HOME.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Is any message repeated or lost when workers are killed while they send? The provider's own log says."""
    from api.cli.opened import read_settings
    from evals.benchmarks.kills.run import measure_kills

    folder = work or read_settings().home / "bench"
    report = measure_kills(folder, kills, workers, database_url=database_url, note=notes.print)
    _finish(report, as_json=as_json)


@benchmarks.command("load")
def load(
    members: Annotated[int, typer.Option(min=1_000, help="How many members the demo has.")] = 1_500,
    crowd: Annotated[int, typer.Option(min=1, help="How many ask at once.")] = 200,
    database_url: Annotated[
        str | None, typer.Option(help="An empty PostgreSQL (or SQLite) database to serve from instead of a file.")
    ] = None,
    work: Annotated[
        Path | None, typer.Option(help="Where the demo is kept between runs; default: bench in NURTURE_HOME.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Does a server stay quick when many ask at once? On a real `nurture serve` process with a small demo."""
    from api.cli.opened import read_settings
    from evals.benchmarks.load.run import measure_load

    folder = work or read_settings().home / "bench"
    _finish(measure_load(folder, members, crowd, database_url=database_url, note=notes.print), as_json=as_json)


def _sizes(text: str) -> list[int]:
    try:
        sizes = [int(part) for part in text.split(",")]
    except ValueError:
        sizes = []
    if not sizes or min(sizes) < 1:
        raise typer.BadParameter("give numbers of messages, as in 10000,100000", param_hint="--messages")
    return sizes


async def _closing(nurture: "Nurture", work: Coroutine[Any, Any, T]) -> T:
    try:
        return await work
    finally:
        await nurture.assistant.aclose()


def _finish(report: Report, *, as_json: bool) -> None:
    if as_json:
        say_json(report.to_json())
    else:
        say(report.to_text())
    if not report.holds:
        raise typer.Exit(1)
