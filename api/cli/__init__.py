"""The `nurture` command. Each command imports what it needs inside, so that `--help` answers at once."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import NoReturn

import typer

from api.cli import (
    ask,
    campaigns,
    channels,
    contacts,
    data,
    doctor,
    explanations,
    intake,
    journeys,
    links,
    people,
    saved_segments,
    segments,
    server,
    tasks,
    worker,
    workspace,
)
from api.cli.console import notes
from api.folder_rights import PRIVATE_UMASK
from crm.bounds import wrong_character
from crm.errors import CrmError, InvalidRequest
from crm.trouble import explain

app = typer.Typer(
    name="nurture",
    help="Nurture: ask, plan, approve, send, review, learn.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
server.register(app)
worker.register(app)
workspace.register(app)
ask.register(app)
data.register(app)
intake.register(app)
segments.register(app)
saved_segments.register(segments.segment)
explanations.register(segments.segment)
campaigns.register(app)
journeys.register(app)
tasks.register(app)
people.register(app)
doctor.register(app)
links.register(app)
channels.register(app)
contacts.register(app)
for extension in entry_points(group="nurture.commands"):
    extension.load()(app)


TRACEBACK = "NURTURE_DEBUG"
"""Set to anything, this shows the whole traceback of a bug; so does --debug."""


def main() -> None:
    """Run the command line; whatever goes wrong is one sentence on stderr and exit code 1."""
    os.umask(PRIVATE_UMASK)
    shows_traceback = bool(os.environ.get(TRACEBACK))
    if "--debug" in sys.argv:
        sys.argv.remove("--debug")
        shows_traceback = True
    try:
        _check_arguments(sys.argv[1:])
        app()
    except CrmError as error:
        _fail(error)
    except Exception as error:
        if shows_traceback:
            raise
        _fail(explain(error, "command.failed"))


def _check_arguments(arguments: Sequence[str]) -> None:
    """Bytes that are no text of this terminal arrive as half characters."""
    for number, argument in enumerate(arguments, start=1):
        if wrong := wrong_character(argument):
            raise InvalidRequest(f"argument {number} cannot be read: {wrong}")


def _fail(error: CrmError) -> NoReturn:
    notes.print(f"error: {error.message}", markup=False, style="red", soft_wrap=True)
    sys.exit(1)
