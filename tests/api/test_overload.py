"""More at once than can be done: everybody is answered or told to come back, and nobody hears of a crash."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from api.overload import AT_ONCE, MOST_WAITING, Overload
from tests.api.conftest import CopyHome, Server, serving
from tests.api.talking import Talk

CROWD = 200
TIER = {"definition": {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}}


@pytest.fixture(scope="module")
def running(loaded_home: Path, copy_home: CopyHome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(copy_home(loaded_home, tmp_path_factory.mktemp("overload") / "home")) as server:
        yield server


def crowd(server: Server, method: str, path: str, body: object = None) -> list[httpx.Response]:
    """So many answers to one call, asked all at once."""
    cookies = dict(server.client("mia").cookies)

    async def ask() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=CROWD)
        async with httpx.AsyncClient(base_url=server.url, timeout=60, limits=limits, cookies=cookies) as client:
            return await asyncio.gather(*(client.request(method, path, json=body) for _ in range(CROWD)))

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/campaigns", None),
        ("GET", "/api/tasks", None),
        ("POST", "/api/segments/query", TIER),
        ("POST", "/api/threads", None),
        ("GET", "/healthz", None),
    ],
)
def test_a_crowd_is_answered_or_told_to_come_back(running: Server, method: str, path: str, body: object) -> None:
    answers = crowd(running, method, path, body)
    counted = Counter(answer.status_code for answer in answers)
    assert set(counted) <= {200, 201, 503}, counted
    if method == "GET":
        assert counted[200] >= 190, counted
    for answer in answers:
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0


def test_while_words_are_read_that_go_on_for_ever_others_are_answered(running: Server) -> None:
    client = running.client("mia")
    talks = [Talk.opened(client) for _ in range(4)]
    words = ["5" * 5_000, "一" * 7_900, "2026-01-01 " * 700, "(((((" * 1_500]
    readers = [threading.Thread(target=talk.say, args=(said,)) for talk, said in zip(talks, words, strict=True)]
    for reader in readers:
        reader.start()
    while any(reader.is_alive() for reader in readers):
        assert httpx.get(f"{running.url}/healthz").status_code == 200
        time.sleep(0.05)
    assert all(talk.entries()[-1]["kind"] == "answer" for talk in talks)


async def test_who_would_wait_too_long_is_told_so_and_places_are_given_back() -> None:
    goes_on, inside = asyncio.Event(), 0

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal inside
        inside += 1
        await goes_on.wait()
        await PlainTextResponse("done")(scope, receive, send)

    door = Overload(slow)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://x", timeout=60) as client:
        asked = [asyncio.create_task(client.get("/")) for _ in range(AT_ONCE + MOST_WAITING + 30)]
        while sum(task.done() for task in asked) < 30:
            await asyncio.sleep(0)
        assert {task.result().status_code for task in asked if task.done()} == {503}
        assert inside == AT_ONCE
        goes_on.set()
        counted = Counter([(await task).status_code for task in asked])
        assert counted == {503: 30, 200: AT_ONCE + MOST_WAITING}
        assert (await client.get("/")).status_code == 200


@pytest.mark.parametrize("path", ["/api/campaigns", "/api/threads", "/api/me", "/", "/api/segments/query"])
async def test_sign_ins_that_are_being_verified_take_nobodys_place(path: str) -> None:
    goes_on = asyncio.Event()

    async def desk(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/api/session":
            await goes_on.wait()
        await PlainTextResponse("done")(scope, receive, send)

    door = Overload(desk)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://x", timeout=60) as client:
        signing_in = [asyncio.create_task(client.post("/api/session")) for _ in range(2 * AT_ONCE)]
        await asyncio.sleep(0)
        assert (await client.post(path)).status_code == 200
        assert not any(task.done() for task in signing_in)
        goes_on.set()
        assert {(await task).status_code for task in signing_in} == {200}
