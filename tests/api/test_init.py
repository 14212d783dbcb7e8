"""`nurture init`: a workspace of one's own begins empty, on real time, with one administrator."""

import subprocess
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from crm.database import Sessions, unit_of_work
from crm.errors import Conflict, InvalidRequest
from crm.workspace import Workspace, begin_workspace
from tests.api.conftest import environment, nurture_command, serving

WORDS = (
    "--name",
    "茶 Club",
    "--zone",
    "Europe/Berlin",
    "--currency",
    "eur",
    "--admin",
    "ana.ruiz",
    "--admin-name",
    "Ana",
)
PASSWORD = "a long word of mine"


def run(home: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        nurture_command(*args), env=environment(home), capture_output=True, text=True, timeout=120, check=False
    )


def test_a_workspace_begins_once_and_its_administrator_signs_in(tmp_path: Path) -> None:
    begun = run(tmp_path, "init", *WORDS, "--password", PASSWORD)
    assert (begun.returncode, begun.stderr) == (0, "")
    assert "茶 Club begins, on Europe/Berlin and in EUR" in begun.stdout
    again = run(tmp_path, "init", *WORDS, "--password", PASSWORD)
    assert again.returncode == 1
    assert "holds a workspace already" in again.stderr
    with serving(tmp_path) as server:
        client = server.client("ana.ruiz", PASSWORD)
        assert client.get("/api/me").json()["role"] == "admin"
        definition = {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}
        counted = client.post("/api/segments/query", json={"definition": definition})
        assert (counted.status_code, counted.json()["count"]) == (200, 0)
        assert [person["username"] for person in client.get("/api/people").json()] == ["ana.ruiz"]


@pytest.fixture
def empty(sessions: Sessions) -> Session:
    with unit_of_work(sessions) as session:
        session.delete(session.get_one(Workspace, 1))
    return sessions()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"zone_name": "Asia/Shangai"}, "Asia/Shanghai"),
        ({"zone_name": "+08:00"}, "no time zone"),
        ({"zone_name": ""}, "no time zone"),
        ({"currency": "yuan"}, "three letters"),
        ({"currency": "¥"}, "three letters"),
        ({"name": "   "}, "1 to 80 characters"),
        ({"name": "x" * 81}, "1 to 80 characters"),
        ({"name": "Tea\x00Club"}, "1 to 80 characters"),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_begins(
    changes: dict[str, str], complaint: str, empty: Session
) -> None:
    with empty, pytest.raises(InvalidRequest, match=complaint.replace("+", "\\+")):
        begin_workspace(empty, **{"name": "Tea Club", "zone_name": "Asia/Shanghai", "currency": "CNY"} | changes)


def test_a_database_holds_one_workspace(session: Session) -> None:
    with pytest.raises(Conflict, match="holds a workspace already"):
        begin_workspace(session, name="Tea Club", zone_name="Asia/Shanghai", currency="CNY")
