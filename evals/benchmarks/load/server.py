"""A `nurture serve` process on a small demo."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from api.bootstrap import bootstrap
from crm.catalog import CATALOG
from crm.datasets.demo import load_demo
from crm.errors import Unavailable
from crm.settings import Settings

START_SECONDS = 120.0
LOG_FILE = "server.log"


def load_small_demo(home: Path, database_url: str | None, members: int) -> str:
    """Fill the database unless it holds the demo already; says of which kind it is. Raises Conflict for other data."""
    nurture = bootstrap(Settings(home=home, database_url=database_url))
    try:
        load_demo(nurture.sessions, members=members, catalog=CATALOG)
        return str(nurture.sessions.kw["bind"].dialect.name)
    finally:
        nurture.close()


@contextmanager
def serving(home: Path, database_url: str | None) -> Iterator[str]:
    """The address of a server that answers; it ends with the block."""
    port = _free_port()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("NURTURE_", "DATABASE_", "OPENAI_"))}
    ours = {"NURTURE_HOME": str(home), "NURTURE_ENGINE": "workers"} | (
        {"DATABASE_URL": database_url} if database_url else {}
    )
    command = [sys.executable, "-c", "from api.cli import main; main()", "serve", "--port", str(port)]
    with (home / LOG_FILE).open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, env=kept | ours, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url, process, home / LOG_FILE)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    ends_at = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < ends_at:
        try:
            if httpx.get(f"{url}/readyz", timeout=2).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise Unavailable(f"the server did not come up: see {log}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
