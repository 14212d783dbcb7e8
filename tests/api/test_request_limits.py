"""What a request may be, whoever sends it: every refusal is problem+json, says what was wrong, and leaves a server."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.api.conftest import CopyHome, Server, serving

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def running(loaded_home: Path, copy_home: CopyHome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(copy_home(loaded_home, tmp_path_factory.mktemp("limits") / "home")) as server:
        yield server


@pytest.fixture(scope="module")
def mia(running: Server) -> httpx.Client:
    return running.client("mia")


def assert_problem(answer: httpx.Response, *statuses: int) -> str:
    assert answer.status_code in statuses, (answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "application/problem+json"
    detail: str = answer.json()["detail"]
    assert 0 < len(detail) < 600
    return detail


def spoken(server: Server, *pieces: bytes, wait: float = 20) -> bytes:
    """What the server answers to bytes on a connection of their own, until it hangs up."""
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as line:
        for piece in pieces:
            line.sendall(piece)
        answer = b""
        while chunk := line.recv(65_536):
            answer += chunk
        return answer


HEAD = b"POST /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


def test_a_body_of_thirty_megabytes_is_refused_before_anybody_signs_in(running: Server) -> None:
    with httpx.Client(base_url=running.url) as nobody:
        for path in ("/api/session", "/api/campaigns", "/login", "/u/token", "/api/receipts", "/nowhere"):
            assert "1,000,000" in assert_problem(nobody.post(path, content=b" " * 30 * MEGABYTE), 413)


def test_a_body_of_unknown_length_is_counted_as_it_comes(running: Server) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(3_000):
            yield b"x" * 1_000

    with httpx.Client(base_url=running.url) as nobody:
        assert_problem(nobody.post("/api/session", content=pieces()), 413)


@pytest.mark.parametrize("announced", [b"-1", b"9" * 5_000, b"99999999999", b"1e3"])
def test_an_announced_length_that_no_body_has_is_refused(running: Server, announced: bytes) -> None:
    answer = spoken(running, HEAD + b"Content-Length: " + announced + b"\r\nConnection: close\r\n\r\n{}")
    assert answer.split()[1] in (b"400", b"413")


DEEP = 100_000
UNREADABLE: list[tuple[bytes, str]] = [
    (b"[" * DEEP, "levels deep"),
    (b'{"a":' * DEEP, "levels deep"),
    (b'{"username":' + b"[" * DEEP + b"]" * DEEP + b"}", "levels deep"),
    (b'[{"a":' * 200 + b"1", "levels deep"),
    (b'{"username": ' + b"9" * 5_000 + b"}", "64 digits"),
    (b'{"username": -' + b"9" * 200_000 + b"}", "64 digits"),
    (b'{"username": 0.' + b"1" * 5_000 + b"}", "64 digits"),
    (b'{"username": 1e999}', "too large"),
    (b'{"username": NaN}', "NaN"),
    (b'{"username": -Infinity}', "Infinity"),
    (b'{"username": "\\ud800", "password": "x"}', "half of a character"),
    (b'{"username": "\\udfff\\ud800", "password": "x"}', "half of a character"),
    (b'{"username": "\xed\xa0\x80", "password": "x"}', "UTF-8"),
    (b'{"username": "\\u0000", "password": "x"}', "control character"),
    (b'{"username": "mia", "password": "a\\u0000b"}', "control character"),
    (b'{"username": "a\\u001bb", "password": "x"}', "control character"),
    (b'{"\\u0000": 1}', "key"),
    (b'{"username": "mi\xff"}', "UTF-8"),
    (b'{"username": "mia"', "can be read"),
    (b'"' + b'\\"' * 400_000, "can be read"),
    (b"{}{}", "can be read"),
]


@pytest.mark.parametrize(("body", "words"), UNREADABLE)
def test_json_that_cannot_be_taken_apart_is_said_to_whoever_sent_it(running: Server, body: bytes, words: str) -> None:
    answer = httpx.post(f"{running.url}/api/session", content=body, headers={"content-type": "application/json"})
    assert words in assert_problem(answer, 422)
    assert answer.json()["path"].startswith("body")


IDS = [str(2**31), str(2**63 - 1), str(2**63), str(2**64), "9" * 30, "9" * 5_000, "-1", "0", "%00", "a%00b", "٣", "é"]
BY_ID = ["segments/{}", "segments/{}/members", "segments/{}/history", "journeys/{}", "campaigns/{}"]
BY_ID += ["campaigns/{}/plan", "threads/{}", "campaigns/{}/monitor"]
BY_ID += ["campaigns/{}/messages", "campaigns/{}/exclusions", "journeys/{}/members"]
CURSORS = ["campaigns?before={}", "journeys?before={}", "segments?after={}", "tasks?offset={}", "tasks?after={}"]
CURSORS += ["contacts/unreadable?offset={}", "contacts/unreadable?after={}", "campaigns/1/messages?offset={}"]
CURSORS += ["campaigns/1/messages?after={}", "campaigns/1/exclusions/members?after={}", "journeys?limit={}"]
CURSORS += ["insights?q=x&limit={}", "segments/1/members?after={}", "segments/1/events?before={}"]


@pytest.mark.parametrize("path", [*BY_ID, *CURSORS])
def test_ids_and_cursors_beyond_every_row_are_no_crash(mia: httpx.Client, path: str) -> None:
    for number in IDS:
        answer = mia.get("/api/" + path.format(number))
        if answer.status_code != 200:
            assert_problem(answer, 404, 409, 414, 422)


@pytest.mark.parametrize("path", ["tasks/{}/complete", "tasks/{}/take", "segments/{}/refresh", "campaigns/{}/approve"])
def test_ids_beyond_every_row_are_no_crash_for_acts(mia: httpx.Client, path: str) -> None:
    for number in IDS:
        assert_problem(mia.post("/api/" + path.format(number), json={"outcome": "x"}), 403, 404, 405, 414, 422)


FAR_DAYS = ["9999-12-31", "0001-01-01", "9999-12-31T23:59:59", "0001-01-01T00:00", "9999-12-31T23:59:59.999+14:00"]
TIER = {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}
BRIEF: dict[str, Any] = {"name": "Far", "audience": TIER, "channels": ["email"], "start": "2026-06-04T10:00"}


@pytest.mark.parametrize("day", FAR_DAYS)
def test_days_at_the_ends_of_the_calendar_are_refused_by_name(mia: httpx.Client, day: str) -> None:
    assert_problem(mia.post("/api/campaigns", json=BRIEF | {"start": day}), 422)
    assert_problem(mia.post("/api/campaigns", json=BRIEF | {"end": day[:10]}), 422)
    assert_problem(mia.post("/api/workspace/clock", json={"at": day}), 403, 422)
    assert_problem(mia.post(f"/api/segments/query?as_of={day[:10]}", json={"definition": TIER}), 422)
    since = {"field": "joined_on", "op": ">=", "value": day[:10]}
    answer = mia.post("/api/segments/query", json={"definition": since})
    if answer.status_code != 200:
        assert_problem(answer, 422)
    answer = mia.get(f"/api/segments/1/history?before={day[:10]}")
    assert answer.status_code in (200, 404, 422)


LONG = "长" * 100_000
AMOUNTS = ["1e9999999", "1e400", "9" * 60, 10**40, 1e300, "-0", "NaN"]


@pytest.mark.parametrize(
    "change",
    [
        {"goal": LONG},
        {"name": LONG},
        {"holdout_waiver": LONG},
        {"exclude_campaigns": [LONG]},
        {"exclude_campaigns": ["x"] * 10_000},
        {"steps": [{"key": f"k{n}"} for n in range(3_000)]},
        {"copy_texts": [{"channel": "email", "body": LONG}]},
        {"copy_texts": [{"channel": "email", "subject": LONG, "body": "x"}]},
        {"offers": [{"kind": "gift", "item": LONG}]},
        {"offers": [{"kind": "free_shipping"}] * 1_000},
        {"budget_cents": 2**63},
        {"budget_cents": 10**30},
        *({"offers": [{"kind": "amount_off", "value": amount}]} for amount in AMOUNTS),
    ],
)
def test_texts_lists_and_amounts_have_a_greatest_size(mia: httpx.Client, change: dict[str, Any]) -> None:
    before = mia.get("/api/campaigns").json()
    assert_problem(mia.post("/api/campaigns", json=BRIEF | change), 409, 422)
    assert mia.get("/api/campaigns").json() == before


@pytest.mark.parametrize("said", [LONG, "x" * 8_001, "\x00", "a\x1b[2J", "\ud800", " ", ""])
def test_a_message_that_cannot_be_answered_is_refused_with_a_sentence(mia: httpx.Client, said: str) -> None:
    thread = mia.post("/api/threads").json()["id"]
    assert_problem(mia.post(f"/api/threads/{thread}/messages", content=json.dumps({"text": said})), 422)
    assert mia.get(f"/api/threads/{thread}").json() == []


@pytest.mark.parametrize("bearer", ["ü".encode(), "令牌".encode(), b"\xff\xfe", b"x" * 20_000, b"a b c", b"'"])
def test_a_token_in_any_bytes_is_no_crash(running: Server, bearer: bytes) -> None:
    for headers in ({b"authorization": b"Bearer " + bearer}, {b"cookie": b"nurture_session=" + bearer}):
        assert_problem(httpx.get(f"{running.url}/api/me", headers=headers), 401)


@pytest.mark.parametrize("words", ["x" * 5_000, "a\x00", "%F0%9F", "..%2F..%2Fetc", "' OR 1=1 --", "🎁" * 200, "%"])
def test_an_address_of_any_words_is_no_crash(mia: httpx.Client, words: str) -> None:
    for path in (f"/api/campaigns/{quote(words, safe='%')}", f"/api/journeys/{quote(words, safe='%')}"):
        assert_problem(mia.get(path), 404, 414, 422)
    answer = mia.get("/api/insights", params={"q": words})
    if answer.status_code != 200:
        assert_problem(answer, 414, 422)


def test_a_form_of_any_size_is_no_crash(running: Server) -> None:
    with httpx.Client(base_url=running.url) as nobody:
        for username in ("x" * 400_000, "\x00", "mia\x1b", "令牌", "\ufffe"):
            answer = nobody.post("/login", data={"username": username, "password": username})
            assert answer.status_code in (303, 422)


def test_while_somebody_sends_slowly_others_are_answered_and_he_is_hung_up_on(running: Server) -> None:
    """Half a head, half a body, and nothing at all, each on thirty connections."""
    begun: list[bytes] = [b"", HEAD[:20], HEAD, HEAD + b"Content-Length: 50\r\n\r\n{"] * 30
    answers: list[bytes] = []
    slow = [threading.Thread(target=lambda said=said: answers.append(spoken(running, said, wait=40))) for said in begun]
    for thread in slow:
        thread.start()
    assert httpx.get(f"{running.url}/healthz").status_code == 200
    assert httpx.get(f"{running.url}/api/me").status_code == 401
    for thread in slow:
        thread.join()
    assert {answer.split()[1] for answer in answers} == {b"408"}


def test_a_head_without_end_is_hung_up_on(running: Server) -> None:
    answer = spoken(running, b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 70_000)
    assert answer.split()[1] in (b"431", b"400")


def test_nothing_of_members_is_kept_by_a_browser_and_the_docs_have_their_own_policy(mia: httpx.Client) -> None:
    for path in ("/api/me", "/api/campaigns", "/", "/segments", "/api/openapi.json", "/nowhere"):
        assert mia.get(path).headers["cache-control"] == "no-store", path
    assert "unsafe-eval" in mia.get("/").headers["content-security-policy"]
    assert "unsafe-eval" not in mia.get("/api/docs").headers["content-security-policy"]


def test_whoever_hangs_up_in_the_middle_of_a_body_is_no_fault_of_ours(running: Server) -> None:
    """Else anybody could fill the log with faults, and raise the alarm that counts them."""
    port = int(running.url.rpartition(":")[2])
    before = running.log.read_text().count('"request.broken_off"')
    for path in ("/api/session", "/login", "/u/token", "/api/receipts", "/nowhere"):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
            line.sendall(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50\r\n\r\n{{".encode())
    deadline = time.monotonic() + 20
    while running.log.read_text().count('"request.broken_off"') < before + 5 and time.monotonic() < deadline:
        httpx.get(f"{running.url}/healthz")
    said = running.log.read_text()
    assert said.count('"request.broken_off"') == before + 5
    assert '"request.failed"' not in said
