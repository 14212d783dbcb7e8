"""Signing in and out, and who one is."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, SecretStr

from api.auth import COOKIE, SignedIn, TheNurture, machine_clock, set_login_cookie
from crm.access import service
from crm.access.actor import Actor, Permission
from crm.database import unit_of_work

router = APIRouter(prefix="/api", tags=["access"])


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid")

    username: str
    password: SecretStr


class Person(BaseModel):
    username: str
    display_name: str
    role: str
    permissions: list[str]


def person_of(actor: Actor) -> Person:
    permissions = [permission.value for permission in Permission if actor.may(permission)]
    return Person(
        username=actor.username, display_name=actor.display_name, role=actor.role.value, permissions=permissions
    )


@router.post("/session")
def sign_in(credentials: Credentials, response: Response, nurture: TheNurture) -> Person:
    """Sign in; the session cookie comes with the answer."""
    now = machine_clock.now()
    with unit_of_work(nurture.sessions) as session:
        actor = service.authenticate(session, credentials.username, credentials.password.get_secret_value())
        token = service.open_login(session, actor, now)
    set_login_cookie(response, token)
    return person_of(actor)


@router.delete("/session", status_code=204)
def sign_out(request: Request, response: Response, nurture: TheNurture) -> None:
    token = request.cookies.get(COOKIE)
    if token:
        with unit_of_work(nurture.sessions) as session:
            service.close_login(session, token)
    response.delete_cookie(COOKIE)


@router.get("/me")
def me(actor: SignedIn) -> Person:
    return person_of(actor)
