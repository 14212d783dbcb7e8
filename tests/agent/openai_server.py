"""An OpenAI-compatible endpoint on loopback that streams what a test wrote, tool calls in pieces."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Endpoint:
    """What it says next and what it was asked. A line is text, a list of (tool, args), or an HTTP error code."""

    lines: list[str | int | list[tuple[str, dict[str, Any]]]]
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def openai_endpoint(*lines: str | int | list[tuple[str, dict[str, Any]]]) -> Iterator[Endpoint]:
    endpoint = Endpoint(list(lines))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            endpoint.asked.append(json.loads(body))
            line = endpoint.lines.pop(0)
            if isinstance(line, int):
                self.send_error(line)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for delta in _deltas(line, len(endpoint.asked)):
                self._send({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
            reason = "stop" if isinstance(line, str) else "tool_calls"
            self._send({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
            self.wfile.write(b"data: [DONE]\n\n")

        def _send(self, chunk: dict[str, Any]) -> None:
            words = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "scripted", **chunk}
            self.wfile.write(f"data: {json.dumps(words)}\n\n".encode())
            self.wfile.flush()

        def log_message(self, *_: Any) -> None:
            """Tests read `asked` instead of a log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _deltas(line: str | list[tuple[str, dict[str, Any]]], turn: int) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": ""}
    if isinstance(line, str):
        for index in range(0, len(line), 5):
            yield {"content": line[index : index + 5]}
        return
    for index, (name, args) in enumerate(line):
        opening = {"index": index, "id": f"call-{turn}-{index}", "type": "function"}
        yield {"tool_calls": [opening | {"function": {"name": name, "arguments": ""}}]}
        words = json.dumps(args)
        for start in range(0, len(words), 6):
            piece = words[start : start + 6]
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}
