"""Every route of the OpenAPI document, with what fits it, what nearly does, and anything: no answer is a 500."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from api.app import create_app
from api.bootstrap import Nurture, bootstrap
from crm.access.models import Account, ApiToken
from crm.access.service import find_actor
from crm.access.tokens import create_api_token
from crm.catalog import CATALOG
from crm.clock import SystemClock
from crm.database import unit_of_work
from crm.datasets.demo import load_demo
from crm.settings import Settings
from tests.api.schema_values import Schema, bodies_of, fitting
from tests.api.test_segment_fuzz import SQL
from tests.conftest import DATABASE_KINDS, OpenDatabase, examples

CALLS = {"sqlite": 500, "postgresql": 150}
DEEP_SHARE = {"sqlite": 0.45, "postgresql": 0.05}
"""Of the 20,000 of `make test-deep`: 10,000 in all."""
PEOPLE = ("mia", "grace", "admin", "amy", "leo")
MOST_CHARACTERS = 6_000
"""Of an error's sentence; a journey lists everything that is wrong with it."""
BY_NOBODY_WHO_MAY = {"/api/workspace/clock": "leo"}
"""Walking the demo's clock to the year 2199 would take days, so this is asked by somebody who may not."""


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    body: Schema | None
    parameters: list[Schema]


@dataclass(frozen=True)
class Call:
    route: Route
    person: str
    path: Mapping[str, Any]
    query: Mapping[str, Any]
    body: Any


@dataclass
class Api:
    nurture: Nurture
    kind: str
    client: httpx.AsyncClient
    runner: asyncio.Runner
    document: Mapping[str, Any]
    tokens: dict[str, str]

    @property
    def parts(self) -> Mapping[str, Schema]:
        found: Mapping[str, Schema] = self.document["components"]["schemas"]
        return found

    def routes(self) -> list[Route]:
        return [
            Route(
                method.upper(),
                path,
                operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema"),
                operation.get("parameters", []),
            )
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
        ]

    def let_in(self) -> None:
        """Everybody may sign in, with a token of their own, whatever the calls before did to people and tokens."""
        with unit_of_work(self.nurture.sessions) as session:
            session.execute(update(Account).values(is_active=True))
            session.execute(delete(ApiToken))
            for name in PEOPLE:
                actor = find_actor(session, name)
                self.tokens[name] = create_api_token(session, actor, name="fuzz", now=SystemClock().now()).secret

    def send(self, call: Call) -> httpx.Response:
        answer = self._send(call)
        if answer.status_code == 401:
            self.let_in()
            answer = self._send(call)
        return answer

    def _send(self, call: Call) -> httpx.Response:
        path = re.sub(r"\{(\w+)\}", lambda found: _in_address(call.path.get(found[1], 1)), call.route.path)
        query = "&".join(f"{name}={_in_address(value)}" for name, value in call.query.items() if value is not None)
        headers = {"authorization": f"Bearer {self.tokens.get(call.person, '')}", "content-type": "application/json"}
        content = json.dumps(call.body).encode() if call.route.body is not None else None
        return self.runner.run(
            self.client.request(call.route.method, f"{path}?{query}", content=content, headers=headers)
        )


def _in_address(value: Any) -> str:
    return quote(str(value)[:2_000], safe="", errors="replace")


@pytest.fixture(scope="module", params=DATABASE_KINDS)
def api(
    request: pytest.FixtureRequest, open_database: OpenDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    with open_database(request.param) as engine, asyncio.Runner() as runner:
        url = engine.url.render_as_string(hide_password=False)
        nurture = bootstrap(Settings(home=tmp_path_factory.mktemp("fuzz"), database_url=url))
        load_demo(nurture.sessions, today=date(2026, 6, 1), seed=7, members=100, catalog=CATALOG)
        app = create_app(nurture, internal_token="none", with_pages=False)
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://nurture.test", timeout=60
        )
        opened = Api(nurture, request.param, client, runner, app.openapi(), {})
        opened.let_in()
        yield opened
        runner.run(client.aclose())
        runner.run(nurture.aclose())


def calls_of(api: Api, route: Route) -> st.SearchStrategy[Call]:
    def values(place: str) -> st.SearchStrategy[dict[str, Any]]:
        found = {one["name"]: fitting(one["schema"], api.parts) for one in route.parameters if one["in"] == place}
        return st.fixed_dictionaries(found) if place == "path" else st.fixed_dictionaries({}, optional=found)

    who = BY_NOBODY_WHO_MAY.get(route.path)
    return st.builds(
        Call,
        st.just(route),
        st.just(who) if who else st.sampled_from(PEOPLE),
        values("path"),
        values("query"),
        st.none() if route.body is None else bodies_of(route.body, api.parts),
    )


@pytest.mark.deep
@pytest.mark.timeout(0)
def test_no_call_of_any_route_is_answered_by_a_500(api: Api) -> None:
    calls = st.one_of([calls_of(api, route) for route in api.routes()])
    tried: set[str] = set()
    wanted = examples(CALLS[api.kind], share=DEEP_SHARE[api.kind])

    @settings(
        max_examples=wanted,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(call=calls)
    def each(call: Call) -> None:
        tried.add(f"{call.route.method} {call.route.path}")
        assert_clear(api.send(call))

    each()
    assert wanted < 4 * len(api.routes()) or len(tried) > len(api.routes()) * 0.8


def assert_clear(answer: httpx.Response) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code < 400:
        return
    assert answer.headers["content-type"] == "application/problem+json", answer.text[:300]
    problem = answer.json()
    assert 0 < len(problem["detail"]) <= MOST_CHARACTERS, problem
    assert not SQL.search(problem["detail"]), problem
