"""`nurture user`: who may sign in, with what, and where they are signed in. Whoever can read the data folder may all
of it, so nobody is asked who they are."""

from typing import Annotated

import typer

from api.cli.console import notes, say, say_json
from api.cli.opened import Json, opened, person
from crm.access.models import Role
from crm.access.tokens import DEFAULT_DAYS, MAX_DAYS

user = typer.Typer(help="People who sign in.", no_args_is_help=True)
Username = Annotated[str, typer.Argument(metavar="USERNAME")]


def register(app: typer.Typer) -> None:
    app.add_typer(user, name="user")


@user.command("list")
def list_people(as_json: Json = False) -> None:
    """Who can sign in, and who cannot any more."""
    from api.account_views import account_views
    from crm.database import read_only

    with opened() as nurture, read_only(nurture.sessions) as session:
        people = account_views(session)
    if as_json:
        say_json([{"name": view.display_name, **view.model_dump(mode="json")} for view in people])
        return
    for view in people:
        marks = [
            words
            for is_so, words in (
                (not view.is_active, "disabled"),
                (view.has_demo_password, "has the demo's password"),
                (view.waits_for_first_sign_in, "must choose a password"),
            )
            if is_so
        ]
        say(f"{view.username:<16} {view.display_name:<20} {view.role:<12} {', '.join(marks)}".rstrip())


@user.command("add")
def add(
    username: str,
    name: Annotated[str, typer.Option("--name", help="Shown to others.")],
    role: Annotated[Role, typer.Option("--role")],
    password: Annotated[str | None, typer.Option(help="Default: asked for.", show_default=False)] = None,
    one_time: Annotated[
        bool, typer.Option("--one-time", help="Print a password for one sign-in, which the person then changes.")
    ] = False,
) -> None:
    """Add a person."""
    from api.people import make_person
    from crm.access.accounts import add_account, check_names
    from crm.access.passwords import check_password, hash_password
    from crm.clock import SystemClock
    from crm.database import read_only, unit_of_work

    with opened() as nurture:
        if one_time:
            made = make_person(nurture.sessions, username=username, display_name=name, role=role, by=None)
            _say_one_time(made.password, f"added {username} ({role})")
            return
        with read_only(nurture.sessions) as session:
            check_names(session, username.strip(), name.strip())
        chosen = password or typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        check_password(chosen, (username, name))
        password_hash = hash_password(chosen)
        with unit_of_work(nurture.sessions) as session:
            add_account(
                session,
                username=username,
                display_name=name,
                role=role,
                password_hash=password_hash,
                by=None,
                now=SystemClock().now(),
                is_one_time=False,
            )
    say(f"added {username} ({role})")


@user.command("password")
def password(
    username: Username,
    old: Annotated[str, typer.Option("--old", prompt="Old password", hide_input=True, help="Default: asked for.")],
    new: Annotated[
        str,
        typer.Option(
            "--new", prompt="New password", hide_input=True, confirmation_prompt=True, help="Default: asked for."
        ),
    ],
) -> None:
    """Change a password that you know; every session of the person ends."""
    from api.own_account import change_password
    from crm.access.accounts import account_named
    from crm.access.actor import actor_for
    from crm.access.logins import Origin
    from crm.database import read_only

    with opened() as nurture:
        with read_only(nurture.sessions) as session:
            actor = actor_for(account_named(session, username))
        cut = change_password(nurture, actor, old=old, new=new, origin=Origin("command line"), token=None)
    say(f"changed the password of {username}; {cut.sessions} sessions ended")


@user.command("reset")
def reset(username: Username) -> None:
    """Give a password for one sign-in; the person's sessions and tokens end."""
    from api.people import give_new_password

    with opened() as nurture:
        made = give_new_password(nurture.sessions, username, by=None)
    _say_one_time(made.password, f"{made.cut.sessions} sessions ended, {made.cut.tokens} tokens revoked")


@user.command("disable")
def disable(username: Username) -> None:
    """Shut an account; sessions and tokens end, what the person made goes on."""
    from crm.access import accounts
    from crm.clock import SystemClock
    from crm.database import unit_of_work

    with opened() as nurture, unit_of_work(nurture.sessions) as session:
        account = accounts.account_named(session, username)
        cut = accounts.disable(session, account, by=None, now=SystemClock().now())
    say(f"disabled {username}; {cut.sessions} sessions ended, {cut.tokens} tokens revoked")


@user.command("enable")
def enable(username: Username) -> None:
    """Let a disabled person sign in again."""
    from crm.access import accounts
    from crm.clock import SystemClock
    from crm.database import unit_of_work

    with opened() as nurture, unit_of_work(nurture.sessions) as session:
        accounts.enable(session, accounts.account_named(session, username), by=None, now=SystemClock().now())
    say(f"enabled {username}")


@user.command("role")
def role(username: Username, role: Role) -> None:
    """Give a person another role; it holds from their next act on."""
    from crm.access import accounts
    from crm.clock import SystemClock
    from crm.database import unit_of_work

    with opened() as nurture, unit_of_work(nurture.sessions) as session:
        accounts.change_role(session, accounts.account_named(session, username), role, by=None, now=SystemClock().now())
    say(f"{username} has the role {role}")


@user.command("token")
def token(
    who: Annotated[str, typer.Argument(metavar="PERSON")],
    name: Annotated[str, typer.Option("--name", help="What the token is for.")],
    days: Annotated[int, typer.Option("--days", help=f"How long it lasts, at most {MAX_DAYS}.")] = DEFAULT_DAYS,
    role: Annotated[Role | None, typer.Option("--role", help="A role that may less than the person's.")] = None,
) -> None:
    """Make a personal API token; it is shown once."""
    from crm.access.tokens import create_api_token
    from crm.clock import SystemClock
    from crm.database import unit_of_work

    with opened() as nurture:
        actor = person(nurture, who)
        with unit_of_work(nurture.sessions) as session:
            made = create_api_token(session, actor, name=name, now=SystemClock().now(), days=days, role=role)
    say(made.secret)
    notes.print(f"token {made.id}, good until {made.expires_at:%Y-%m-%d}", markup=False)


@user.command("tokens")
def tokens(username: Username, as_json: Json = False) -> None:
    """The API tokens of a person."""
    from api.account_views import token_views
    from crm.access.accounts import account_named
    from crm.database import read_only

    with opened() as nurture, read_only(nurture.sessions) as session:
        found = token_views(session, account_named(session, username).id)
    if as_json:
        say_json([view.model_dump(mode="json") for view in found])
        return
    for view in found:
        used = f"last used {view.last_used_at:%Y-%m-%d}" if view.last_used_at else "never used"
        say(f"{view.id:>6} {view.name:<24} {view.role or 'as owner':<12} until {view.expires_at:%Y-%m-%d}, {used}")
    if not found:
        notes.print(f"{username} has no API tokens", markup=False)


@user.command("sessions")
def sessions(username: Username, as_json: Json = False) -> None:
    """Where a person is signed in."""
    from api.account_views import session_views
    from crm.access.accounts import account_named
    from crm.database import read_only

    with opened() as nurture, read_only(nurture.sessions) as session:
        found = session_views(session, account_named(session, username).id)
    if as_json:
        say_json([view.model_dump(mode="json") for view in found])
        return
    for view in found:
        seen = f"since {view.created_at:%Y-%m-%d %H:%M}, last used {view.last_seen_at:%Y-%m-%d %H:%M} UTC"
        say(f"{view.id:>6} {view.address or 'unknown':<24} {seen}")
    if not found:
        notes.print(f"{username} is not signed in", markup=False)


@user.command("revoke")
def revoke(
    username: Username,
    token: Annotated[int | None, typer.Option("--token", help="The number of an API token.", min=1)] = None,
    session_id: Annotated[int | None, typer.Option("--session", help="The number of a session.", min=1)] = None,
    all_sessions: Annotated[bool, typer.Option("--all-sessions", help="Sign the person out everywhere.")] = False,
) -> None:
    """End one session, one token, or all sessions of a person."""
    from crm.access import revoking
    from crm.access.accounts import account_named
    from crm.clock import SystemClock
    from crm.database import unit_of_work
    from crm.errors import InvalidRequest

    if sum((token is not None, session_id is not None, all_sessions)) != 1:
        raise InvalidRequest("say what to revoke: --token NUMBER, --session NUMBER or --all-sessions")
    now = SystemClock().now()
    with opened() as nurture, unit_of_work(nurture.sessions) as session:
        account_id = account_named(session, username).id
        if token is not None:
            revoking.revoke_token(session, account_id, token, by=None, now=now)
        elif session_id is not None:
            revoking.revoke_session(session, account_id, session_id, by=None, now=now)
        else:
            revoking.revoke_sessions(session, account_id, by=None, now=now)
    say("revoked")


def _say_one_time(password: str, done: str) -> None:
    """The password alone on stdout, for scripts."""
    say(password)
    notes.print(f"{done}; the password is good for one sign-in within three days", markup=False)
