"""What a request may be before anybody looks at who sends it: its address, its size, its speed, its JSON.

Plain ASGI, before sign-in. A body is read whole here, so nothing that follows waits for a slow sender.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem, problem_of
from crm.bounds import wrong_character
from crm.errors import CrmError, InvalidRequest
from crm.json_input import read_json

MOST_BODY_BYTES = 1_000_000
"""Of a request without a limit of its own: a journey with every text at its longest takes a third."""
LARGER_BODIES: Mapping[str, int] = {}
"""By how the path begins, for routes that take files."""
MOST_PATH = 2_000
MOST_PATH_PART = 400
"""Characters of what stands between two slashes: four times the longest name, written in percent signs."""
MOST_QUERY = 8_000
CHUNK_SECONDS = 10.0
"""How long the next piece of a body may take."""
BODY_SECONDS = 60.0
"""And all of them."""
DRAIN_SECONDS = 2.0
"""How long a sender who is refused may go on: one who is cut off in the middle never reads why."""
OFF_LOOP_BYTES = 50_000
"""From this size a body is checked in a thread; below, the check is faster than the way there."""

_JSON = re.compile(r"^application/(?:[\w.+-]+\+)?json\b", re.IGNORECASE)
_WITH_BODY = ("POST", "PUT", "PATCH", "DELETE")


class Limits:
    """Refuses what is too large, too slow or cannot be read, with problem+json."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = _refusal_of_address(scope)
        if refusal is None and scope["method"] in _WITH_BODY:
            body = await _body(scope, receive)
            if isinstance(body, Response):
                await _refuse(body, scope, receive, send)
                return
            refusal = await _refusal_of_json(scope, body)
            receive = _again(body, receive)
        await (refusal or self.app)(scope, receive, send)


def _refusal_of_address(scope: Scope) -> Response | None:
    path, query = scope["path"], scope["query_string"]
    if len(path) > MOST_PATH or any(len(part) > MOST_PATH_PART for part in path.split("/")):
        return problem(414, "address_too_long", f"a part of the address is longer than {MOST_PATH_PART} characters")
    if len(query) > MOST_QUERY:
        return problem(414, "address_too_long", f"the query of the address is longer than {MOST_QUERY:,} characters")
    if wrong_character(path + unquote_to_bytes(query).decode("latin-1")):
        return problem_of(InvalidRequest("the address holds a control character; leave it out", path="address"))
    return None


async def _body(scope: Scope, receive: Receive) -> bytes | Response:
    """All of it, or why it is not taken."""
    most = next((size for start, size in LARGER_BODIES.items() if scope["path"].startswith(start)), MOST_BODY_BYTES)
    too_large = problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "body_too_large",
        f"the body is larger than {most:,} bytes, the most that is taken here; send less at a time",
        path="body",
    )
    announced = Headers(scope=scope).get("content-length", "0")
    # A length of more digits than any body has is not even counted.
    if not announced.isdecimal() or len(announced) > len(str(most)) or int(announced) > most:
        return too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in _chunks(receive):
                body += chunk
                if len(body) > most:
                    return too_large
    except TimeoutError:
        return problem(
            HTTPStatus.REQUEST_TIMEOUT,
            "body_too_slow",
            f"the body did not come within {CHUNK_SECONDS:g} s a piece and {BODY_SECONDS:g} s in all; send it again",
            path="body",
        )
    return bytes(body)


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        async with asyncio.timeout(CHUNK_SECONDS):
            message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def _refusal_of_json(scope: Scope, body: bytes) -> Response | None:
    """What is wrong with a JSON body, before any route takes it apart."""
    # The framework takes a body without a type for JSON.
    default = "application/json" if scope["path"].startswith("/api/") else ""
    if not body or not _JSON.match(Headers(scope=scope).get("content-type", default)):
        return None
    try:
        if len(body) > OFF_LOOP_BYTES:
            await asyncio.to_thread(read_json, body, name="body")
        else:
            read_json(body, name="body")
    except CrmError as error:
        return problem_of(error)
    return None


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives the body once more, then whatever comes after it."""
    is_given = False

    async def give() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give


async def _refuse(answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer at once, let the sender finish for a moment so that the answer is read, then hang up."""
    answer.headers["Connection"] = "close"

    async def send_and_drain(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        await send({**message, "more_body": True})
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while (await receive()).get("more_body", False):
                    pass
        except TimeoutError:
            pass
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    await answer(scope, receive, send_and_drain)
