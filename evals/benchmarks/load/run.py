"""A crowd that comes at once, words that go on for ever, and somebody who guesses passwords: who is kept waiting?"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from crm.access.passwords import DEMO_PASSWORD
from evals.benchmarks.load.report import (
    Answer,
    Figure,
    LoadReport,
    figures_of_crowd,
    figures_of_flood,
    health_figure,
    kept_connection_figure,
    write_figure,
)
from evals.benchmarks.load.server import load_small_demo, serving

PERSON = "mia"
WRONG_SIGN_INS = 30
LONG_MESSAGES = ("5" * 5_000, "一" * 7_900, "2026-01-01 " * 700, "," * 7_900)
KEPT_REQUESTS = 50
FLOOD = 5
"""So many crowds at once are more than the server takes."""
PAUSE_SECONDS = 0.01
"""Between two looks at the server's health, and between two writes."""
COUNT = {
    "definition": {
        "all": [
            {"field": "tier", "op": "in", "value": ["gold", "platinum"]},
            {"field": "city", "op": "in", "value": ["Shanghai", "Beijing"]},
        ]
    }
}
KINDS: tuple[tuple[str, str, str, dict[str, Any] | None], ...] = (
    ("list of campaigns", "GET", "/api/campaigns", None),
    ("segment count", "POST", "/api/segments/query", COUNT),
)


def measure_load(
    work_folder: Path, members: int, crowd: int, *, database_url: str | None, note: Callable[[str], None]
) -> LoadReport:
    """On a server of its own with a demo on a SQLite file, or on a database that is empty or holds the demo."""
    home = work_folder / f"load-{members}"
    home.mkdir(parents=True, exist_ok=True)
    note(f"the demo of {members:,} members")
    database = load_small_demo(home, database_url, members)
    calibration = calibrated()
    with serving(home, database_url) as url:
        note(f"a server on {url}")
        figures = asyncio.run(_measure(url, crowd, note))
    return LoadReport(database, members, figures, calibration)


def calibrated() -> str:
    """How fast this machine is at the moment, and how much it has to do besides: what the seconds are to be read by."""
    begun = time.perf_counter()
    sum(number * number for number in range(3_000_000))
    return f"{time.perf_counter() - begun:.2f} s for 3,000,000 squares, load average {os.getloadavg()[0]:.1f}"


async def _measure(url: str, crowd: int, note: Callable[[str], None]) -> tuple[Figure, ...]:
    limits = httpx.Limits(max_connections=crowd + WRONG_SIGN_INS, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
        signed_in = await client.post("/api/session", json={"username": PERSON, "password": DEMO_PASSWORD})
        signed_in.raise_for_status()
        figures: list[Figure] = [await _kept_connection(client)]
        for kind, method, path, body in KINDS:
            note(f"{crowd} at once: {kind}")
            request = client.build_request(method, path, json=body)
            figures += figures_of_crowd(kind, await _asked_at_once(request, crowd))
            note(f"{crowd * FLOOD} at once: {kind}")
            figures += figures_of_flood(kind, await _asked_at_once(request, crowd * FLOOD))
        note(f"{len(LONG_MESSAGES)} long messages")
        figures.append(await _health_beside_long_messages(client))
        note(f"{WRONG_SIGN_INS} wrong sign-ins")
        figures.append(await _writes_beside_wrong_sign_ins(client))
    return tuple(figures)


async def _kept_connection(client: httpx.AsyncClient) -> Figure:
    """What one request after the other takes where the connection is kept, as browsers keep it."""
    async with httpx.AsyncClient(base_url=client.base_url) as keeper:
        timings = []
        for _ in range(KEPT_REQUESTS):
            begun = time.perf_counter()
            (await keeper.get("/healthz")).raise_for_status()
            timings.append(time.perf_counter() - begun)
    return kept_connection_figure([seconds * 1_000 for seconds in timings])


async def _asked_at_once(request: httpx.Request, crowd: int) -> list[Answer]:
    """Each on a connection of its own. The bytes are written beforehand, so that the crowd is not its own queue."""
    lines = [f"{request.method} {request.url.raw_path.decode()} HTTP/1.1", "connection: close"]
    lines += [f"{name}: {value}" for name, value in request.headers.items() if name != "connection"]
    raw = "\r\n".join([*lines, "", ""]).encode() + request.read()
    host, port = request.url.host, request.url.port or 80
    return await asyncio.gather(*(_ask(host, port, raw) for _ in range(crowd)))


async def _ask(host: str, port: int, raw: bytes) -> Answer:
    begun = time.perf_counter()
    try:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(raw)
        status = int((await reader.readline()).split()[1])
        await reader.read()
        writer.close()
    except (OSError, IndexError, ValueError):
        status = 0
    return Answer(status, time.perf_counter() - begun)


async def _health_beside_long_messages(client: httpx.AsyncClient) -> Figure:
    threads = [(await client.post("/api/threads")).raise_for_status().json()["id"] for _ in LONG_MESSAGES]

    async def say(thread: str, words: str) -> None:
        (await client.post(f"/api/threads/{thread}/messages", json={"text": words})).raise_for_status()

    async def look() -> None:
        (await client.get("/healthz")).raise_for_status()

    said = asyncio.gather(*(say(thread, words) for thread, words in zip(threads, LONG_MESSAGES, strict=True)))
    return health_figure([seconds * 1_000 for seconds in await _timed_until(said, look)])


async def _writes_beside_wrong_sign_ins(client: httpx.AsyncClient) -> Figure:
    async def guess(number: int) -> None:
        answer = await stranger.post("/api/session", json={"username": PERSON, "password": f"wrong-{number}"})
        assert answer.is_client_error or answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.status_code

    async def write() -> None:
        (await client.post("/api/threads")).raise_for_status()

    # Cookies of its own: a sign-in would end the session of the person who writes.
    async with httpx.AsyncClient(base_url=client.base_url, timeout=60) as stranger:
        guessed = asyncio.gather(*(guess(number) for number in range(WRONG_SIGN_INS)))
        return write_figure(await _timed_until(guessed, write))


async def _timed_until(work: "asyncio.Future[list[None]]", act: Callable[[], Awaitable[None]]) -> list[float]:
    """How long each act took that was begun before the work was done; at least one."""
    timings: list[float] = []
    while not (work.done() and timings):
        begun = time.perf_counter()
        await act()
        timings.append(time.perf_counter() - begun)
        await asyncio.sleep(PAUSE_SECONDS)
    await work
    return timings
