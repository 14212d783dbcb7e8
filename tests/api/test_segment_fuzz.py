"""Ten thousand bodies through the real routes: read or refused in one clear sentence, never a crash.

A refusal names the place of what is wrong, says what would be right, and never shows SQL.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import create_app
from api.bootstrap import bootstrap
from crm.catalog import CATALOG
from crm.datasets.demo import load_demo
from crm.segments.definition import MAX_CONDITIONS, MAX_DEPTH, WHOLE
from crm.settings import Settings
from tests.api.segment_bodies import bodies
from tests.conftest import DATABASE_KINDS, OpenDatabase

BODIES = {"sqlite": 9_500, "postgresql": 500}
"""Over all calls."""
MAX_SENTENCE = 700
"""Characters: an answer that repeats the whole body is no sentence."""
SQL = re.compile(
    r"\b(SELECT|INSERT|UPDATE|DELETE) .*\b(FROM|INTO|SET|VALUES)\b"
    r"|sqlite3|psycopg|sqlalche|Traceback|(Operational|Data|Programming)Error"
)
DEFINITION_KEYS = ("definition", "audience")
NEEDED: dict[str, Any] = {
    "group_by": ["tier"],
    "member_id": 1,
    "version": 1,
    "channels": ["email"],
    "start": "2026-06-04T10:00",
}
"""What calls need beside a definition; any other text is a name."""
TIER = {"field": "tier", "op": "in", "value": ["gold"]}


@dataclass(frozen=True)
class Call:
    """A route that takes a definition."""

    method: str
    path: str
    around: dict[str, Any]
    """What else its body needs."""
    key: str


@dataclass(frozen=True)
class Api:
    """The application in this process, with somebody signed in, and its calls that take a definition."""

    kind: str
    client: httpx.AsyncClient
    runner: asyncio.Runner
    calls: list[Call]

    def send(self, call: Call, body: bytes) -> httpx.Response:
        headers = {"content-type": "application/json"}
        return self.runner.run(self.client.request(call.method, call.path, content=body, headers=headers))

    def query(self, definition: Any) -> httpx.Response:
        (call,) = (call for call in self.calls if call.path == "/api/segments/query")
        return self.send(call, json.dumps({"definition": definition}).encode())


def calls_of(app: FastAPI) -> list[Call]:
    """Every route whose body holds a definition, so that a new one is tried without anybody thinking of it."""
    api = app.openapi()
    found = []
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            schema = content.get("schema", {})
            model = api["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
            for key in DEFINITION_KEYS:
                if key in model.get("properties", {}):
                    others = [name for name in model.get("required", []) if name != key]
                    around = {name: NEEDED.get(name, "Some words") for name in others}
                    found.append(Call(method.upper(), re.sub(r"\{.*?\}", "1", path), around, key))
    return found


@pytest.fixture(scope="module", params=DATABASE_KINDS)
def api(
    request: pytest.FixtureRequest, open_database: OpenDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    with open_database(request.param) as engine, asyncio.Runner() as runner:
        url = engine.url.render_as_string(hide_password=False)
        nurture = bootstrap(Settings(home=tmp_path_factory.mktemp("fuzz"), database_url=url))
        load_demo(nurture.sessions, today=date(2026, 6, 1), seed=7, members=100, catalog=CATALOG)
        app = create_app(nurture, internal_token="none", with_pages=False)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://nurture.test")
        signed_in = runner.run(
            client.post("/api/session", json={"username": "mia", "password": "nurture-demo"}),
        )
        assert signed_in.status_code == 200
        yield Api(request.param, client, runner, calls_of(app))
        runner.run(client.aclose())
        nurture.close()


def test_any_body_is_read_or_refused_in_one_clear_sentence(api: Api) -> None:
    prepared = [st.tuples(st.just(call), bodies(call.around, call.key)) for call in api.calls]

    @settings(max_examples=BODIES[api.kind], deadline=None, suppress_health_check=list(HealthCheck))
    @given(sent=st.one_of(prepared))
    def each(sent: tuple[Call, bytes]) -> None:
        call, body = sent
        assert_clear(api.send(call, body), call, body)

    each()


def assert_clear(answer: httpx.Response, call: Call, body: bytes) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code < 400:
        return
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json", problem
    assert 0 < len(problem["detail"]) <= MAX_SENTENCE, problem
    assert not SQL.search(problem["detail"]), problem
    if problem["type"] == "urn:nurture:invalid_request":
        assert "path" in problem, problem
        assert is_a_place(problem["path"], call, body), problem


def is_a_place(path: str, call: Call, body: bytes) -> bool:
    """Whether the path leads to something in the body, or to what is missing there."""
    if path.startswith("body"):
        return True
    sent = json.loads(body)
    return path == WHOLE or leads_somewhere(path, sent.get(call.key)) or leads_somewhere(path, sent)


def leads_somewhere(path: str, node: Any) -> bool:
    if not path:
        return True
    if isinstance(node, list):
        index = re.match(r"\[(\d+)\]\.?", path)
        return bool(index) and int(index[1]) < len(node) and leads_somewhere(path[index.end() :], node[int(index[1])])
    if not isinstance(node, dict):
        return False
    for key, inner in node.items():
        rest = path.removeprefix(key)
        if path.startswith(key) and (not rest or rest[0] in ".["):
            return leads_somewhere(rest.removeprefix("."), inner)
    return path in ("field", "op", "value")


def test_depth_and_size_have_messages_of_their_own(api: Api) -> None:
    deep: Any = TIER
    for _ in range(MAX_DEPTH):
        deep = {"not": deep}
    for definition, words in (
        (deep, f"at most {MAX_DEPTH} levels"),
        ({"all": [TIER] * (MAX_CONDITIONS + 1)}, f"at most {MAX_CONDITIONS} conditions"),
        ({**TIER, "value": ["gold"] * 300}, "at most 200 words"),
    ):
        answer = api.query(definition)
        assert answer.status_code == 422
        assert words in answer.json()["detail"]


def test_a_body_nested_without_end_is_refused(api: Api) -> None:
    (call,) = (call for call in api.calls if call.path == "/api/segments/query")
    for body in (b"[" * 100_000, b'{"definition":' + b'{"not":' * 50_000 + b"{}" + b"}" * 50_001):
        assert_clear(api.send(call, body), call, body)


def test_an_unknown_field_lists_the_three_nearest_wherever_it_stands(api: Api) -> None:
    for definition, path in (
        ({"field": "teir", "op": "in", "value": ["gold"]}, "field"),
        ({"any": [TIER, {"not": {"field": "teir", "op": "in", "value": ["gold"]}}]}, "any[1].not.field"),
        ({**TIER, "order_by": {"field": "teir"}}, "order_by.field"),
    ):
        problem = api.query(definition).json()
        assert problem["path"] == path
        assert len(problem["candidates"]) == 3
        assert "tier" in problem["candidates"]
        assert "the nearest are" in problem["detail"]


def test_a_campaign_that_does_not_exist_is_named_with_its_place(api: Api) -> None:
    leaf = {"field": "campaign", "op": "in", "value": ["Spring Refrsh"]}
    problem = api.query({"all": [TIER, leaf]}).json()
    assert (problem["path"], problem["candidates"][0]) == ("all[1].value", "Spring Refresh")
