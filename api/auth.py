"""Who is asking: a signed-in browser (cookie) or a personal API token (bearer)."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response

from api.bootstrap import Nurture
from crm.access import service as access
from crm.access.actor import Actor
from crm.clock import SystemClock
from crm.database import read_only
from crm.errors import CrmError

COOKIE = "nurture_session"
machine_clock = SystemClock()
"""Sign-ins expire in real time, whatever the demo's clock says."""


class NotSignedIn(CrmError):
    """The request names nobody."""

    code = "not_signed_in"


def nurture_of(request: Request) -> Nurture:
    nurture: Nurture = request.app.state.nurture
    return nurture


def actor_of(request: Request) -> Actor | None:
    """The person behind a request, None when nobody is signed in."""
    sessions = nurture_of(request).sessions
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    with read_only(sessions) as session:
        if scheme.lower() == "bearer":
            return access.actor_of_api_token(session, bearer.strip())
        cookie = request.cookies.get(COOKIE)
        return access.actor_of_login(session, cookie, machine_clock.now()) if cookie else None


def signed_in(request: Request) -> Actor:
    """The person behind a request. Raises NotSignedIn (401)."""
    actor = actor_of(request)
    if actor is None:
        raise NotSignedIn("sign in at /login, or send an API token as 'Authorization: Bearer ...'")
    return actor


def set_login_cookie(response: Response, token: str) -> None:
    response.set_cookie(
        COOKIE, token, max_age=int(access.LOGIN_LIFETIME.total_seconds()), httponly=True, samesite="lax", path="/"
    )


SignedIn = Annotated[Actor, Depends(signed_in)]
TheNurture = Annotated[Nurture, Depends(nurture_of)]
