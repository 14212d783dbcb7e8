"""Under which names this server answers."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from crm.settings import Settings

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
ANY_NAME = "*"


@dataclass(frozen=True)
class AllowedHosts:
    """Names without ports, in lower case."""

    names: frozenset[str]
    any_address: bool = False
    """Whether every plain IP address is ours: the server listens on all of the machine, and no stranger's page has
    such a name."""

    def allow(self, name: str) -> bool:
        if name in self.names or ANY_NAME in self.names:
            return True
        return self.any_address and _is_address(name)


def allowed_hosts(settings: Settings) -> AllowedHosts:
    """The loopback names, the address listened on, that of the public URL, and NURTURE_ALLOWED_HOSTS."""
    names = LOOPBACK_NAMES | {settings.host.lower()} | {name.lower() for name in settings.allowed_host_names}
    if settings.public_url and (public := urlsplit(settings.public_url).hostname):
        names |= {public}
    return AllowedHosts(frozenset(names), any_address=settings.listens_everywhere)


def host_name(host: str) -> str | None:
    """The name in a Host header: without its port, in lower case. None when it cannot be read."""
    if not host or any(character in host for character in "/\\@?#, \t"):
        return None
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises for a port that is none
    except ValueError:
        return None
    return parts.hostname.removesuffix(".") or None if parts.hostname else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
