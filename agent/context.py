"""What a turn runs with. LangGraph does not store it, so it is passed on every call; without it, tools refuse."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from crm.access.actor import Actor
from crm.clock import local_day
from crm.segments.language.vocabulary import Vocabulary
from tools.base import Language


@dataclass(frozen=True)
class TurnContext:
    """Who speaks, when, in which thread and language, and what the words of this workspace are."""

    actor: Actor
    now: datetime
    thread_id: str
    language: Language
    zone: ZoneInfo
    currency: str
    vocabulary: Vocabulary
    asked: Mapping[str, str | None] = field(default_factory=dict)
    """Calls that the person was asked about and that this run goes on with, by their ids, each with the mark of what
    the question showed. A call among them runs only when the answer was yes."""

    @property
    def today(self) -> date:
        return local_day(self.now, self.zone)
