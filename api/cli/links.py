"""`nurture links`: the keys that sign the links in messages."""

import typer

from api.cli.console import say
from api.cli.opened import read_settings

links = typer.Typer(help="The signed links in messages.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(links, name="links")


@links.command("rotate")
def rotate() -> None:
    """Add a key that signs from the next start of the server on; links that are out stay valid."""
    from api.link_keys import add_key

    number = add_key(read_settings())
    say(f"{number} {'key' if number == 1 else 'keys'}; the newest signs once the server has started again")


@links.callback()
def _group() -> None:
    """Keeps `rotate` a command of its own while it is the only one."""
