"""Signing in and out, and what is one's own: password, sessions, API tokens."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from api.account_views import Ended, NewTokenView, RowId, SessionView, TokenView, session_views, token_views
from api.auth import (
    ByPassword,
    SignedIn,
    SignedInAtAll,
    TheNurture,
    clear_login_cookie,
    login_token,
    machine_clock,
    origin_of,
    refuses_demo_passwords,
    set_login_cookie,
)
from api.own_account import change_password, sign_out
from crm.access.actor import Actor, Permission
from crm.access.models import Role
from crm.access.passwords import MAX_LENGTH
from crm.access.revoking import revoke_session, revoke_sessions, revoke_token
from crm.access.sign_in import Attempt
from crm.access.tokens import DEFAULT_DAYS, create_api_token
from crm.database import read_only, unit_of_work
from crm.errors import Forbidden

router = APIRouter(prefix="/api", tags=["access"])


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid")

    username: str = Field(max_length=200)
    password: SecretStr = Field(max_length=MAX_LENGTH)


class PasswordChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    old_password: SecretStr | None = Field(default=None, max_length=MAX_LENGTH)
    """Not asked for after a sign-in with a one-time password."""
    new_password: SecretStr = Field(max_length=MAX_LENGTH)


class TokenRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    days: int = DEFAULT_DAYS
    role: Role | None = None
    """A role that may less than one's own; default: one's own, as it is when the token is used."""


class Person(BaseModel):
    username: str
    display_name: str
    role: str
    permissions: list[str]
    must_change_password: bool = False


def person_of(actor: Actor) -> Person:
    permissions = [permission.value for permission in Permission if actor.may(permission)]
    return Person(
        username=actor.username,
        display_name=actor.display_name,
        role=actor.role.value,
        permissions=permissions,
        must_change_password=actor.must_change_password,
    )


@router.post("/session")
async def sign_in(credentials: Credentials, request: Request, response: Response, nurture: TheNurture) -> Person:
    """Sign in; the session cookie comes with the answer."""
    public_url = nurture.settings.public_url
    attempt = Attempt(
        credentials.username,
        credentials.password.get_secret_value(),
        origin_of(request),
        replaces=login_token(request, public_url),
    )
    signed_in = await nurture.sign_in_desk.sign_in(attempt, refuses_demo_passwords=refuses_demo_passwords(request))
    set_login_cookie(request, response, signed_in.token, public_url)
    return person_of(signed_in.actor)


@router.delete("/session", status_code=204)
def end_session(request: Request, response: Response, nurture: TheNurture) -> None:
    sign_out(nurture, login_token(request, nurture.settings.public_url))
    clear_login_cookie(request, response, nurture.settings.public_url)


@router.get("/me")
def me(actor: SignedInAtAll) -> Person:
    return person_of(actor)


@router.post("/me/password")
async def set_password(change: PasswordChange, request: Request, actor: ByPassword, nurture: TheNurture) -> Ended:
    """Choose another password; every other session of one's own ends."""
    cut = await nurture.sign_in_desk.in_turn(
        lambda: change_password(
            nurture,
            actor,
            old=change.old_password.get_secret_value() if change.old_password else None,
            new=change.new_password.get_secret_value(),
            origin=origin_of(request),
            token=login_token(request, nurture.settings.public_url),
        )
    )
    return Ended(sessions=cut.sessions)


@router.get("/me/sessions")
def my_sessions(request: Request, actor: SignedIn, nurture: TheNurture) -> list[SessionView]:
    token = login_token(request, nurture.settings.public_url)
    with read_only(nurture.sessions) as session:
        return session_views(session, actor.account_id, token)


@router.delete("/me/sessions")
def end_other_sessions(request: Request, actor: ByPassword, nurture: TheNurture) -> Ended:
    """End all of one's own but this one."""
    token = login_token(request, nurture.settings.public_url)
    with unit_of_work(nurture.sessions) as session:
        now, account_id = machine_clock.now(), actor.account_id
        return Ended(sessions=revoke_sessions(session, account_id, by=actor, now=now, except_token=token))


@router.delete("/me/sessions/{session_id}", status_code=204)
def end_one_session(session_id: RowId, actor: ByPassword, nurture: TheNurture) -> None:
    with unit_of_work(nurture.sessions) as session:
        revoke_session(session, actor.account_id, session_id, by=actor, now=machine_clock.now())


@router.get("/me/tokens")
def my_tokens(actor: SignedIn, nurture: TheNurture) -> list[TokenView]:
    with read_only(nurture.sessions) as session:
        return token_views(session, actor.account_id)


@router.post("/me/tokens", status_code=201)
def make_token(wanted: TokenRequest, actor: ByPassword, nurture: TheNurture) -> NewTokenView:
    """A token for programs. It is shown in this answer and never again."""
    if actor.must_change_password:
        raise Forbidden("choose a password of your own first")
    with unit_of_work(nurture.sessions) as session:
        made = create_api_token(
            session, actor, name=wanted.name, now=machine_clock.now(), days=wanted.days, role=wanted.role
        )
        view = next(view for view in token_views(session, actor.account_id) if view.id == made.id)
        return NewTokenView(**view.model_dump(), token=made.secret)


@router.delete("/me/tokens/{token_id}", status_code=204)
def revoke_my_token(token_id: RowId, actor: SignedIn, nurture: TheNurture) -> None:
    with unit_of_work(nurture.sessions) as session:
        revoke_token(session, actor.account_id, token_id, by=actor, now=machine_clock.now())
