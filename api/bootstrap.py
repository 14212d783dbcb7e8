"""Wires the product once, for the server, the CLI, the evals and the tests alike."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from api.home import running_server
from crm.clock import Clock
from crm.database import Sessions, open_engine, open_sessions
from crm.errors import Unavailable
from crm.migrations import migrate
from crm.settings import Settings
from crm.workspace import WorldClock

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from agent.runtime import Assistant
    from crm.outreach.channels import ChannelAdapters
    from knowledge_base.index import InsightIndex


@dataclass(frozen=True)
class Nurture:
    """The parts of a running product. Heavy ones (vectors, agent) are opened when first asked for."""

    settings: Settings
    engine: Engine
    sessions: Sessions
    clock: Clock
    model: "BaseChatModel | None" = field(default=None, repr=False)
    """A chat model that replaces the one the settings choose (tests, evaluation)."""

    @cached_property
    def adapters(self) -> "ChannelAdapters":
        from crm.outreach.channels import default_adapters

        return default_adapters()

    @cached_property
    def insight_index(self) -> "InsightIndex":
        """The vector index: our own, or the running server's when it owns the folder."""
        from knowledge_base.index import RemoteIndex, open_index

        try:
            return open_index(self.settings.home, self.sessions)
        except Unavailable:
            server = running_server(self.settings)
            if server is None:
                raise
            return RemoteIndex(server.url, server.token)

    @cached_property
    def assistant(self) -> "Assistant":
        from agent.runtime import Assistant

        return Assistant(self)

    def at(self, clock: Clock) -> "Nurture":
        """The same product seen at another moment."""
        return replace(self, clock=clock)

    def close(self) -> None:
        opened = self.__dict__.get("insight_index")
        if opened is not None:
            opened.close()
        self.engine.dispose()


def bootstrap(settings: Settings, *, clock: Clock | None = None, model: "BaseChatModel | None" = None) -> Nurture:
    """Open (and migrate) the database and wire everything. Raises InvalidRequest when a file is no database."""
    engine = open_engine(settings.resolved_database_url)
    migrate(engine)
    sessions = open_sessions(engine)
    return Nurture(settings, engine, sessions, clock or WorldClock(sessions), model)
