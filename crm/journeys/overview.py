"""Journeys as people speak of them: one line for each, whatever its versions."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.journeys.lookup import STARTED
from crm.journeys.views import JourneyLine, list_journeys
from crm.outreach.models import EndReason, JourneyState


@dataclass(frozen=True)
class JourneySummary:
    """Counts are enrolments in all versions."""

    name: str
    newest: JourneyLine
    started: JourneyLine | None
    """The version that members entered last; None before the first start."""
    versions: int
    under_way: int
    entered: int
    left: int
    """Walked through, let out early, or stopped with the journey."""

    @property
    def state(self) -> JourneyState:
        """Running or resting if a version is; else that of the newest."""
        return self._telling.state

    @property
    def end_reason(self) -> EndReason | None:
        return self._telling.end_reason

    @property
    def _telling(self) -> JourneyLine:
        started = self.started
        return started if started is not None and started.state in STARTED else self.newest

    @property
    def has_draft(self) -> bool:
        """Whether a version waits that is newer than the one that runs."""
        return self.started is not None and self.newest.version != self.started.version

    @property
    def activated_at(self) -> datetime | None:
        return self.started.activated_at if self.started is not None else None


def summarise(session: Session, *, actor: Actor) -> list[JourneySummary]:
    """Every journey, the one written to last first."""
    lines = sorted(list_journeys(session, actor=actor), key=lambda line: (line.name, -line.version))
    found = [_summary(list(versions)) for _, versions in groupby(lines, key=lambda line: line.name)]
    return sorted(found, key=lambda each: -each.newest.journey_id)


def _summary(versions: list[JourneyLine]) -> JourneySummary:
    under_way = sum(line.under_way for line in versions)
    left = sum(line.completed + line.exited + line.stopped for line in versions)
    return JourneySummary(
        name=versions[0].name,
        newest=versions[0],
        started=next((line for line in versions if line.activated_at is not None), None),
        versions=len(versions),
        under_way=under_way,
        entered=under_way + left,
        left=left,
    )
