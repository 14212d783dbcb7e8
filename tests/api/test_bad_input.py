"""Every way in says in one clear sentence what was wrong, and changes nothing."""

import json
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import ADDRESS_FILE, CopyHome, Server, serving

Run = Callable[..., "subprocess.CompletedProcess[str]"]
BRIEF: dict[str, Any] = {
    "name": "Autumn",
    "audience": {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]},
    "channels": ["email"],
    "start": "2026-06-04T10:00",
}
NOBODY = {"all": [{"field": "points_balance", "op": ">", "value": 900_000_000}]}


def complaint(answer: "subprocess.CompletedProcess[str]") -> str:
    """The one line on stderr of a command that failed as expected."""
    assert answer.returncode == 1, answer
    assert "Traceback" not in answer.stderr
    return " ".join(answer.stderr.split())


@pytest.mark.parametrize(
    ("definition", "sentence"),
    [
        ('{"all": [{"field": "teir", "op": "in", "value": ["gold"]}]}', "tier"),
        ('{"all": [{"field": "orders.count", "op": "=", "value": 0, "window_days": -5}]}', "window_days"),
        ("{not json", "is not JSON"),
        ("@missing.json", "there is no file"),
    ],
)
def test_a_wrong_definition_is_named_on_the_command_line(run_command: Run, definition: str, sentence: str) -> None:
    assert sentence in complaint(run_command("segment", "ids", "--definition", definition))


def test_a_file_that_is_no_database_is_left_alone(run_command: Run, home: Path) -> None:
    (home / ADDRESS_FILE).unlink(missing_ok=True)
    database = home / "nurture.sqlite"
    database.write_text("not a database " * 1000)
    assert "is not a SQLite database" in complaint(run_command("campaign", "list"))
    assert database.read_text().startswith("not a database")


def test_an_empty_home_says_how_to_load_data(run_command: Run, home: Path) -> None:
    for kept in (ADDRESS_FILE, "nurture.sqlite"):
        (home / kept).unlink(missing_ok=True)
    assert "nurture demo load" in complaint(run_command("ask", "--as", "mia", "how many members?"))


def test_an_unknown_person_and_a_wrong_day_are_named(run_command: Run) -> None:
    assert "Mia Chen" in complaint(run_command("ask", "--as", "nobody", "hello"))
    assert "2026-06-01" in complaint(run_command("ask", "--as", "mia", "--today", "yesterday", "hello"))


def test_a_port_in_use_is_named(run_command: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port}" in complaint(run_command("serve", "--port", str(port)))


def test_a_second_server_on_the_same_folder_is_refused(server: Server, run_command: Run) -> None:
    words = complaint(run_command("serve", "--port", "1" + server.url[-4:]))
    assert server.url in words
    assert "NURTURE_HOME" in words


def test_time_does_not_walk_back(run_command: Run) -> None:
    assert "only walks forward" in complaint(run_command("tick", "--at", "2026-05-01T10:00"))


@pytest.fixture(scope="module")
def mia(loaded_home: Path, copy_home: CopyHome, tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = copy_home(loaded_home, tmp_path_factory.mktemp("bad") / "home")
    with serving(home) as server:
        yield server.client("mia")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"audience": {"all": [{"field": "teir", "op": "in", "value": ["gold"]}]}}, "tier"),
        ({"audience": {"all": [{"field": "orders.count", "op": "=", "value": 0, "window_days": -5}]}}, "window_days"),
        ({"holdout_pct": 120}, "120"),
        ({"start": "2026-05-01T10:00"}, "2026-05-01"),
        ({"channels": []}, "at least one channel"),
        ({"offers": [{"kind": "percent_off", "value": 80}]}, "80"),
    ],
)
def test_a_brief_that_cannot_work_is_a_problem_and_leaves_no_draft(
    mia: httpx.Client, change: dict[str, Any], sentence: str
) -> None:
    before = mia.get("/api/campaigns").json()
    answer = mia.post("/api/campaigns", json=BRIEF | change)
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert sentence in answer.json()["detail"]
    assert mia.get("/api/campaigns").json() == before


def test_an_empty_audience_cannot_be_submitted(mia: httpx.Client) -> None:
    draft = mia.post("/api/campaigns", json=BRIEF | {"name": "Nobody", "audience": NOBODY}).json()
    answer = mia.post(f"/api/campaigns/{draft['id']}/submit", json={})
    assert 400 <= answer.status_code < 500
    assert mia.get(f"/api/campaigns/{draft['id']}").json()["state"] == "draft"


def test_a_segment_error_names_the_place_and_the_near_fields(mia: httpx.Client) -> None:
    body = {"definition": {"all": [{"field": "citty", "op": "in", "value": ["Shanghai"]}]}}
    problem = mia.post("/api/segments/query", json=body).json()
    assert problem["path"].startswith("all[0]")
    assert "city" in json.dumps(problem)


def test_who_is_not_signed_in_is_told_so(mia: httpx.Client) -> None:
    answer = httpx.get(mia.base_url.join("/api/me"))
    assert (answer.status_code, answer.json()["title"]) == (401, "not signed in")
