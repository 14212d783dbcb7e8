"""A provider in a process of its own, on loopback. What it sends on stands in its own log first; nobody kills it."""

import json
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

from evals.benchmarks.kills.processes import FORKS, close

CLIENT_TIMEOUT_SECONDS = 0.5
"""How long a worker waits for an answer."""


@dataclass(frozen=True)
class Manners:
    """How a provider behaves."""

    name: str
    honours_keys: bool
    """Whether it sends a message on once, however often it is handed over."""
    silent_share: float = 0.0
    """Of messages that it takes, and answers only when nobody waits any more."""


@dataclass(frozen=True)
class Entry:
    """One line of the log: a message that was handed over, and whether it was sent on."""

    key: str
    is_sent_on: bool


@dataclass(frozen=True)
class Provider:
    port: int
    log: Path

    def log_size(self) -> int:
        """In bytes."""
        return self.log.stat().st_size if self.log.exists() else 0

    def entries(self) -> list[Entry]:
        return [Entry(**json.loads(line)) for line in self.log.read_text(encoding="ascii").splitlines()]


@contextmanager
def running_provider(manners: Manners, log: Path) -> Iterator[Provider]:
    ours, theirs = FORKS.Pipe()
    process = FORKS.Process(target=_serve, args=(manners, log, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Provider(ours.recv(), log)
    finally:
        close(process)


class _Book:
    """The log and what stands in it."""

    def __init__(self, manners: Manners, log: Path) -> None:
        self._manners = manners
        self._lock = threading.Lock()
        self._keys: set[str] = set()
        self._file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._random = random.Random(manners.name)

    def take(self, key: str) -> float:
        """Note a message; gives how many seconds later it is answered."""
        with self._lock:
            is_sent_on = not (self._manners.honours_keys and key in self._keys)
            self._keys.add(key)
            os.write(self._file, json.dumps({"key": key, "is_sent_on": is_sent_on}).encode() + b"\n")
            is_silent = self._random.random() < self._manners.silent_share
        return 2 * CLIENT_TIMEOUT_SECONDS if is_silent else 0.0


def _serve(manners: Manners, log: Path, line: Connection) -> None:
    book = _Book(manners, log)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(book.take(self.headers["Idempotency-Key"]))
            self.send_response(HTTPStatus.ACCEPTED)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def handle(self) -> None:
            with suppress(ConnectionError):  # whoever asked was killed, or waits no more
                super().handle()

        def log_message(self, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    line.send(server.server_address[1])
    server.serve_forever()
