"""A crowd that comes at once, words that go on for ever, and somebody who guesses passwords: who is kept waiting?"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from crm.access.passwords import DEMO_PASSWORD
from evals.benchmarks.load.report import Answer, Figure, LoadReport, figures_of_crowd, health_figure, write_figure
from evals.benchmarks.load.server import load_small_demo, serving

PERSON = "mia"
WRONG_SIGN_INS = 30
LONG_MESSAGES = ("5" * 5_000, "一" * 7_900, "2026-01-01 " * 700, "," * 7_900)
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
    with serving(home, database_url) as url:
        note(f"a server on {url}")
        figures = asyncio.run(_measure(url, crowd, note))
    return LoadReport(database, members, figures)


async def _measure(url: str, crowd: int, note: Callable[[str], None]) -> tuple[Figure, ...]:
    limits = httpx.Limits(max_connections=crowd + WRONG_SIGN_INS, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
        signed_in = await client.post("/api/session", json={"username": PERSON, "password": DEMO_PASSWORD})
        signed_in.raise_for_status()
        figures: list[Figure] = []
        for kind, method, path, body in KINDS:
            note(f"{crowd} at once: {kind}")
            asked = (_ask(client, method, path, body) for _ in range(crowd))
            figures += figures_of_crowd(kind, await asyncio.gather(*asked))
        note(f"{len(LONG_MESSAGES)} long messages")
        figures.append(await _health_beside_long_messages(client))
        note(f"{WRONG_SIGN_INS} wrong sign-ins")
        figures.append(await _writes_beside_wrong_sign_ins(client))
    return tuple(figures)


async def _ask(client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None) -> Answer:
    begun = time.perf_counter()
    try:
        status = (await client.request(method, path, json=body)).status_code
    except httpx.TransportError:
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
