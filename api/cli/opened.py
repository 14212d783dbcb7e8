"""Opens the product for one command."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from api.bootstrap import Nurture, Schema, bootstrap
from api.cli.console import morning_of, notes, parse_day
from crm import validation_messages
from crm.access.actor import Actor
from crm.access.service import find_actor
from crm.database import read_only
from crm.errors import InvalidRequest
from crm.settings import Settings
from crm.workspace import get_workspace

Confirm = Annotated[bool, typer.Option("--confirm", help="Change it though it is not a draft of yours any more.")]
AsPerson = Annotated[str, typer.Option("--as", metavar="PERSON", help="Username, name or role of the person asking.")]
Today = Annotated[str | None, typer.Option("--today", metavar="DATE", help="Answer as of this day, e.g. 2026-06-01.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def read_settings() -> Settings:
    """Settings from the environment. Raises InvalidRequest naming the variable that makes no sense."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        variable = f"NURTURE_{field.upper()}" if field in Settings.model_fields else field
        raise InvalidRequest(f"{variable}={first['input']}: {validation_messages.in_words(first)}") from error


def open_product(settings: Settings, schema: Schema) -> Nurture:
    """The product on NURTURE_HOME; says what was open to other accounts of the machine. Raises as `bootstrap`."""
    nurture = bootstrap(settings, schema=schema)
    if nurture.rights.shut:
        words = f"was open to other accounts of this machine, and is shut now: {_some(nurture.rights.shut)}"
        notes.print(f"notice: {words}", markup=False, style="yellow", soft_wrap=True)
    if nurture.rights.left_open:
        words = f"is open to other accounts of this machine: {_some(nurture.rights.left_open)}; its owner can shut it"
        notes.print(f"notice: {words}", markup=False, style="yellow", soft_wrap=True)
    return nurture


def _some(paths: Sequence[Path]) -> str:
    rest = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"{paths[0]}{rest}"


@contextmanager
def opened(today: str | None = None, *, schema: Schema = Schema.REQUIRE) -> Iterator[Nurture]:
    """The product on NURTURE_HOME, at `today` when given. Raises Conflict as `bootstrap` does."""
    nurture = open_product(read_settings(), schema)
    try:
        if today is not None:
            with read_only(nurture.sessions) as session:
                zone = get_workspace(session).zone
            nurture = nurture.at(morning_of(parse_day(today, "--today"), zone))
        yield nurture
    finally:
        nurture.close()


def person(nurture: Nurture, name: str) -> Actor:
    with read_only(nurture.sessions) as session:
        get_workspace(session)
        return find_actor(session, name)
