"""Saved segments over the API: from the first version to the last word, and on the command line."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.bootstrap import bootstrap
from crm.datasets.people import DEMO_PASSWORD
from tests.api.conftest import settings_of

Run = Callable[..., "subprocess.CompletedProcess[str]"]
SignIn = Callable[[str], TestClient]
GOLD = {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}
SILVER = {"all": [{"field": "tier", "op": "in", "value": ["silver"]}]}
NOT_BEST = {"not": {"field": "segment", "op": "in", "value": ["Best"]}}


@pytest.fixture
def sign_in(home: Path) -> Iterator[SignIn]:
    """Clients of the API, each signed in as one of the demo people."""
    nurture = bootstrap(settings_of(home))
    app = create_app(nurture, internal_token="internal", with_pages=False)

    def client(username: str) -> TestClient:
        signed_in = TestClient(app)
        signed_in.post("/api/session", json={"username": username, "password": DEMO_PASSWORD}).raise_for_status()
        return signed_in

    yield client
    nurture.close()


@pytest.fixture
def mia(sign_in: SignIn) -> TestClient:
    return sign_in("mia")


def save(client: TestClient, name: str, definition: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = client.post("/api/segments", json={"name": name, "definition": definition}, headers=headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_segment_from_its_first_version_to_its_end(mia: TestClient) -> None:
    best = save(mia, "Best", GOLD)
    assert best["state"] == "fresh"
    assert best["read_back"] == "members where tier is gold"
    assert (best["version"], best["owner"], best["sensitive_fields"]) == (1, "Mia Chen", [])
    assert best["count"] == mia.post("/api/segments/query", json={"definition": GOLD}).json()["count"]
    one = f"/api/segments/{best['id']}"
    changed = mia.patch(one, json={"version": 1, "definition": SILVER, "note": "silver is better"}).json()
    assert (changed["version"], changed["definition"]) == (2, SILVER)
    assert mia.post(f"{one}/versions/1/restore", json={"version": 2}).json()["count"] == best["count"]
    versions = mia.get(f"{one}/versions").json()
    assert [version["note"] for version in versions] == ["restored from version 1", "silver is better", "first version"]
    (day,) = mia.get(f"{one}/history").json()["items"]
    assert (day["count"], day["entered"] == day["left"]) == (best["count"], True)
    assert mia.post(f"{one}/refresh").json()["state"] == "fresh"
    assert mia.delete(one).status_code == 204
    assert mia.get(one).status_code == 404


def test_whoever_saw_an_older_version_is_told_who_changed_it(mia: TestClient) -> None:
    one = f"/api/segments/{save(mia, 'Best', GOLD)['id']}"
    mia.patch(one, json={"version": 1, "description": "better"}).raise_for_status()
    answer = mia.patch(one, json={"version": 1, "definition": SILVER})
    assert answer.status_code == 409
    assert "version 2 by Mia Chen" in answer.json()["detail"]


def test_the_same_idempotency_key_saves_once(mia: TestClient) -> None:
    first = save(mia, "Best", GOLD, **{"Idempotency-Key": "abc"})
    assert save(mia, "Best", GOLD, **{"Idempotency-Key": "abc"})["id"] == first["id"]
    again = mia.post("/api/segments", json={"name": "best", "definition": GOLD})
    assert (again.status_code, "already" in again.json()["detail"]) == (409, True)


def test_pages_of_members_events_and_segments_follow_their_cursors(mia: TestClient) -> None:
    best = save(mia, "Best", GOLD)
    for name in ("A", "B"):
        save(mia, name, SILVER)
    one = f"/api/segments/{best['id']}"
    mia.patch(one, json={"version": 1, "definition": SILVER}).raise_for_status()

    def walked(path: str, cursor: str, limit: int) -> list[int]:
        ids, query = [], f"?limit={limit}"
        while True:
            page = mia.get(f"{path}{query}").json()
            ids += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                return ids
            query = f"?limit={limit}&{cursor}={page['next_cursor']}"

    members = walked(f"{one}/members", "after", 100)
    assert len(members) == len(set(members)) == mia.get(one).json()["count"]
    events = walked(f"{one}/events", "before", 150)
    assert events == sorted(set(events), reverse=True)
    assert len(events) == best["count"] + len(members)
    listed = walked("/api/segments", "after", 2)
    assert listed == sorted(listed)
    assert best["id"] in listed


def test_what_builds_on_a_segment_is_listed_and_guards_it(mia: TestClient) -> None:
    best = save(mia, "Best", GOLD)
    save(mia, "Rest", NOT_BEST)
    brief = {"name": "Best news", "audience": {"field": "segment", "op": "in", "value": ["Best"]}, "channels": ["sms"]}
    mia.post("/api/campaigns", json=brief).raise_for_status()
    one = f"/api/segments/{best['id']}"
    subscribers = [(row["kind"], row["name"], row["state"]) for row in mia.get(f"{one}/subscribers").json()]
    assert subscribers == [("segment", "Rest", None), ("campaign", "Best news", "draft")]
    for answer in (mia.delete(one), mia.patch(one, json={"version": 1, "name": "Top"})):
        assert answer.status_code == 409
        assert "segment Rest, campaign Best news" in answer.json()["detail"]


def test_a_csm_sees_only_his_own_members(mia: TestClient, sign_in: SignIn) -> None:
    best = save(mia, "Best", GOLD)
    kevin, one = sign_in("kevin"), f"/api/segments/{best['id']}"
    own = kevin.post("/api/segments/query", json={"definition": GOLD}).json()["count"]
    assert 0 < own < best["count"]
    assert kevin.get(one).json()["count"] == own
    assert len(kevin.get(f"{one}/members?limit=200").json()["items"]) == min(own, 200)
    assert kevin.get(f"{one}/history").json()["items"] == []
    assert kevin.patch(one, json={"version": 1, "description": "mine"}).status_code == 403
    women = {"field": "gender", "op": "=", "value": "female"}
    refused = kevin.post("/api/segments", json={"name": "Women", "definition": women})
    assert (refused.status_code, "may not use gender" in refused.json()["detail"]) == (403, True)


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"name": "X", "definition": {"field": "teir", "op": "in", "value": ["gold"]}}, 422, "nearest are tier"),
        ({"name": "X", "definition": {"field": "csm", "op": "=", "value": "@me"}}, 422, "instead of @me"),
        ({"name": " ", "definition": GOLD}, 422, "printable"),
        ({"name": "X"}, 422, "definition"),
        ({"name": "X", "definition": GOLD, "count": 5}, 422, "count"),
    ],
)
def test_bad_input_is_one_sentence(mia: TestClient, body: dict[str, Any], status: int, sentence: str) -> None:
    answer = mia.post("/api/segments", json=body)
    assert answer.status_code == status
    assert sentence in answer.json()["detail"]


def test_the_command_line_saves_shows_and_undoes(run_command: Run) -> None:
    def told(*words: str) -> Any:
        done = run_command("segment", *words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    first = told("save", "Best", "--definition", json.dumps(GOLD), "--description", "who buys most")
    told("save", "Best", "--definition", json.dumps(SILVER), "--note", "other tier")
    assert "Best" in [row["name"] for row in told("list")]
    shown = told("show", "best")
    assert (shown["version"], [version["number"] for version in shown["versions"]]) == (2, [2, 1])
    assert told("restore", "Best", "1")["count"] == first["count"]
    assert [day["count"] for day in told("history", "Best")] == [first["count"]]
    assert told("refresh", "Best")["evaluations"][0]["considered"] is None
    assert run_command("segment", "delete", "Best").stdout == "deleted Best\n"
    lost = run_command("segment", "show", "Best")
    assert (lost.returncode, "there is no segment called 'Best'" in lost.stderr) == (1, True)
