"""The `nurture` command. Each command imports what it needs inside, so that `--help` answers at once."""

import os
import sys
from importlib.metadata import entry_points

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
)
from api.cli.console import notes
from api.folder_rights import PRIVATE_UMASK
from crm.errors import CrmError

app = typer.Typer(
    name="nurture",
    help="Nurture: ask, plan, approve, send, review, learn.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
server.register(app)
worker.register(app)
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


def main() -> None:
    """Run the command line; an expected error is one sentence on stderr and exit code 1."""
    os.umask(PRIVATE_UMASK)
    try:
        app()
    except CrmError as error:
        notes.print(f"error: {error.message}", markup=False, style="red", soft_wrap=True)
        sys.exit(1)
