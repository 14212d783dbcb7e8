"""Accounts, sessions and tokens as the page, the API and the command line show them: never a secret of theirs."""

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from api.auth import machine_clock
from crm.access.logins import digest, logins_of
from crm.access.models import Account, Role
from crm.access.service import list_accounts
from crm.access.tokens import tokens_of

RowId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class _View(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class SessionView(_View):
    id: int
    created_at: datetime
    last_seen_at: datetime
    """To within some minutes."""
    expires_at: datetime
    address: str | None
    browser: str | None
    is_this: bool = False
    """Whether it is the one that asks."""


class TokenView(_View):
    id: int
    name: str
    role: Role | None
    """None: whatever its owner may."""
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime


class NewTokenView(TokenView):
    token: str
    """Shown this once."""


class Ended(_View):
    sessions: int
    """How many sessions ended."""


class AccountView(_View):
    username: str
    display_name: str
    role: Role
    is_active: bool
    password_changed_at: datetime | None
    has_demo_password: bool
    waits_for_first_sign_in: bool
    """Has a one-time password that was not used yet, or was and has to be changed."""

    @classmethod
    def of(cls, account: Account) -> "AccountView":
        return cls(
            username=account.username,
            display_name=account.display_name,
            role=account.role,
            is_active=account.is_active,
            password_changed_at=account.password_changed_at,
            has_demo_password=bool(account.has_demo_password),
            waits_for_first_sign_in=account.one_time_until is not None,
        )


def session_views(session: Session, account_id: int, token: str | None = None) -> list[SessionView]:
    """The account's sessions; the one with the secret `token` is marked."""
    mine = digest(token) if token else None
    return [
        SessionView.model_validate(login).model_copy(update={"is_this": login.token_hash == mine})
        for login in logins_of(session, account_id, machine_clock.now())
    ]


def token_views(session: Session, account_id: int) -> list[TokenView]:
    return [TokenView.model_validate(token) for token in tokens_of(session, account_id)]


def account_views(session: Session) -> list[AccountView]:
    """Everybody, by name."""
    return [AccountView.of(account) for account in list_accounts(session)]
