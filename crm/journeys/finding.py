"""Finding whatever sends by id, by name, or by what somebody remembers of the name."""

from collections.abc import Callable, Mapping

from rapidfuzz import fuzz, process
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.bounds import row_id
from crm.errors import Ambiguous, NotFound
from crm.journeys.lookup import STARTED, get_journey, versions_of
from crm.outreach.models import Journey, JourneyKind

_NEAR_SCORE = 60
"""Similarity (0 to 100) from which a name is worth offering when none fits."""


def find_id(name_or_id: str | int, ids: Mapping[str, int], kind: JourneyKind, is_id: Callable[[int], bool]) -> int:
    """By exact name (in any case), by id, or by the only name that contains the words.

    Raises Ambiguous when several names do, NotFound with the near names when none does.
    """
    text = str(name_or_id).strip()
    exact = [name for name in ids if name.casefold() == text.casefold()]
    if exact:
        return ids[exact[0]]
    if (number := row_id(text)) is not None and is_id(number):
        return number
    containing = sorted(name for name in ids if text.casefold() in name.casefold()) if text else []
    if len(containing) == 1:
        return ids[containing[0]]
    if containing:
        raise Ambiguous(f"several {kind}s are called something like {text!r}", candidates=tuple(containing))
    near = process.extract(text, list(ids), scorer=fuzz.WRatio, limit=3, score_cutoff=_NEAR_SCORE)
    candidates = tuple(name for name, _, _ in near)
    meant = f"; did you mean {' or '.join(candidates)}?" if candidates else ""
    raise NotFound(f"there is no {kind} called {text!r}{meant}", candidates=candidates)


def find_version(session: Session, name_or_id: str) -> Journey:
    """One version by its id; by name the newest."""
    rows = session.execute(select(Journey.id, Journey.name).where(Journey.is_walked).order_by(Journey.version)).all()
    numbers = {row.id for row in rows}
    newest = {row.name: row.id for row in rows}
    return get_journey(session, find_id(name_or_id, newest, JourneyKind.JOURNEY, numbers.__contains__))


def find_versions(session: Session, name_or_id: str) -> list[Journey]:
    """By name every version, the newest first; by id that one. Raises as `find_version`."""
    found = find_version(session, name_or_id)
    text = name_or_id.strip()
    is_by_id = row_id(text) == found.id and found.name.casefold() != text.casefold()
    return [found] if is_by_id else versions_of(session, found.name)


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
