"""Wires the product once, for the server, the CLI, the evals and the tests alike."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api.folder_rights import Rights, make_private, sqlite_file
from api.home import running_server
from api.link_keys import open_links
from api.logs import configure_logs
from api.metrics import DatabaseGauges, Metrics
from crm.clock import Clock, SystemClock
from crm.database import Sessions, open_engine, open_sessions, read_only
from crm.errors import Unavailable
from crm.migrations import create_schema, migrate, require_schema
from crm.settings import Settings
from crm.trouble import explain
from crm.workspace import WorldClock

if TYPE_CHECKING:
    from agent.model_calls import ChosenModel
    from agent.runtime import Assistant
    from api.sign_in_desk import SignInDesk
    from crm.outreach.channels import ChannelAdapters
    from crm.outreach.links import Links
    from knowledge_base.port import InsightHit, InsightIndex


log = structlog.get_logger()


@dataclass(frozen=True)
class Nurture:
    """The parts of a running product. Heavy ones (vectors, agent) are opened when first asked for."""

    settings: Settings
    engine: Engine
    sessions: Sessions
    clock: Clock
    adapters: "ChannelAdapters"
    """How messages leave; one for each channel of the process, so that all see the same pauses and limits."""
    metrics: Metrics
    """What is counted of this process."""
    model: "ChosenModel | None" = field(default=None, repr=False)
    """Replaces the model that the settings choose (tests, evaluation)."""
    rights: Rights = field(default_factory=Rights)
    """What other accounts of the machine could reach until now."""

    @cached_property
    def links(self) -> "Links":
        """The signed links in messages; their key is made when it is first needed."""
        return open_links(self.settings)

    @cached_property
    def sign_in_desk(self) -> "SignInDesk":
        """Where passwords are verified. Sign-ins and sessions live in real time, whatever the demo's clock says."""
        from api.sign_in_desk import SignInDesk

        return SignInDesk(self.sessions, SystemClock())

    @cached_property
    def insight_index(self) -> "InsightIndex":
        """The vector index: our own, or the running server's when it owns the folder."""
        from knowledge_base.opening import open_index
        from knowledge_base.remote import RemoteIndex

        try:
            return open_index(self.settings.home, self.sessions)
        except Unavailable:
            server = running_server(self.settings)
            if server is None:
                raise
            return RemoteIndex(server.url, server.token)

    @cached_property
    def assistant(self) -> "Assistant":
        from agent.chat_models import choose_model
        from agent.runtime import Assistant

        return Assistant(
            sessions=self.sessions,
            model=self.model or choose_model(self.settings),
            clock=self.clock,
            home=self.settings.home,
            insight_index=LazyIndex(self),
            read_seconds=self.settings.read_seconds,
        )

    def at(self, clock: Clock) -> "Nurture":
        """The same product seen at another moment."""
        return replace(self, clock=clock)

    def with_own_connections(self) -> "Nurture":
        """The same product for work that must not wait for requests: it has a pool of connections to itself."""
        engine = open_engine(self.engine.url, beside=self.engine)
        sessions = open_sessions(engine)
        clock = WorldClock(sessions) if isinstance(self.clock, WorldClock) else self.clock
        return replace(self, engine=engine, sessions=sessions, clock=clock)

    async def aclose(self) -> None:
        """Let running turns end, then let go of files, locks and connections."""
        if "assistant" in self.__dict__:
            await self.assistant.aclose()
        self.close()

    def close(self) -> None:
        """Let go of files, locks and connections; for a product whose assistant was not used."""
        if "sign_in_desk" in self.__dict__:
            self.sign_in_desk.close()
        if "insight_index" in self.__dict__:
            self.insight_index.close()
        self.engine.dispose()


async def settle_interrupted(nurture: Nurture) -> None:
    """Answer what a killed server left without an answer. A start does not fail for it."""
    from agent.transcript import unanswered_threads

    def are_any() -> bool:
        with read_only(nurture.sessions) as session:
            return bool(unanswered_threads(session))

    try:
        # The assistant takes seconds to load, and hardly any start needs it.
        if await asyncio.to_thread(are_any):
            settled = await nurture.assistant.settle_interrupted()
            log.info("turns.settled", count=settled)
    except Exception as error:  # noqa: BLE001 - a task of its own, whose trouble nobody else hears of
        explain(error, "turns.not_settled")


@dataclass(frozen=True)
class LazyIndex:
    """The insight index, opened by the first question that needs it: most turns never do."""

    nurture: Nurture

    def search(self, query: str, limit: int = 5) -> "list[InsightHit]":
        return self.nurture.insight_index.search(query, limit)

    def rebuild(self, session: Session) -> int:
        return self.nurture.insight_index.rebuild(session)

    def close(self) -> None:
        """Left to the product, which opened it."""


class Schema(StrEnum):
    """What opening the product may do to the database's tables."""

    REQUIRE = "require"
    """Nothing: commands beside a server, whose version may be another one."""
    CREATE = "create"
    """Make them in an empty database: whoever begins a workspace."""
    MIGRATE = "migrate"
    """Bring them to this version: what is started to serve."""


_PREPARE: Mapping[Schema, Callable[[Engine], None]] = {
    Schema.REQUIRE: require_schema,
    Schema.CREATE: create_schema,
    Schema.MIGRATE: migrate,
}


def bootstrap(
    settings: Settings,
    *,
    clock: Clock | None = None,
    model: "ChosenModel | None" = None,
    schema: Schema = Schema.CREATE,
) -> Nurture:
    """Open the database and wire everything.

    Raises InvalidRequest when a file is no database, or a setting of a channel makes no sense; Conflict when the
    database has another schema than this code and `schema` does not allow to change it.
    """
    from crm.outreach.channels.channel_status import share_rate_limits

    metrics = Metrics()
    configure_logs(settings.log_level, metrics)
    adapters = _adapters(settings)
    database = sqlite_file(settings)
    if database is not None and database.parent == settings.home:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = open_engine(settings.resolved_database_url)
    _PREPARE[schema](engine)
    rights = make_private(settings)
    sessions = open_sessions(engine)
    share_rate_limits(adapters, sessions)
    metrics.registry.register(DatabaseGauges(sessions, SystemClock()))
    return Nurture(settings, engine, sessions, clock or WorldClock(sessions), adapters, metrics, model, rights)


def _adapters(settings: Settings) -> "ChannelAdapters":
    from crm.channels import SENDABLE_CHANNELS
    from crm.outreach.channels.opening import ChannelSetting, open_adapters

    return open_adapters(
        {
            channel: ChannelSetting(
                getattr(settings, f"channel_{channel}").get_secret_value(), getattr(settings, f"rate_{channel}")
            )
            for channel in SENDABLE_CHANNELS
        }
    )
