"""Settings of one process, read once from the environment and passed on as values."""

import ipaddress
import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from crm.channels import SENDABLE_CHANNELS

READ_SECONDS = 10.0
"""People leave a page that does not answer; every count of a million members takes far less."""
WORKER_NAME = r"^[a-z0-9][a-z0-9-]{0,40}$"


def is_loopback(name: str) -> bool:
    """Whether only this machine itself can mean `name`, a host's name or address."""
    if name.lower().removesuffix(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class Settings(BaseSettings):
    """Environment variables, all optional. The defaults run the whole product with no key and no network."""

    # With the prefix no field is ever read from a bare name: HOME is everybody's, and not ours.
    model_config = SettingsConfigDict(
        env_prefix="NURTURE_", env_file=None, frozen=True, extra="ignore", populate_by_name=True
    )

    home: Path = Field(default=Path("data"))
    """Folder that holds the database, vectors, archives and session files."""
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    """`sqlite:///...` or `postgresql://...`; default: a SQLite file in `home`."""
    host: str = Field(default="127.0.0.1")
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str | None = Field(default=None)
    """Where members reach this server from outside, e.g. `https://post.example.com`; begins the links in messages."""
    allowed_hosts: str = Field(default="")
    """Further names that this server answers to, separated by commas (api/host_names.py has the others)."""
    trusted_proxies: str | None = Field(default=None)
    """Addresses or networks, separated by commas, whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    allow_demo_passwords: bool = Field(default=False)
    """Whether a demo whose passwords everybody knows may be served to other machines."""
    link_keys: SecretStr | None = Field(default=None)
    """Keys that sign those links, separated by commas, the newest last; default: a file in `home`."""
    channel_email: SecretStr = Field(default=SecretStr("outbox:"))
    """How e-mail leaves, as a URL (crm/outreach/channels/urls.py); default: not at all."""
    channel_sms: SecretStr = Field(default=SecretStr("outbox:"))
    channel_push: SecretStr = Field(default=SecretStr("outbox:"))
    rate_email: float | None = Field(default=None, gt=0)
    """The most e-mails that leave in a second; default: as fast as they are taken."""
    rate_sms: float | None = Field(default=None, gt=0)
    rate_push: float | None = Field(default=None, gt=0)

    engine: Literal["here", "workers"] = Field(default="here")
    """Whether the server runs the engine that sends, or leaves that to `nurture worker`."""
    worker_name: str = Field(default="server", pattern=WORKER_NAME)
    """Under which name the server runs the engine; no two live processes on one database share a name."""
    tick_seconds: int = Field(default=5, ge=1, le=60)
    """Pause between two turns of the engine."""

    read_seconds: float = Field(default=READ_SECONDS, gt=0)
    """How long a page, an API call or a tool may ask the database before it is stopped."""

    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    openai_base_url: str | None = Field(default=None, validation_alias="OPENAI_BASE_URL")
    openai_model: str = Field(default="gpt-5-mini", validation_alias="OPENAI_MODEL")

    metrics_token: SecretStr | None = Field(default=None)
    """What whoever reads /metrics from another machine has to bear; default: only this machine may read."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO")

    @field_validator("public_url")
    @classmethod
    def _leads_somewhere(cls, address: str | None) -> str | None:
        """Without a slash at its end."""
        if not address:
            return None
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("give an address such as https://post.example.com")
        return address.rstrip("/")

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, proxies: str | None) -> str | None:
        for one in (proxies or "").split(","):
            if one.strip():
                ipaddress.ip_network(one.strip())
        return proxies or None

    @field_validator("database_url")
    @classmethod
    def _with_our_driver(cls, url: str | None) -> str | None:
        """PostgreSQL through psycopg, however the address begins."""
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url) if url else None

    @property
    def resolved_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.home / 'nurture.sqlite'}"

    @property
    def allowed_host_names(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.allowed_hosts.split(",") if name.strip())

    @property
    def listens_everywhere(self) -> bool:
        """Whether the server listens on every address of the machine."""
        return self.host in ("0.0.0.0", "::", "")  # noqa: S104 - asked about, not listened on

    @property
    def is_public(self) -> bool:
        """Whether other machines can reach the server."""
        named = urlsplit(self.public_url).hostname if self.public_url else None
        return not (is_loopback(self.host) and (named is None or is_loopback(named)))

    @property
    def tick_cron(self) -> str:
        """`tick_seconds` as a schedule, seconds first; counted anew from each full minute."""
        seconds = "0" if self.tick_seconds == 60 else f"*/{self.tick_seconds}"
        return f"{seconds} * * * * *"

    @property
    def sends_out(self) -> bool:
        """Whether messages of any channel leave the machine."""
        channels = (getattr(self, f"channel_{channel}") for channel in SENDABLE_CHANNELS)
        return any(not url.get_secret_value().startswith("outbox:") for url in channels)

    @property
    def uses_language_model(self) -> bool:
        """Whether an OpenAI-compatible endpoint drives the agent instead of the planner."""
        return self.openai_api_key is not None or self.openai_base_url is not None
