"""The data folder, and which server owns it."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from crm.errors import Unavailable
from crm.settings import Settings

SERVER_FILE = "server.json"
SERVER_LOCK = "server.lock"


@dataclass(frozen=True)
class RunningServer:
    """Where the server that owns this folder answers, and the token of its internal calls."""

    url: str
    token: str
    pid: int


@contextmanager
def own_folder(settings: Settings, url: str) -> Iterator[RunningServer]:
    """Hold the folder for one server. Raises Unavailable, naming the other server, when one runs already."""
    settings.home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.home / SERVER_LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        other = running_server(settings)
        where = f" at {other.url} (process {other.pid})" if other else ""
        raise Unavailable(
            f"another Nurture server{where} uses the data folder {settings.home}; "
            "stop it, or set NURTURE_HOME to another folder"
        ) from error
    server = RunningServer(url=url, token=secrets.token_urlsafe(32), pid=os.getpid())
    path = settings.home / SERVER_FILE
    try:
        _write_private(path, json.dumps(asdict(server)))
        yield server
    finally:
        path.unlink(missing_ok=True)
        lock.release()


def running_server(settings: Settings) -> RunningServer | None:
    """The server that owns this folder, None when there is none."""
    path = settings.home / SERVER_FILE
    try:
        return RunningServer(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
