"""People with passwords whose verification costs a test no time, and an application for them to sign in to."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from api.app import create_app
from api.bootstrap import Nurture
from crm.access.models import Account, Role
from crm.database import unit_of_work
from crm.workspace import Workspace
from tests.builders import make_account

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Far from today's parameters: whoever signs in with such a hash gets a new one."""
PASSWORD = "correct horse battery"
PEOPLE = {"mia": Role.OPERATIONS, "grace": Role.MANAGER, "kevin": Role.CSM, "leo": Role.ANALYST, "ada": Role.ADMIN}
_HASH = CHEAP.hash(PASSWORD)


def make_person(session: Session, username: str, role: Role = Role.OPERATIONS, **changes: Any) -> Account:
    """Signs in with PASSWORD."""
    values = {"username": username, "display_name": username.title(), "role": role, "password_hash": _HASH}
    return make_account(session, **values | changes)


def settle(nurture: Nurture, *, dataset: str = "own") -> None:
    """An empty workspace in real time, with one person of each role."""
    with unit_of_work(nurture.sessions) as session:
        session.add(Workspace(id=1, name="Club", dataset=dataset, zone_name="Asia/Shanghai", currency="CNY"))
        for username, role in PEOPLE.items():
            make_person(session, username, role)


@contextmanager
def browser(nurture: Nurture, username: str | None = None, **client: Any) -> Iterator[TestClient]:
    """A browser on an application of its own, signed in when `username` is given."""
    app = create_app(nurture, internal_token="t", with_pages=False)
    opened = TestClient(app, **client)
    if username is not None:
        sign_in(opened, username).raise_for_status()
    yield opened
    opened.close()


def sign_in(client: TestClient, username: str, password: str = PASSWORD) -> Any:
    return client.post("/api/session", json={"username": username, "password": password})


def machine_now() -> datetime:
    return datetime.now(UTC)
