"""Whether a browser's request comes from one of our own pages (docs/decisions/0020).

Another port of this machine is the same *site* and gets our cookie with its requests, so neither the cookie's
SameSite nor `Sec-Fetch-Site: same-site` is enough: only the same origin may change something.
"""

from urllib.parse import SplitResult, urlsplit

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import problem

log = structlog.get_logger()
HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
SOCKET = "/_nicegui_ws/"
"""The page's socket, which also works by plain requests of every method."""
WITHOUT_COOKIE = ("/u/", "/api/receipts")
"""Opting out by a signed link (RFC 8058: mail programs post it) and gateways' signed receipts: who is signed in does
not matter there."""
_PORTS = {"http": 80, "https": 443}


def why_foreign(headers: Headers, *, scheme: str, public_url: str | None) -> str | None:
    """What shows that a page of another origin sent this; None when one of ours did, or no browser at all.

    Browsers say Sec-Fetch-Site to https and to this machine, and Origin with whatever is not a GET. A request with
    neither of them nor a Referer comes from a program, and nobody can trick a program's owner into sending it.
    """
    sites, origins = headers.getlist("sec-fetch-site"), headers.getlist("origin")
    if len(sites) > 1 or len(origins) > 1:
        return "Sec-Fetch-Site or Origin is said twice"
    if sites == ["same-origin"]:
        return None
    if sites and sites != ["none"]:
        return f"Sec-Fetch-Site is {sites[0]!r}"
    claimed = origins[0] if origins else headers.get("referer")
    if claimed is None or _is_ours(claimed, headers.get("host", ""), scheme, public_url):
        return None
    return f"Origin is {claimed!r}" if origins else "Referer is a page of another origin"


def _is_ours(claimed: str, host: str, scheme: str, public_url: str | None) -> bool:
    """Whether a page at the address `claimed` is ours, when we are asked as `host`."""
    try:
        page, asked, public = urlsplit(claimed), urlsplit(f"//{host}"), urlsplit(public_url or "")
        if page.scheme not in _PORTS or not page.hostname:
            return False
        place = _place(page, page.scheme)
        if page.scheme == public.scheme and place == _place(public, page.scheme):
            return True
        # What ends TLS in front of us asks by http for what the browser knows as https; never the other way round.
        is_tls = scheme in ("https", "wss") or (public.scheme == "https" and asked.hostname == public.hostname)
        return place == _place(asked, page.scheme) and (page.scheme == "https" or not is_tls)
    except ValueError:
        return False


def _place(parts: SplitResult, scheme: str) -> tuple[str | None, int]:
    return parts.hostname, parts.port or _PORTS[scheme]


class CrossSiteCheck:
    """Refuses what a page of another origin makes a browser do; plain ASGI.

    Bearer tokens are exempt: a browser adds them to nothing by itself.
    """

    def __init__(self, app: ASGIApp, public_url: str | None) -> None:
        self.app, self.public_url = app, public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_checked(scope):
            await self.app(scope, receive, send)
            return
        why = why_foreign(Headers(scope=scope), scheme=scope["scheme"], public_url=self.public_url)
        if why is None:
            await self.app(scope, receive, send)
            return
        log.warning("request.refused_as_foreign", why=why, path=scope["path"])
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        words = f"this came from a page of another address ({why}); open Nurture itself and do it there"
        await problem(403, "foreign_origin", words)(scope, receive, send)


def _is_checked(scope: Scope) -> bool:
    if scope["type"] != "http":
        return bool(scope["type"] == "websocket")
    path: str = scope["path"]
    if path.startswith(SOCKET):
        return True
    if scope["method"] in HARMLESS or path.startswith(WITHOUT_COOKIE):
        return False
    authorization = Headers(scope=scope).get("authorization", "")
    return authorization.partition(" ")[0].lower() != "bearer"
