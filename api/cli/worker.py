"""`nurture worker`: the engine in a process of its own, beside the server and other workers."""

import signal
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import notes, say, say_json
from api.cli.opened import Json, open_product, opened, read_settings
from crm.errors import InvalidRequest, Unavailable

if TYPE_CHECKING:
    from api.bootstrap import Nurture

LOOK_SECONDS = 1.0
"""How often a worker looks whether it lost its name."""


def register(app: typer.Typer) -> None:
    app.command("worker")(worker)
    app.command("workers")(workers)


def worker(
    name: Annotated[str, typer.Option(help="Its own name, the same at each start, e.g. worker-2.")] = "worker-1",
    metrics_port: Annotated[
        int | None, typer.Option(help="Port of this machine on which Prometheus reads its counts.", min=1, max=65535)
    ] = None,
) -> None:
    """Run the engine on PostgreSQL: as many workers as you like, each with its own name. SIGTERM ends it in order."""
    import re

    from api.bootstrap import Schema
    from api.worker import EngineProcess
    from crm.settings import WORKER_NAME

    settings = read_settings()
    if not settings.resolved_database_url.startswith("postgresql"):
        raise InvalidRequest(
            "workers share a PostgreSQL database: set DATABASE_URL to one. On SQLite `nurture serve` runs the engine"
        )
    if not re.match(WORKER_NAME, name):
        raise InvalidRequest(f"--name {name!r} is no name of a worker; use letters, digits and hyphens, as in worker-2")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    nurture = open_product(settings, Schema.MIGRATE)
    try:
        _ = nurture.links  # a missing address or key stops it before it sends
        if metrics_port is not None:
            _show_metrics(nurture, metrics_port)
        engine = EngineProcess(nurture, name)
        engine.start()
        notes.print(f"{name} runs the engine", style="bold green")
        try:
            while not stop.wait(LOOK_SECONDS) and not engine.failed.is_set():
                pass
        finally:
            engine.stop()
    finally:
        nurture.close()
    if engine.failed.is_set():
        raise Unavailable(f"another process runs as {name!r} now; this one ended")


def _show_metrics(nurture: "Nurture", port: int) -> None:
    from prometheus_client import start_http_server

    try:
        start_http_server(port, addr="127.0.0.1", registry=nurture.metrics.registry)
    except OSError as error:
        raise Unavailable(f"port {port} is in use; choose another with --metrics-port") from error


def workers(as_json: Json = False) -> None:
    """Who runs the engine, with the last sign of life."""
    from api.channel_views import worker_views
    from crm.database import read_only

    with opened() as nurture, read_only(nurture.sessions) as session:
        found = worker_views(session)
    if as_json:
        say_json([view.model_dump(mode="json") for view in found])
        return
    for view in found:
        say(f"{view.name:<16} {view.state:<9} seen {view.seen_at:%Y-%m-%d %H:%M:%S} UTC on {view.host}")
    if not found:
        say("nobody has run the engine yet")
