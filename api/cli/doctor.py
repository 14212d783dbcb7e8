"""`nurture doctor`: whether all is well."""

import typer

from api.cli.console import say, say_json
from api.cli.opened import Json, opened


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(as_json: Json = False) -> None:
    """Check that the database, its schema, the vectors and the data answer; exit code 1 when something is wrong."""
    from api.health import examine

    with opened() as nurture:
        findings = examine(nurture)
    if as_json:
        say_json([finding.to_json() for finding in findings])
    else:
        for finding in findings:
            say(f"{'ok  ' if finding.is_ok else 'FAIL'} {finding.part}: {finding.words}")
    if not all(finding.is_ok for finding in findings):
        raise typer.Exit(1)
