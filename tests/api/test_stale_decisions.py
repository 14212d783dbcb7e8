"""A decision is on what was shown, over the API and on the command line; segments behind it stay what they were."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.bootstrap import bootstrap
from api.cli import app as command_line
from crm.datasets.people import DEMO_PASSWORD
from tests.api.conftest import environment, settings_of

SignIn = Callable[[str], TestClient]
PLATINUM = {"field": "tier", "op": "in", "value": ["platinum"]}
GOLD = {"field": "tier", "op": "in", "value": ["gold"]}
SWAP = {"field": "segment", "op": "in", "value": ["Swap"]}


@pytest.fixture
def sign_in(home: Path) -> Iterator[SignIn]:
    nurture = bootstrap(settings_of(home))
    app = create_app(nurture, internal_token="internal", with_pages=False)

    def client(username: str) -> TestClient:
        signed_in = TestClient(app)
        signed_in.post("/api/session", json={"username": username, "password": DEMO_PASSWORD}).raise_for_status()
        return signed_in

    yield client
    nurture.close()


def submitted(mia: TestClient, **changes: Any) -> dict[str, Any]:
    brief = {"name": "Swapped", "audience": SWAP, "channels": ["email"], "start": "2026-06-05T10:00", **changes}
    made = mia.post("/api/campaigns", json=brief)
    assert made.status_code == 201, made.text
    asked: dict[str, Any] = mia.post(f"/api/campaigns/{made.json()['id']}/submit", json={}).raise_for_status().json()
    return asked


def test_a_campaign_over_the_api(sign_in: SignIn) -> None:
    mia, grace, kevin = sign_in("mia"), sign_in("grace"), sign_in("kevin")
    saved = kevin.post("/api/segments", json={"name": "Swap", "definition": PLATINUM}).raise_for_status().json()
    asked = submitted(mia)
    one = f"/api/campaigns/{asked['id']}"
    (waiting,) = [row for row in grace.get("/api/approvals").json() if row["campaign"] == "Swapped"]
    assert waiting["fingerprint"] == asked["fingerprint"]
    assert waiting["facts"]["segments"][0]["name"] == "Swap"

    for body in ({}, {"note": "go"}, {"fingerprint": None}, {"fingerprint": ""}, {"fingerprint": 7}):
        refused = grace.post(f"{one}/approve", json=body)
        assert (refused.status_code, "fingerprint" in refused.text) == (422, True)
    mia.patch(one, json={"changes": {"start": "2026-06-06T11:00"}, "confirm": True}).raise_for_status()
    fresh = mia.post(f"{one}/submit", json={}).raise_for_status().json()["fingerprint"]
    for verb in ("approve", "reject"):
        refused = grace.post(f"{one}/{verb}", json={"fingerprint": asked["fingerprint"]})
        assert refused.status_code == 409
        assert "the start: 2026-06-06T11:00:00 instead of 2026-06-05T10:00:00" in refused.json()["detail"]

    refused = kevin.delete(f"/api/segments/{saved['id']}")
    assert (refused.status_code, "campaign Swapped" in refused.text) == (409, True)
    changed = kevin.patch(f"/api/segments/{saved['id']}", json={"version": 1, "definition": GOLD}).raise_for_status()
    assert "campaign Swapped (awaiting approval) build on it" in changed.json()["touched"]
    grace.post(f"{one}/approve", json={"fingerprint": fresh}).raise_for_status()
    seen = grace.get(f"{one}/audience-changes").raise_for_status().json()
    assert (seen["changes"]["joined"], seen["changes"]["left"]) == (0, 0)
    assert mia.get(one).json()["approval"] == "approved"


def test_a_journey_over_the_api(sign_in: SignIn) -> None:
    mia, grace = sign_in("mia"), sign_in("grace")
    mia.post("/api/segments", json={"name": "Swap", "definition": PLATINUM}).raise_for_status()
    spec = {
        "name": "Swapped",
        "trigger": {"kind": "by_hand", "entry": SWAP},
        "steps": [{"kind": "task", "key": "call", "title": "Call"}],
    }
    drafted = mia.post("/api/journeys", json=spec).raise_for_status().json()
    one = f"/api/journeys/{drafted['id']}"
    shown = mia.post(f"{one}/submit").raise_for_status().json()["approval"]["fingerprint"]
    assert grace.post(f"{one}/approve", json={"note": "go"}).status_code == 422
    steps = [{"kind": "task", "key": "call", "title": "CHANGED"}]
    mia.post("/api/journeys", json={**spec, "steps": steps}, params={"confirm": True}).raise_for_status()
    mia.post(f"{one}/submit").raise_for_status()
    refused = grace.post(f"{one}/approve", json={"fingerprint": shown})
    assert (refused.status_code, "step call" in refused.text) == (409, True)
    fresh = grace.get(one).json()["approval"]["fingerprint"]
    grace.post(f"{one}/approve", json={"fingerprint": fresh[:16]}).raise_for_status()


def test_on_the_command_line_it_is_shown_and_asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(home).items():
        monkeypatch.setenv(name, value)
    runner = CliRunner()
    decide = ["campaign", "approve", "Platinum Win-back", "--as", "grace"]
    for words, answer, exit_code, fits in (
        (decide, "n\n", 1, "Approve Platinum Win-back? [y/N]: n"),
        ([*decide, "--fingerprint", "0" * 64], "", 1, ""),
        (["campaign", "audience", "Platinum Win-back"], "", 0, "that were shown for approval"),
        (decide, "y\n", 0, "Platinum Win-back is scheduled"),
        ([*decide, "--fingerprint", "0" * 64], "", 1, ""),
    ):
        done = runner.invoke(command_line, words, input=answer)
        assert (done.exit_code, fits in done.output) == (exit_code, True), done.output
    assert " scheduled " in next(
        line for line in runner.invoke(command_line, ["campaign", "list"]).output.splitlines() if "Platinum Win" in line
    )
