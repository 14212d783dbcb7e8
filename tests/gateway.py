"""A gateway on loopback: takes signed HTTP messages, and misbehaves as it is told."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "a shared secret of some length"


@dataclass
class Answer:
    status: int = 202
    said: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_taken: bool = True
    """Whether the message goes out all the same."""
    after_seconds: float = 0.0
    hangs_up: bool = False
    keeps_silent: bool = False
    """Takes the message, and waits until the caller gives up."""


@dataclass
class Request:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.body)
        return message


@dataclass
class GatewayServer:
    """`script` answers the next requests, one each; without a word it accepts."""

    honours_keys: bool = True
    port: int = 0
    script: list[Answer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    arrived_at: list[float] = field(default_factory=list)
    """When each request came, in seconds of the monotonic clock."""
    usual_seconds: float = 0.0
    """How long it takes to answer without a word of the script."""
    sent: list[str] = field(default_factory=list)
    """Idempotency keys of what really went out to members, repeats included."""

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        self.arrived_at.append(time.monotonic())
        answer = self.script.pop(0) if self.script else Answer(after_seconds=self.usual_seconds)
        key = request.headers.get("Idempotency-Key", "")
        if answer.is_taken and not (self.honours_keys and key in self.sent):
            self.sent.append(key)
        return answer


@contextmanager
def gateway(*, honours_keys: bool = True) -> Iterator[GatewayServer]:
    provider = GatewayServer(honours_keys=honours_keys)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = provider.answer(Request(self.path, dict(self.headers), body))
            time.sleep(answer.after_seconds)
            if answer.keeps_silent:
                self.rfile.read(1)
            if answer.hangs_up or answer.keeps_silent:
                self.close_connection = True
                return
            said = b"" if answer.said is None else json.dumps(answer.said).encode()
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(said))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args: object) -> None:
            """Says nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
