"""Journeys as people speak of them: one line for each, whatever its versions."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.journeys.lookup import STARTED
from crm.journeys.schedulers.planned.persons import people_where
from crm.journeys.views import JourneyLine, list_journeys
from crm.outreach.models import EndReason, Enrolment, EnrolmentState, Journey, JourneyState


@dataclass(frozen=True)
class JourneySummary:
    """Counts are people in all versions together, each counted once (decision 17)."""

    name: str
    newest: JourneyLine
    started: JourneyLine | None
    """The version that members entered last; None before the first start."""
    versions: int
    under_way: int
    entered: int
    left: int
    """Those who entered and are not under way: walked through, let out early, or stopped with the journey."""

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
    people = _people(session)
    found = [_summary(list(versions), *people.get(name, (0, 0))) for name, versions in groupby(lines, key=_name)]
    return sorted(found, key=lambda each: -each.newest.journey_id)


def _name(line: JourneyLine) -> str:
    return line.name


def _people(session: Session) -> dict[str, tuple[int, int]]:
    """How many people entered each journey, and how many of them are under way."""
    counts = (people_where(), people_where(Enrolment.state == EnrolmentState.ACTIVE))
    query = select(Journey.name, *counts).join_from(Enrolment, Journey, Journey.id == Enrolment.journey_id)
    found = session.execute(query.where(Journey.is_walked).group_by(Journey.name))
    return {name: (entered, under_way) for name, entered, under_way in found}


def _summary(versions: list[JourneyLine], entered: int, under_way: int) -> JourneySummary:
    return JourneySummary(
        name=versions[0].name,
        newest=versions[0],
        started=next((line for line in versions if line.activated_at is not None), None),
        versions=len(versions),
        under_way=under_way,
        entered=entered,
        left=entered - under_way,
    )
