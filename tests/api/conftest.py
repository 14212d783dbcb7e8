"""Data folders that hold a demo, and a real server on loopback."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from api.bootstrap import bootstrap
from crm.access.passwords import DEMO_PASSWORD
from crm.catalog import CATALOG
from crm.database import open_engine
from crm.datasets.demo import load_demo
from crm.settings import Settings
from tests.conftest import DATABASE_KIND
from tests.databases import PostgresServer

DEMO_MEMBERS = 1_500
START_SECONDS = 120


ADDRESS_FILE = "database-address"
"""In a data folder of tests: where its PostgreSQL database is. Without it the folder holds a SQLite file."""
LOG_FILE = "server.log"
CopyHome = Callable[[Path, Path], Path]


def settings_of(home: Path, **changes: Any) -> Settings:
    """The settings of a data folder, with the database that belongs to it."""
    address = home / ADDRESS_FILE
    return Settings(home=home, database_url=address.read_text() if address.exists() else None, **changes)


@contextmanager
def database_of(home: Path) -> Iterator[Engine]:
    """The folder's database, for what a test does behind the product's back."""
    engine = open_engine(settings_of(home).resolved_database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def loaded_home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a small demo on Monday 1 June 2026; tests copy it."""
    home = tmp_path_factory.mktemp("demo")
    if DATABASE_KIND == "postgresql":
        postgres: PostgresServer = request.getfixturevalue("postgres")
        (home / ADDRESS_FILE).write_text(postgres.copy_of(postgres.template_url))
    nurture = bootstrap(settings_of(home))
    load_demo(nurture.sessions, today=date(2026, 6, 1), seed=7, members=DEMO_MEMBERS, catalog=CATALOG)
    nurture.close()
    return home


@pytest.fixture(scope="session")
def copy_home(request: pytest.FixtureRequest) -> CopyHome:
    """Copies a data folder that no process uses, its database included."""

    def copied(home: Path, to: Path) -> Path:
        shutil.copytree(home, to)
        address = to / ADDRESS_FILE
        if address.exists():
            address.write_text(request.getfixturevalue("postgres").copy_of(address.read_text()))
        return to

    return copied


@pytest.fixture
def home(loaded_home: Path, copy_home: CopyHome, tmp_path: Path) -> Path:
    return copy_home(loaded_home, tmp_path / "home")


@dataclass(frozen=True)
class Server:
    """A `nurture serve` process."""

    url: str
    process: "subprocess.Popen[str]"
    clients: ExitStack
    """Closes what `client` opened."""
    log: Path
    """What it said on stderr."""

    def client(self, username: str, password: str = DEMO_PASSWORD) -> httpx.Client:
        """A client that is signed in, as one of the demo people unless a password is given."""
        client = self.clients.enter_context(httpx.Client(base_url=self.url, timeout=120))
        answer = client.post("/api/session", json={"username": username, "password": password})
        answer.raise_for_status()
        return client

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def nurture_command(*args: str) -> list[str]:
    return [sys.executable, "-c", "from api.cli import main; main()", *args]


def environment(home: Path) -> dict[str, str]:
    """No setting of the person who runs the tests leaks in, and no engine runs unless a test asks for it."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("NURTURE_", "OPENAI_", "DATABASE_"))}
    ours = {"NURTURE_HOME": str(home), "NURTURE_ENGINE": "workers"}
    if (home / ADDRESS_FILE).exists():
        ours["DATABASE_URL"] = (home / ADDRESS_FILE).read_text()
    return kept | ours


@pytest.fixture
def run_command(home: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs `nurture` with arguments on the test's own data folder."""

    def run(*args: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            nurture_command(*args), env=environment(home), capture_output=True, text=True, timeout=120, check=False
        )

    return run


@contextmanager
def serving(home: Path, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A server on `home`, answering when this enters and gone when it leaves; `settings` replace its environment."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    # A file, because a pipe that nobody reads from stops a server that has much to say.
    home.mkdir(parents=True, exist_ok=True)
    log = home / LOG_FILE
    with log.open("w") as said:
        process = subprocess.Popen(
            nurture_command("serve", "--port", str(port)), env=settings or environment(home), stderr=said, text=True
        )
    try:
        _wait_until_ready(url, process, log)
        with ExitStack() as clients:
            yield Server(url, process, clients, log)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=20)


def _wait_until_ready(url: str, process: "subprocess.Popen[str]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text()}")
        try:
            if httpx.get(f"{url}/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError("the server did not answer in time")


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    with serving(home) as running:
        yield running
