"""The people who sign in, for administrators."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from api.account_views import (
    AccountView,
    Ended,
    RowId,
    SessionView,
    TokenView,
    account_views,
    session_views,
    token_views,
)
from api.auth import SignedIn, TheNurture, machine_clock
from api.people import give_new_password, make_person
from crm.access.accounts import Cut, account_named, change_role, disable, enable
from crm.access.actor import Permission, require
from crm.access.models import Account, Role
from crm.access.revoking import revoke_session, revoke_sessions, revoke_token
from crm.database import read_only, unit_of_work

router = APIRouter(prefix="/api/people", tags=["people"])


class NewPerson(BaseModel):
    model_config = ConfigDict(extra="forbid")

    username: str
    display_name: str
    role: Role


class RoleChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    role: Role


class OneTimeView(BaseModel):
    person: AccountView
    one_time_password: str
    """Shown this once; good for one sign-in within three days, and then changed."""


class Changed(BaseModel):
    person: AccountView
    sessions_ended: int = 0
    tokens_revoked: int = 0


def _changed(account: Account, cut: Cut | None = None) -> Changed:
    cut = cut or Cut(0, 0)
    return Changed(person=AccountView.of(account), sessions_ended=cut.sessions, tokens_revoked=cut.tokens)


@router.get("")
def list_people(actor: SignedIn, nurture: TheNurture) -> list[AccountView]:
    require(actor, Permission.ADMINISTER)
    with read_only(nurture.sessions) as session:
        return account_views(session)


@router.post("", status_code=201)
async def add_person(new: NewPerson, actor: SignedIn, nurture: TheNurture) -> OneTimeView:
    """Make an account; its one-time password is for telling the person."""
    made = await nurture.sign_in_desk.in_turn(
        lambda: make_person(
            nurture.sessions, username=new.username, display_name=new.display_name, role=new.role, by=actor
        )
    )
    return OneTimeView(person=made.person, one_time_password=made.password)


@router.post("/{username}/reset-password")
async def reset(username: str, actor: SignedIn, nurture: TheNurture) -> OneTimeView:
    """Give a one-time password; the person's sessions and tokens end."""
    made = await nurture.sign_in_desk.in_turn(lambda: give_new_password(nurture.sessions, username, by=actor))
    return OneTimeView(person=made.person, one_time_password=made.password)


@router.post("/{username}/disable")
def disable_person(username: str, actor: SignedIn, nurture: TheNurture) -> Changed:
    """Shut the account: sessions and tokens end. What the person made and what waits for approval stays."""
    require(actor, Permission.ADMINISTER)
    with unit_of_work(nurture.sessions) as session:
        account = account_named(session, username)
        return _changed(account, disable(session, account, by=actor, now=machine_clock.now()))


@router.post("/{username}/enable")
def enable_person(username: str, actor: SignedIn, nurture: TheNurture) -> Changed:
    require(actor, Permission.ADMINISTER)
    with unit_of_work(nurture.sessions) as session:
        account = account_named(session, username)
        enable(session, account, by=actor, now=machine_clock.now())
        return _changed(account)


@router.put("/{username}/role")
def set_role(username: str, change: RoleChange, actor: SignedIn, nurture: TheNurture) -> Changed:
    require(actor, Permission.ADMINISTER)
    with unit_of_work(nurture.sessions) as session:
        account = account_named(session, username)
        change_role(session, account, change.role, by=actor, now=machine_clock.now())
        return _changed(account)


@router.get("/{username}/sessions")
def list_sessions(username: str, actor: SignedIn, nurture: TheNurture) -> list[SessionView]:
    require(actor, Permission.ADMINISTER)
    with read_only(nurture.sessions) as session:
        return session_views(session, account_named(session, username).id)


@router.delete("/{username}/sessions")
def end_sessions(username: str, actor: SignedIn, nurture: TheNurture) -> Ended:
    require(actor, Permission.ADMINISTER)
    with unit_of_work(nurture.sessions) as session:
        account_id = account_named(session, username).id
        return Ended(sessions=revoke_sessions(session, account_id, by=actor, now=machine_clock.now()))


@router.delete("/{username}/sessions/{session_id}", status_code=204)
def end_one_session(username: str, session_id: RowId, actor: SignedIn, nurture: TheNurture) -> None:
    require(actor, Permission.ADMINISTER)
    with unit_of_work(nurture.sessions) as session:
        account_id = account_named(session, username).id
        revoke_session(session, account_id, session_id, by=actor, now=machine_clock.now())


@router.get("/{username}/tokens")
def list_tokens(username: str, actor: SignedIn, nurture: TheNurture) -> list[TokenView]:
    require(actor, Permission.ADMINISTER)
    with read_only(nurture.sessions) as session:
        return token_views(session, account_named(session, username).id)


@router.delete("/{username}/tokens/{token_id}", status_code=204)
def revoke_one_token(username: str, token_id: RowId, actor: SignedIn, nurture: TheNurture) -> None:
    require(actor, Permission.ADMINISTER)
    with unit_of_work(nurture.sessions) as session:
        account_id = account_named(session, username).id
        revoke_token(session, account_id, token_id, by=actor, now=machine_clock.now())
