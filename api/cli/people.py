"""`nurture user` and `nurture doctor`: who may sign in, and whether all is well."""

from typing import Annotated

import typer

from api.cli.console import say, say_json
from api.cli.opened import Json, opened, person
from crm.access.models import Role

user = typer.Typer(help="People who sign in.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(user, name="user")
    app.command("doctor")(doctor)


@user.command("list")
def list_people(as_json: Json = False) -> None:
    """Who can sign in."""
    from crm.access.service import list_accounts
    from crm.database import read_only

    with opened() as nurture, read_only(nurture.sessions) as session:
        people = [
            {"username": a.username, "name": a.display_name, "role": a.role.value} for a in list_accounts(session)
        ]
    if as_json:
        say_json(people)
    else:
        for row in people:
            say(f"{row['username']:<16} {row['name']:<20} {row['role']}")


@user.command("add")
def add(
    username: str,
    name: Annotated[str, typer.Option("--name", help="Shown to others.")],
    role: Annotated[Role, typer.Option("--role")],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
) -> None:
    """Add a person."""
    from crm.access.service import create_account
    from crm.database import unit_of_work

    with opened() as nurture, unit_of_work(nurture.sessions) as session:
        create_account(session, username=username, display_name=name, role=role, password=password)
    say(f"added {username} ({role})")


@user.command("token")
def token(
    who: Annotated[str, typer.Argument(metavar="PERSON")],
    name: Annotated[str, typer.Option("--name", help="What the token is for.")],
) -> None:
    """Make a personal API token; it is shown once."""
    from crm.access.service import create_api_token
    from crm.clock import SystemClock
    from crm.database import unit_of_work

    with opened() as nurture:
        actor = person(nurture, who)
        with unit_of_work(nurture.sessions) as session:
            say(create_api_token(session, actor, name=name, now=SystemClock().now()))


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
