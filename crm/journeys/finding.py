"""Finding journeys by id, by name, or by what somebody remembers of the name."""

from collections.abc import Callable

from rapidfuzz import fuzz, process
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.bounds import row_id
from crm.errors import Ambiguous, NotFound
from crm.journeys.lookup import STARTED, get_journey, versions_of
from crm.outreach.models import Journey

_NEAR_SCORE = 60
"""Similarity (0 to 100) from which a name is worth offering when none fits."""


def find_version(session: Session, name_or_id: str) -> Journey:
    """By id one version; by name, in any case, or by the only name that contains the words, the newest version.

    Raises Ambiguous when several names do, NotFound with the near names when none does.
    """
    text = name_or_id.strip()
    names = list(session.scalars(select(Journey.name).where(Journey.is_walked).distinct().order_by(Journey.name)))
    exact = [name for name in names if name.casefold() == text.casefold()]
    if exact:
        return versions_of(session, exact[0])[0]
    if (journey_id := row_id(text)) is not None:
        return get_journey(session, journey_id)
    containing = [name for name in names if text.casefold() in name.casefold()] if text else []
    if len(containing) == 1:
        return versions_of(session, containing[0])[0]
    if containing:
        raise Ambiguous(f"several journeys are called something like {text!r}", candidates=tuple(containing))
    near = process.extract(text, names, scorer=fuzz.WRatio, limit=3, score_cutoff=_NEAR_SCORE)
    candidates = tuple(name for name, _, _ in near)
    meant = f"; did you mean {' or '.join(candidates)}?" if candidates else ""
    raise NotFound(f"there is no journey called {text!r}{meant}", candidates=candidates)


def find_running(session: Session, name_or_id: str) -> Journey:
    """The version that was started last, of a journey of which a newer draft may exist; else the newest."""
    return _first(session, find_version(session, name_or_id), lambda version: version.state in STARTED)


def find_started(session: Session, name_or_id: str) -> Journey:
    """The version that was started last, even if it has ended; else the newest."""
    return _first(session, find_version(session, name_or_id), lambda version: version.activated_at is not None)


def _first(session: Session, journey: Journey, fits: Callable[[Journey], bool]) -> Journey:
    if fits(journey):
        return journey
    return next((version for version in versions_of(session, journey.name) if fits(version)), journey)
