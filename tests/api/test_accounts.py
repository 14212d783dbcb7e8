"""People change their passwords, administrators shut accounts, and what was opened before ends."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from api.app import create_app
from api.bootstrap import Nurture, bootstrap
from crm.access.accounts import disable
from crm.access.actor import is_within
from crm.access.models import Account, ApiToken, AuditEntry, LoginSession, Role
from crm.access.passwords import DEMO_PASSWORD, check_password
from crm.access.service import find_actor
from crm.access.tokens import create_api_token
from crm.database import read_only, unit_of_work
from crm.errors import Conflict, InvalidRequest
from crm.settings import Settings
from tests.accounts import PASSWORD, browser, machine_now, make_person, settle, sign_in

NEW = "风 stapler 月 umbrella"


@pytest.fixture
def nurture(tmp_path: Path) -> Iterator[Nurture]:
    opened = bootstrap(Settings(home=tmp_path / "home"))
    settle(opened)
    yield opened
    opened.close()


def actions(nurture: Nurture) -> list[str]:
    with read_only(nurture.sessions) as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("short", "use at least 12"),
        ("", "use at least 12"),
        ("天地玄黄宇宙洪荒", "use at least 12"),
        (DEMO_PASSWORD, "the demo's password"),
        ("Nurture-Demo", "the demo's password"),
        ("aaaaaaaaaaaaaa", "simple pattern"),
        ("121212121212", "simple pattern"),
        ("123456789012", "simple pattern"),
        ("zyxwvutsrqponm", "simple pattern"),
        ("mia.chen-mia.chen", "a name or a common word"),
        ("Password2026", "a name or a common word"),
        ("张伟张伟张伟张伟12ab", "a name or a common word"),
        ("x" * 257, "more than 256"),
        ("halves \ud800 of characters", "cannot be stored"),
    ],
)
def test_a_poor_password_is_refused_with_what_would_be_right(password: str, sentence: str) -> None:
    with pytest.raises(InvalidRequest, match=sentence):
        check_password(password, ("mia.chen", "Mia Chen", "张伟"))


@pytest.mark.parametrize(
    "password", [PASSWORD, NEW, "天地玄黄宇宙洪荒日月盈昃", "a long enough password", "Tr0ub4dor&3-horse"]
)
def test_a_good_password_is_taken(password: str) -> None:
    check_password(password, ("mia", "Mia Chen"))


def test_who_changes_their_password_stays_signed_in_here_and_nowhere_else(nurture: Nurture) -> None:
    with browser(nurture, "mia") as here, browser(nurture, "mia") as there:
        ask = {"old_password": "wrong", "new_password": NEW}
        assert here.post("/api/me/password", json=ask).status_code == 403
        assert here.post("/api/me/password", json={"new_password": NEW}).status_code == 422
        assert here.post("/api/me/password", json={**ask, "old_password": PASSWORD}).json() == {"sessions": 1}
        assert here.get("/api/me").status_code == 200
        assert there.get("/api/me").status_code == 401
        assert sign_in(there, "mia").status_code == 403
        assert sign_in(there, "mia", NEW).status_code == 200
    assert [name for name in actions(nurture) if name != "session.opened"] == [
        "sign_in.failed",
        "password.changed",
        "sign_in.failed",
    ]


def test_a_new_person_signs_in_once_with_what_they_were_told_and_chooses_their_own(nurture: Nurture) -> None:
    with browser(nurture, "ada") as ada, browser(nurture) as new, browser(nurture) as thief:
        body = {"username": "zhang.wei", "display_name": "张伟", "role": "manager"}
        made = ada.post("/api/people", json=body).json()
        told = made["one_time_password"]
        assert sign_in(new, "zhang.wei", told).json()["must_change_password"]
        assert sign_in(thief, "zhang.wei", told).status_code == 403
        refused = new.get("/api/campaigns")
        assert (refused.status_code, "POST /api/me/password" in refused.json()["detail"]) == (403, True)
        assert new.post("/api/me/tokens", json={"name": "x"}).status_code == 403
        new.post("/api/me/password", json={"new_password": NEW}).raise_for_status()
        assert new.get("/api/campaigns").status_code == 200
        assert sign_in(new, "zhang.wei", NEW).json()["must_change_password"] is False
        assert ada.post("/api/people", json={**body, "username": "ZHANG.wei"}).status_code == 422
        for username in ("", "a b", "-x", "x" * 41, "../etc", "a\x00b", "nobody@example.com"):
            assert ada.post("/api/people", json={**body, "username": username}).status_code == 422, username


def test_a_disabled_person_is_out_at_once_and_what_they_made_stays(nurture: Nurture) -> None:
    with browser(nurture, "ada") as ada, browser(nurture, "grace") as grace, browser(nurture) as program:
        secret = grace.post("/api/me/tokens", json={"name": "report"}).json()["token"]
        program.headers["Authorization"] = f"Bearer {secret}"
        assert program.get("/api/me").status_code == 200
        ended = ada.post("/api/people/grace/disable").json()
        assert (ended["sessions_ended"], ended["tokens_revoked"], ended["person"]["is_active"]) == (1, 1, False)
        assert (grace.get("/api/me").status_code, program.get("/api/me").status_code) == (401, 401)
        assert sign_in(grace, "grace").json()["detail"] == "username or password is wrong"
        assert ada.post("/api/people/grace/disable").status_code == 409
        ada.post("/api/people/grace/enable").raise_for_status()
        assert sign_in(grace, "grace").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/people/ada/disable", None),
        ("PUT", "/api/people/ada/role", {"role": "manager"}),
    ],
)
def test_the_last_administrator_stays_one(nurture: Nurture, method: str, path: str, body: Any) -> None:
    with browser(nurture, "ada") as ada:
        assert "last administrator" in ada.request(method, path, json=body).json()["detail"]
        ada.put("/api/people/mia/role", json={"role": "admin"}).raise_for_status()
        ada.request(method, path, json=body).raise_for_status()


def test_two_administrators_cannot_shut_each_other_out(nurture: Nurture) -> None:
    with unit_of_work(nurture.sessions) as session:
        bob = make_person(session, "bob", Role.ADMIN)
        eve = make_person(session, "eve", Role.ADMIN, is_active=False)
        ada = session.scalars(select(Account).where(Account.username == "ada")).one()
        disable(session, ada, by=None, now=machine_now())
        with pytest.raises(Conflict, match="last administrator"):
            disable(session, bob, by=None, now=machine_now())
        assert not eve.is_active


ADMINISTRATORS_ONLY = [
    ("GET", "/api/people"),
    ("POST", "/api/people"),
    ("POST", "/api/people/mia/reset-password"),
    ("POST", "/api/people/mia/disable"),
    ("POST", "/api/people/mia/enable"),
    ("PUT", "/api/people/mia/role"),
    ("GET", "/api/people/mia/sessions"),
    ("DELETE", "/api/people/mia/sessions"),
    ("DELETE", "/api/people/mia/sessions/1"),
    ("GET", "/api/people/mia/tokens"),
    ("DELETE", "/api/people/mia/tokens/1"),
]


def test_nobody_else_administers_people(nurture: Nurture) -> None:
    body = {"username": "x", "display_name": "X", "role": "admin"}
    for username in ("grace", "kevin"):
        with browser(nurture, username) as client:
            for method, path in ADMINISTRATORS_ONLY:
                sent = {"role": "admin"} if method == "PUT" else body if method == "POST" else None
                assert client.request(method, path, json=sent).status_code == 403, (username, method, path)
    assert set(actions(nurture)) == {"session.opened"}


def test_sessions_are_listed_and_ended_ones_own_and_by_an_administrator(nurture: Nurture) -> None:
    with browser(nurture, "mia") as here, browser(nurture, "mia", headers={"User-Agent": "Phone"}) as phone:
        listed = here.get("/api/me/sessions").json()
        assert sorted((one["browser"], one["is_this"]) for one in listed) == [("Phone", False), ("testclient", True)]
        other = next(one["id"] for one in listed if not one["is_this"])
        with browser(nurture, "kevin") as kevin:
            assert kevin.delete(f"/api/me/sessions/{other}").status_code == 404
        here.delete(f"/api/me/sessions/{other}").raise_for_status()
        assert phone.get("/api/me").status_code == 401
        for number in (other, 0, -1, 2**63, 10**30):
            assert here.delete(f"/api/me/sessions/{number}").status_code in (404, 422)
        with browser(nurture, "ada") as ada:
            assert ada.delete("/api/people/mia/sessions").json() == {"sessions": 1}
        assert here.get("/api/me").status_code == 401


@pytest.mark.parametrize("column", ["expires_at", "last_seen_at"])
def test_a_session_ends_after_a_week_and_after_a_day_without_use(nurture: Nurture, column: str) -> None:
    with browser(nurture, "mia") as mia:
        with unit_of_work(nurture.sessions) as session:
            past = machine_now().replace(year=2020)
            session.execute(update(LoginSession).values({column: past}))
        assert mia.get("/api/me").status_code == 401


@pytest.mark.parametrize("days", [0, -1, 367, 10**30])
def test_a_token_ends_and_its_end_is_bounded(nurture: Nurture, days: int) -> None:
    with browser(nurture, "mia") as mia:
        assert mia.post("/api/me/tokens", json={"name": "x", "days": days}).status_code == 422
        assert mia.post("/api/me/tokens", json={"name": " "}).status_code == 422
        made = mia.post("/api/me/tokens", json={"name": "每日报表"}).json()
        assert made["token"] not in mia.get("/api/me/tokens").text
        bearer = {"Authorization": f"Bearer {made['token']}"}
        assert mia.post("/api/me/tokens", json={"name": "more"}, headers=bearer).status_code == 403
        assert mia.post("/api/me/password", json={"new_password": NEW}, headers=bearer).status_code == 403
        with unit_of_work(nurture.sessions) as session:
            session.execute(update(ApiToken).values(expires_at=machine_now()))
        assert mia.get("/api/me", headers=bearer).status_code == 401
        for wrong in ("", "nurture_", "ü", "\x00", "x" * 5_000):
            assert mia.get("/api/me", headers={"Authorization": f"Bearer {wrong}".encode()}).status_code == 401


def test_a_token_may_at_most_what_its_owner_may_now(nurture: Nurture) -> None:
    with unit_of_work(nurture.sessions) as session:
        secret = create_api_token(
            session, find_actor(session, "ada"), name="x", now=machine_now(), role=Role.MANAGER
        ).secret
        session.execute(update(Account).where(Account.username == "mia").values(role=Role.ADMIN))
    with browser(nurture, "mia") as mia, browser(nurture) as program:
        program.headers["Authorization"] = f"Bearer {secret}"
        assert program.get("/api/me").json()["role"] == "manager"
        mia.put("/api/people/ada/role", json={"role": "analyst"}).raise_for_status()
        assert program.get("/api/me").json()["role"] == "analyst"


@pytest.mark.parametrize(
    ("role", "owner", "fits"),
    [
        (Role.ANALYST, Role.OPERATIONS, True),
        (Role.OPERATIONS, Role.MANAGER, True),
        (Role.MANAGER, Role.OPERATIONS, False),
        (Role.ANALYST, Role.CSM, False),
        (Role.CSM, Role.CSM, True),
        (Role.ADMIN, Role.MANAGER, False),
        (Role.CSM, Role.OPERATIONS, False),
    ],
)
def test_which_roles_a_token_may_be_confined_to(role: Role, owner: Role, fits: bool) -> None:
    assert is_within(role, owner) is fits


def test_somebody_writes_while_a_password_is_verified(nurture: Nurture) -> None:
    """Verification that takes long holds no lock: another write begins and ends within it."""
    slow = PasswordHasher(time_cost=15, memory_cost=65_536, parallelism=1)
    with unit_of_work(nurture.sessions) as session:
        make_person(session, "slow", password_hash=slow.hash(PASSWORD))
    app = create_app(nurture, internal_token="t", with_pages=False)
    with TestClient(app) as client:
        trying = threading.Thread(target=sign_in, args=(client, "slow", "wrong password"))
        trying.start()
        for name in ("first", "second", "third"):
            with unit_of_work(nurture.sessions) as session:
                make_person(session, name)
        assert trying.is_alive()
        assert client.get("/healthz").status_code == 200
        assert trying.is_alive()
        trying.join()


def test_sixty_wrong_sign_ins_at_once_are_answered_and_are_no_crash(nurture: Nurture) -> None:
    with TestClient(create_app(nurture, internal_token="t", with_pages=False)) as client:
        answers: list[Any] = []
        threads = [threading.Thread(target=lambda: answers.append(sign_in(client, "mia", "wrong"))) for _ in range(60)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    statuses = [answer.status_code for answer in answers]
    assert len(statuses) == 60
    assert set(statuses) == {403, 429}
    assert statuses.count(403) <= 7
    assert all("Retry-After" in answer.headers for answer in answers if answer.status_code == 429)
