"""Channels and workers over HTTP and from the command line."""

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.bootstrap import bootstrap
from api.cli import app as command_line
from tests.api.conftest import environment, settings_of


def test_a_channel_is_paused_and_resumed_over_http_by_who_may(home: Path) -> None:
    nurture = bootstrap(settings_of(home))
    with TestClient(create_app(nurture, internal_token="t", with_pages=False)) as client:

        def sign_in(name: str) -> None:
            client.post("/api/session", json={"username": name, "password": "nurture-demo"}).raise_for_status()

        sign_in("leo")
        refused = client.post("/api/channels/sms/pause", json={"reason": "try"})
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:nurture:forbidden")
        sign_in("mia")
        paused = client.post("/api/channels/sms/pause", json={"reason": "wrong sender name"}).json()
        assert paused["pause"]["by"] == "Mia Chen"
        assert (paused["channel"], paused["way"], paused["per_second"]) == ("sms", "outbox", None)
        listed = {row["channel"]: row["pause"] for row in client.get("/api/channels").json()}
        assert listed["sms"]["reason"] == "wrong sender name"
        assert listed["email"] is None
        assert client.post("/api/channels/sms/pause", json={"reason": ""}).status_code == 422
        unknown = client.post("/api/channels/pigeon/pause", json={"reason": "none"})
        assert (unknown.status_code, unknown.json()["type"]) == (422, "urn:nurture:invalid_request")
        assert client.post("/api/channels/sms/resume").json()["pause"] is None
        assert client.post("/api/channels/sms/resume").status_code == 409
        assert client.get("/api/workers").json() == []


def test_a_monitor_says_that_a_channel_is_paused_for_which_its_messages_wait(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(home).items():
        monkeypatch.setenv(name, value)
    runner = CliRunner()

    def run(*words: str) -> str:
        done = runner.invoke(command_line, list(words))
        assert done.exit_code == 0, done.output
        return done.output

    running = next(line.split()[0] for line in run("campaign", "list").splitlines() if " running " in line)
    channels = json.loads(run("campaign", "monitor", running, "--json"))["by_channel"]
    waiting = next(row for row in channels if row["counts"]["pending"])
    name = waiting["channel"]
    assert f"{name} is paused since" in run("channels", "pause", name, "--reason", "the gateway is being replaced")
    assert "by Mia Chen: the gateway is being replaced" in run("channels", "list")
    words = f"{waiting['counts']['pending']} wait for {name}, paused by Mia Chen: the gateway is being replaced"
    assert words in run("campaign", "monitor", running)
    assert f"{name} sends again" in run("channels", "resume", name)
    assert "paused" not in run("channels", "list")
    assert "nobody has run the engine yet" in run("workers")
