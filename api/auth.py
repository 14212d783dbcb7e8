"""Who is asking: a signed-in browser (cookie) or a personal API token (bearer)."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import Response

from api.bootstrap import Nurture
from api.host_names import host_name
from crm.access.actor import Actor
from crm.access.logins import LOGIN_LIFETIME, Login, Origin, find_login
from crm.access.tokens import TokenUse, find_api_token
from crm.clock import SystemClock
from crm.database import read_only
from crm.errors import CrmError, Forbidden

COOKIE = "nurture_session"
TLS_COOKIE = f"__Host-{COOKIE}"
"""Behind TLS: the prefix makes browsers refuse it from anybody but this very host by https."""
_PASSED_ON = ("x-forwarded-proto", "x-forwarded-for", "x-forwarded-host", "forwarded", "via")
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
    nurture, now = nurture_of(request), machine_clock.now()
    bearer = request.headers.get("authorization", "").partition(" ")[2]
    found: Login | TokenUse | None = None
    with read_only(nurture.sessions) as session:
        if is_by_token(request):
            found = find_api_token(session, bearer.strip(), now)
        elif cookie := login_token(request, nurture.settings.public_url):
            found = find_login(session, cookie, now)
    if found is None:
        return None
    nurture.sign_in_desk.note_use(found)
    return found.actor


def signed_in(request: Request) -> Actor:
    """The person behind a request. Raises NotSignedIn (401), Forbidden while their password must be changed."""
    actor = signed_in_at_all(request)
    if actor.must_change_password:
        raise Forbidden("choose a password of your own first: on the page My account, or at POST /api/me/password")
    return actor


def signed_in_at_all(request: Request) -> Actor:
    """The person behind a request, even one who has to change their password first."""
    actor = actor_of(request)
    if actor is None:
        raise NotSignedIn("sign in at /login, or send an API token as 'Authorization: Bearer ...'")
    return actor


def by_password(request: Request) -> Actor:
    """The person behind a signed-in browser. Raises Forbidden for an API token: a stolen one must not be able to make
    others of itself, or lock its owner out."""
    actor = signed_in_at_all(request)
    if is_by_token(request):
        raise Forbidden("an API token is not enough for this; sign in with the password")
    return actor


def is_by_token(request: Request) -> bool:
    return request.headers.get("authorization", "").partition(" ")[0].lower() == "bearer"


def refuses_demo_passwords(request: Request) -> bool:
    """Whether other machines reach this server, so that passwords that everybody knows open nothing."""
    return bool(getattr(request.app.state, "refuses_demo_passwords", False))


def origin_of(request: Request) -> Origin:
    """Where a request comes from. Proxies are believed only where the settings say so (api/cli/server.py)."""
    return Origin(request.client.host if request.client else None, request.headers.get("user-agent"))


def came_by_tls(request: Request, public_url: str | None) -> bool:
    """Whether the browser that sent this speaks https, to us or to what ends TLS in front of us."""
    if request.url.scheme == "https":
        return True
    public = urlsplit(public_url or "")
    if public.scheme != "https":
        return False
    was_passed_on = any(name in request.headers for name in _PASSED_ON)
    return was_passed_on or host_name(request.headers.get("host", "")) == public.hostname


def login_token(request: Request, public_url: str | None) -> str | None:
    """The secret of the session cookie that the request bears, by the safest of its names."""
    tls = request.cookies.get(TLS_COOKIE)
    return tls if tls or came_by_tls(request, public_url) else request.cookies.get(COOKIE)


def set_login_cookie(request: Request, response: Response, token: str, public_url: str | None) -> None:
    is_tls = came_by_tls(request, public_url)
    response.set_cookie(
        TLS_COOKIE if is_tls else COOKIE,
        token,
        max_age=int(LOGIN_LIFETIME.total_seconds()),
        secure=is_tls,
        httponly=True,
        samesite="lax",
        path="/",
    )


def clear_login_cookie(request: Request, response: Response, public_url: str | None) -> None:
    is_tls = came_by_tls(request, public_url)
    response.delete_cookie(TLS_COOKIE if is_tls else COOKIE, secure=is_tls, httponly=True, samesite="lax", path="/")


ByPassword = Annotated[Actor, Depends(by_password)]
SignedInAtAll = Annotated[Actor, Depends(signed_in_at_all)]
SignedIn = Annotated[Actor, Depends(signed_in)]
TheNurture = Annotated[Nurture, Depends(nurture_of)]
