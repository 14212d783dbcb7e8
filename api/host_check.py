"""Refuses a Host that is none of ours.

A stranger's name that leads to this machine (DNS rebinding) would make a stranger's page one of ours to the browser.
"""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.host_names import AllowedHosts, host_name
from api.problems import problem


class HostCheck:
    """Refuses requests and sockets whose Host is none of ours; plain ASGI."""

    def __init__(self, app: ASGIApp, hosts: AllowedHosts) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        said = Headers(scope=scope).getlist("host")
        name = host_name(said[0]) if len(said) == 1 else None
        if name is not None and self.hosts.allow(name):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif name is None:
            await problem(400, "bad_host", "the request needs one Host header with a name")(scope, receive, send)
        else:
            words = f"this server does not answer to the name {name!r}; add it to NURTURE_ALLOWED_HOSTS if it is yours"
            await problem(421, "unknown_host", words)(scope, receive, send)
