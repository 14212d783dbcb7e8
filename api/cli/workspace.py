"""`nurture init`: an empty workspace of one's own, with its first administrator."""

from typing import Annotated

import typer

from api.cli.console import say
from api.cli.opened import opened


def register(app: typer.Typer) -> None:
    app.command("init")(init)


def init(
    name: Annotated[str, typer.Option(prompt="Name of the workspace", help="Shown to everybody.")],
    zone: Annotated[str, typer.Option(prompt="Time zone, e.g. Asia/Shanghai", help="Where its days begin and end.")],
    currency: Annotated[str, typer.Option(prompt="Currency, e.g. CNY", help="Of every amount.")],
    admin: Annotated[str, typer.Option(prompt="Username of the first administrator", help="A username.")],
    admin_name: Annotated[str, typer.Option(prompt="Their name", help="Shown to others.")],
    password: Annotated[str | None, typer.Option(help="Default: asked for.", show_default=False)] = None,
) -> None:
    """Begin an empty workspace on real time; nothing of the demo is in it."""
    from api.bootstrap import Schema
    from crm.access.accounts import add_account
    from crm.access.models import Role
    from crm.access.passwords import check_password, hash_password
    from crm.clock import SystemClock
    from crm.database import unit_of_work
    from crm.workspace import begin_workspace

    chosen = password or typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    check_password(chosen, (admin, admin_name))
    password_hash = hash_password(chosen)
    with opened(schema=Schema.CREATE) as nurture, unit_of_work(nurture.sessions) as session:
        workspace = begin_workspace(session, name=name, zone_name=zone, currency=currency.upper())
        add_account(
            session,
            username=admin,
            display_name=admin_name,
            role=Role.ADMIN,
            password_hash=password_hash,
            by=None,
            now=SystemClock().now(),
            is_one_time=False,
        )
        words = f"{workspace.name} begins, on {workspace.zone_name} and in {workspace.currency}"
    say(f"{words}; start it with `nurture serve` and sign in as {admin}")
