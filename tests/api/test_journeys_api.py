"""Journeys and tasks over the API and on the command line: from a template to the last word of a task."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from api.app import create_app
from api.bootstrap import Nurture, bootstrap
from crm.access.models import AuditEntry
from crm.access.service import find_actor
from crm.catalog import CATALOG
from crm.database import read_only
from crm.datasets.people import DEMO_PASSWORD
from crm.journeys.engine import run_due
from crm.members.models import Member
from tests.api.conftest import settings_of

Run = Callable[..., "subprocess.CompletedProcess[str]"]
CALL = {
    "name": "Call them",
    "trigger": {"kind": "by_hand"},
    "holdout_share": 0,
    "steps": [{"kind": "task", "key": "call", "title": "Call the member", "due_in_days": 2}],
}


@pytest.fixture
def nurture(home: Path) -> Iterator[Nurture]:
    opened = bootstrap(settings_of(home))
    yield opened
    opened.close()


@pytest.fixture
def sign_in(nurture: Nurture) -> Callable[[str], TestClient]:
    app = create_app(nurture, internal_token="internal", with_pages=False)

    def client(username: str) -> TestClient:
        signed_in = TestClient(app)
        signed_in.post("/api/session", json={"username": username, "password": DEMO_PASSWORD}).raise_for_status()
        return signed_in

    return client


def start(mia: TestClient, grace: TestClient, spec: dict[str, Any]) -> dict[str, Any]:
    """Drafted and submitted by Mia, approved and started by Grace."""
    drafted = mia.post("/api/journeys", json=spec)
    assert drafted.status_code == 201, drafted.text
    one = f"/api/journeys/{drafted.json()['id']}"
    asked = mia.post(f"{one}/submit").raise_for_status().json()["approval"]["fingerprint"]
    grace.post(f"{one}/approve", json={"fingerprint": asked}).raise_for_status()
    started: dict[str, Any] = grace.post(f"{one}/start").raise_for_status().json()
    return started


def test_a_journey_from_its_template_to_its_end(sign_in: Callable[[str], TestClient]) -> None:
    mia, grace = sign_in("mia"), sign_in("grace")
    assert [row["key"] for row in mia.get("/api/journeys/templates").json()] == ["welcome", "reactivation", "birthday"]
    spec = mia.post("/api/journeys/templates/welcome", json={"tiers": ["gold"], "days": 10}).json()
    assert mia.get("/api/journeys").json() == {"items": [], "next_cursor": None}
    checked = mia.post("/api/journeys/validate", json=spec).json()
    assert checked["is_valid"]
    assert checked["in_words"]["trigger"] == "When a member joins; only members where tier is gold"
    drafted = mia.post("/api/journeys", json=spec, headers={"Idempotency-Key": "once"}).json()
    again = mia.post("/api/journeys", json=spec, headers={"Idempotency-Key": "once"}).json()
    assert (drafted["id"], drafted["state"], drafted["author"]) == (again["id"], "draft", "Mia Chen")
    one = "/api/journeys/welcome of new members"
    assert mia.post(f"{one}/submit").json()["state"] == "awaiting_approval"
    (waiting,) = [row for row in grace.get("/api/approvals").json() if row["kind"] == "journey"]
    assert (waiting["name"], waiting["facts"]["trigger"]) == ("Welcome of new members", "event")
    decision = {"fingerprint": waiting["fingerprint"], "note": "go"}
    assert mia.post(f"{one}/approve", json=decision).status_code == 403
    assert grace.post(f"{one}/approve", json=decision).json()["approval"]["note"] == "go"
    assert grace.post(f"{one}/start").json()["takes_entries"]
    assert mia.post(f"{one}/pause").json()["state"] == "paused"
    assert mia.post(f"{one}/resume").json()["state"] == "running"
    newer = mia.post("/api/journeys", json={**spec, "holdout_share": 0.2}).json()
    assert (newer["version"], newer["versions"][0]["changes"]) == (
        2,
        [{"path": "holdout_share", "change": "changed", "before": 0.1, "after": 0.2}],
    )
    (row,) = mia.get("/api/journeys").json()["items"]
    assert (row["state"], row["has_draft"], row["version"]) == ("running", True, 2)
    assert mia.get(one).json()["version"] == 1
    assert mia.post(f"{one}/end").json()["state"] == "ended"


GREETING = {
    "name": "Greet them",
    "trigger": {"kind": "by_hand"},
    "holdout_share": 0,
    "steps": [
        {
            "kind": "send",
            "key": "greeting",
            "channels": ["email"],
            "wordings": [{"channel": "email", "subject": "Hello", "body": "Hello {{ name }}"}],
        }
    ],
}


def test_a_journey_has_the_monitor_and_the_exclusion_log_of_a_campaign(
    sign_in: Callable[[str], TestClient], nurture: Nurture
) -> None:
    mia, grace = sign_in("mia"), sign_in("grace")
    start(mia, grace, GREETING)
    with read_only(nurture.sessions) as session:
        references = list(session.scalars(select(Member.external_ref).order_by(Member.id).limit(60)))
    mia.post("/api/journeys/Greet them/members", json={"members": references}).raise_for_status()
    run_due(nurture.sessions, nurture.clock.now(), nurture.adapters, catalog=CATALOG)

    campaign = mia.get("/api/campaigns").json()["items"][0]["name"]
    seen = mia.get("/api/journeys/Greet them/monitor").json()
    alike = mia.get(f"/api/campaigns/{campaign}/monitor").json()
    assert seen.keys() - {"journey_id", "versions"} == alike.keys() - {"campaign_id"}
    assert (seen["adds_up"], seen["counts"]["planned"], seen["members"]) == (True, 60, 60)
    log = mia.get("/api/journeys/Greet them/exclusions").json()
    alike = mia.get(f"/api/campaigns/{campaign}/exclusions").json()
    assert log.keys() - {"journey_id", "versions"} == alike.keys() - {"campaign_id"}
    assert log["messages"] == seen["counts"]["excluded"] > 0
    page = mia.get("/api/journeys/Greet them/exclusions/members", params={"limit": 1}).json()
    assert (page["total"], len(page["items"])) == (log["messages"], 1)
    assert (page["next_cursor"] is None) == (log["messages"] == 1)
    file = mia.get("/api/journeys/Greet them/exclusions/members.csv")
    assert len(file.text.splitlines()) == log["messages"] + 1
    with read_only(nurture.sessions) as session:
        exported = select(AuditEntry.subject).where(AuditEntry.action == "journey.exclusions_exported")
        assert list(session.scalars(exported)) == [f"journey:{log['journey_id']}"]


def test_every_mistake_is_said_at_once_and_nothing_is_saved(sign_in: Callable[[str], TestClient]) -> None:
    mia = sign_in("mia")
    steps = [{"kind": "wait", "key": "w", "until_event": {"events": ["ordered"]}}, {"kind": "send", "key": "w"}]
    refused = mia.post("/api/journeys", json={"name": "Wrong", "trigger": {"kind": "by_hand"}, "steps": steps})
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    said = {mistake["path"]: mistake["sentence"] for mistake in refused.json()["mistakes"]}
    assert "without end" in said["steps[0]"]
    assert "already" in said["steps[1].key"]
    assert "channels" in " ".join(said)
    assert mia.get("/api/journeys").json()["items"] == []
    assert mia.post("/api/journeys/templates/nothing", json={}).status_code == 404
    assert mia.post("/api/journeys/templates/welcome", json={"stage": "new"}).status_code == 422


def test_a_member_reads_what_a_journey_would_send_before_it_is_saved(sign_in: Callable[[str], TestClient]) -> None:
    mia = sign_in("mia")
    spec = mia.post("/api/journeys/templates/reactivation", json={"language": "zh"}).json()
    asked = {"member": "Zhang Min", "spec": spec, "channel": "email"}
    seen = mia.post("/api/journeys/preview", json=asked).json()
    assert (seen["member_name"], seen["step"], seen["channel"]) == ("Zhang Min", "miss-you", "email")
    assert seen["body"].startswith("张敏，您好：")
    assert "为您挑选：" in seen["body"]


def test_a_csm_lets_his_own_members_in_and_closes_their_tasks(
    nurture: Nurture, sign_in: Callable[[str], TestClient]
) -> None:
    mia, grace, kevin, helen = (sign_in(name) for name in ("mia", "grace", "kevin", "helen"))
    start(mia, grace, CALL)
    with read_only(nurture.sessions) as session:
        kevin_id = find_actor(session, "kevin").account_id
        mine = session.scalars(select(Member.id).where(Member.owner_id == kevin_id).limit(2)).all()
        nobodys = session.scalars(select(Member.id).where(Member.owner_id.is_(None)).limit(1)).one()
    one = "/api/journeys/Call them"
    assert kevin.post(f"{one}/members", json={"members": [str(nobodys)]}).status_code == 404
    assert kevin.post(f"{one}/members", json={"members": [str(each) for each in mine]}).json() == {
        "asked": 2,
        "entered": 2,
    }
    mia.post(f"{one}/members", json={"members": [str(nobodys)]}).raise_for_status()
    run_due(nurture.sessions, nurture.clock.now(), nurture.adapters, catalog=CATALOG, links=nurture.links)
    assert mia.get(f"{one}/members").json()["total"] == 3
    assert kevin.get(f"{one}/members", params={"state": "completed"}).json()["total"] == 2
    (way,) = kevin.get(f"{one}/members/{mine[0]}").json()
    assert [entry["kind"] for entry in way["entries"]] == ["entered", "step", "task", "ended"]
    tasks = kevin.get("/api/tasks").json()
    assert (tasks["total"], tasks["lines"][0]["title"]) == (2, "Call the member")
    task_id = tasks["lines"][0]["task_id"]
    assert helen.post(f"/api/tasks/{task_id}/complete", json={"outcome": "done"}).status_code == 403
    assert kevin.post(f"/api/tasks/{task_id}/complete", json={"outcome": "Will order."}).json()["state"] == "done"
    assert kevin.post(f"/api/tasks/{task_id}/reopen").json()["outcome"] is None
    (waiting,) = helen.get("/api/tasks", params={"whose": "unassigned"}).json()["lines"]
    assert helen.post(f"/api/tasks/{waiting['task_id']}/take").json()["owner_id"] is not None
    assert kevin.post(f"/api/tasks/{waiting['task_id']}/take").status_code == 409
    assert mia.get("/api/tasks", params={"whose": "all"}).json()["total"] == 3
    assert helen.get("/api/tasks", params={"whose": "all"}).json()["total"] == 1


def test_the_command_line_does_the_same(run_command: Run, tmp_path: Path) -> None:
    printed = run_command("journey", "template", "birthday", "--choices", '{"days": 3}')
    file = tmp_path / "birthday.json"
    file.write_text(printed.stdout, encoding="utf-8")
    read = run_command("journey", "validate", str(file))
    assert (read.returncode, "3 days before the birthday at 09:00" in read.stdout) == (0, True)
    assert "draft" in run_command("journey", "create", str(file), "--as", "mia").stdout
    (row,) = json.loads(run_command("journey", "list", "--json").stdout)
    assert (row["name"], row["state"]) == ("Birthday care", "draft")
    file.write_text('{"name": "x"}', encoding="utf-8")
    assert run_command("journey", "validate", str(file)).returncode == 1
