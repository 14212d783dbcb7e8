"""Opens the product for one command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from pydantic import ValidationError

from api.bootstrap import Nurture, Schema, bootstrap
from api.cli.console import morning_of, parse_day
from crm import wrong_values
from crm.access.actor import Actor
from crm.access.service import find_actor
from crm.database import read_only
from crm.errors import InvalidRequest
from crm.settings import Settings
from crm.workspace import get_workspace

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
        raise InvalidRequest(f"{variable}={first['input']}: {wrong_values.in_words(first)}") from error


@contextmanager
def opened(today: str | None = None, *, schema: Schema = Schema.REQUIRE) -> Iterator[Nurture]:
    """The product on NURTURE_HOME, at `today` when given. Raises Conflict as `bootstrap` does."""
    nurture = bootstrap(read_settings(), schema=schema)
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
