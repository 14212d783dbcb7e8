"""`nurture serve`: the product on one address."""

import signal
import socket
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import notes, say
from api.cli.opened import open_product, read_settings
from crm.errors import InvalidRequest, Unavailable

if TYPE_CHECKING:
    from api.bootstrap import Nurture
    from api.worker import EngineProcess


def register(app: typer.Typer) -> None:
    app.command("serve")(serve)
    app.command("migrate")(migrate)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default NURTURE_HOST or 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; default NURTURE_PORT or 8000.", min=1, max=65535)] = None,
    load_demo_if_empty: Annotated[bool, typer.Option("--load-demo-if-empty", help="Load the demo first.")] = False,
    allow_demo_passwords: Annotated[
        bool, typer.Option("--allow-demo-passwords", help="Let anybody in who knows a demo's password.")
    ] = False,
) -> None:
    """Serve the pages and the API; runs the engine that sends what was approved, unless NURTURE_ENGINE=workers."""
    from api.bootstrap import Schema
    from api.home import own_folder

    # uvicorn stops in order at a SIGTERM and then sends it on, which would end the process before the folder is let go.
    signal.signal(signal.SIGTERM, lambda *_signal: sys.exit(0))
    settings = read_settings()
    settings = settings.model_copy(
        update={
            "host": host or settings.host,
            "port": port or settings.port,
            "allow_demo_passwords": allow_demo_passwords or settings.allow_demo_passwords,
        }
    )
    url = f"http://{settings.host}:{settings.port}"
    with listen(settings.host, settings.port) as listener, own_folder(settings, url) as server:
        nurture = open_product(settings, Schema.MIGRATE)
        try:
            _ = nurture.links  # the key is made at first start, and a missing address stops it
            prepare_data(nurture, load_demo_if_empty=load_demo_if_empty)
            engine = start_engine(nurture)
            notes.print(f"Nurture serves {url}", style="bold green")
            run_server(nurture, listener, internal_token=server.token, engine=engine)
        finally:
            nurture.close()


def migrate() -> None:
    """Bring an existing database to the schema of this version; `serve` and `worker` do the same at their start."""
    from api.bootstrap import Schema, bootstrap
    from crm.database import open_engine
    from crm.migrations import SchemaState, schema_state

    settings = read_settings()
    engine = open_engine(settings.resolved_database_url)
    try:
        state, before = schema_state(engine)
    finally:
        engine.dispose()
    if state is SchemaState.EMPTY:
        raise InvalidRequest("this database is empty, so there is nothing to migrate; begin with `nurture demo load`")
    nurture = bootstrap(settings, schema=Schema.MIGRATE)
    _, after = schema_state(nurture.engine)
    nurture.close()
    say(f"revision {after}, as before" if before == after else f"migrated from revision {before} to {after}")


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, taken before anything else happens. Raises Unavailable when the port is in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named: asyncio sets TCP_NODELAY on no other, and each answer on a kept connection waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except socket.gaierror as error:
        listener.close()
        raise InvalidRequest(f"{host!r} is no address of this machine; use 127.0.0.1 or 0.0.0.0") from error
    except OSError as error:
        listener.close()
        raise Unavailable(
            f"port {port} on {host} is in use; stop what runs there, or choose another with --port or NURTURE_PORT"
        ) from error
    return listener


def prepare_data(nurture: "Nurture", *, load_demo_if_empty: bool) -> None:
    """Load the demo into an empty database when asked to, and print who can sign in to a demo.

    Raises InvalidRequest where others can reach the server and anybody could sign in.
    """
    from api.cli.data import DEFAULT_MEMBERS, Dataset, load_dataset
    from api.demo_warning import HOW_TO_CHANGE, WARNING, refuse_demo_passwords
    from crm.access.passwords import DEMO_PASSWORD
    from crm.access.service import list_accounts
    from crm.database import read_only
    from crm.workspace import WORKSPACE_ID, Workspace

    with read_only(nurture.sessions) as session:
        workspace = session.get(Workspace, WORKSPACE_ID)
    if workspace is None and load_demo_if_empty:
        summary = load_dataset(nurture, Dataset.DEMO, members=DEFAULT_MEMBERS)
        notes.print(summary.to_text(), markup=False)
    elif workspace is None:
        notes.print("The database is empty. Load data in another terminal with: nurture demo load", style="yellow")
        return
    known = refuse_demo_passwords(nurture)
    if not known:
        return
    if nurture.settings.is_public:
        notes.print(f"WARNING: {WARNING} {HOW_TO_CHANGE}.", markup=False, style="bold red", soft_wrap=True)
    with read_only(nurture.sessions) as session:
        people = [account for account in list_accounts(session) if account.username in known]
    notes.print(f"Sign in as one of these people, password {DEMO_PASSWORD}", markup=False)
    for account in people:
        notes.print(f"  {account.username:<14} {account.display_name:<16} {account.role}", markup=False)


def start_engine(nurture: "Nurture") -> "EngineProcess | None":
    """The engine beside the server; None when the settings leave it to workers."""
    if nurture.settings.engine == "workers":
        return None
    from api.worker import EngineProcess

    engine = EngineProcess(nurture.with_own_connections(), nurture.settings.worker_name)
    engine.start()
    return engine


def run_server(
    nurture: "Nurture", listener: socket.socket, *, internal_token: str, engine: "EngineProcess | None"
) -> None:
    import asyncio

    import uvicorn

    from api.app import create_app
    from api.host_names import allowed_hosts
    from api.http_protocol import PatientForAWhile
    from api.limits import MOST_BODY_BYTES

    settings = nurture.settings
    proxies = settings.trusted_proxies
    app = create_app(
        nurture,
        internal_token=internal_token,
        engine=engine,
        hosts=allowed_hosts(settings),
        refuses_demo_passwords=settings.is_public and not settings.allow_demo_passwords,
    )
    config = uvicorn.Config(
        app,
        log_level="warning",
        timeout_graceful_shutdown=3,
        access_log=False,
        proxy_headers=proxies is not None,
        forwarded_allow_ips=proxies or "",
        http=PatientForAWhile,
        ws_max_size=MOST_BODY_BYTES,
    )
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))
