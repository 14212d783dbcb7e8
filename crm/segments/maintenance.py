"""Keeps saved segments true: follows up what changed of members, and what the passing of days changes.

The cost is that of the change. A noted change is looked at once, for the members concerned and in the
segments that ask about it; a new day only touches those who have something on the days that windows
left or reached. Everyone is looked at again where one member's place depends on others (a limit, a top
share), after computations that write all rows anew, and after a failure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import delete, exists, func, insert, or_, select, union
from sqlalchemy.orm import Session

from crm.clock import local_day
from crm.database import Sessions, read_only, unit_of_work
from crm.errors import CrmError
from crm.fields import Catalog, Viewpoint
from crm.isolation import isolated
from crm.members.changes import Change, MemberChange, mark_members_changed
from crm.segments.definition import Definition, parse_definition
from crm.segments.dependencies import changes_that_concern, in_order_of_building, looks_at_everyone, segments_named
from crm.segments.evaluation import (
    CHANGE,
    EVALUATION_SECONDS,
    NOTED,
    PASSED,
    TOUCHED,
    Evaluation,
    confirm,
    evaluate,
    scope_for_all,
    work_tables,
)
from crm.segments.models import Segment
from crm.segments.scope import SegmentScope
from crm.segments.service import require_known_names
from crm.segments.time_invalidation import Members, crossings
from crm.workspace import get_workspace


@dataclass(frozen=True)
class Upkeep:
    """What one round did."""

    changes: int = 0
    """Noted changes that were followed up."""
    evaluations: tuple[Evaluation, ...] = ()
    failures: Mapping[str, str] = field(default_factory=dict)
    """Reasons by name of the segment."""

    @property
    def entered(self) -> int:
        return sum(done.entered for done in self.evaluations)

    @property
    def left(self) -> int:
        return sum(done.left for done in self.evaluations)

    def __add__(self, other: "Upkeep") -> "Upkeep":
        return Upkeep(
            self.changes + other.changes,
            self.evaluations + other.evaluations,
            {**self.failures, **other.failures},
        )


class EvaluationFailed(CrmError):
    """A segment could not be evaluated; what the transaction did is void."""

    code = "evaluation_failed"

    def __init__(self, segment: Segment, reason: str) -> None:
        super().__init__(f"{segment.name} could not be evaluated: {reason}")
        self.segment_id, self.reason = segment.id, reason


def refresh_segments(
    sessions: Sessions,
    now: datetime,
    *,
    catalog: Catalog,
    anew: frozenset[int] = frozenset(),
    wait: bool = False,
    seconds: float = EVALUATION_SECONDS,
) -> Upkeep:
    """Bring every saved segment up to `now`; does nothing when nothing changed. `anew`: segments to find afresh.

    One round at a time, whoever asks: with `wait` after the one under way, otherwise leaving it to that one.
    A segment that fails, or takes over `seconds`, keeps its members, says why, and is tried again on the next
    day or by hand.
    """
    with read_only(sessions) as session:
        if not anew and not is_due(session, now):
            return Upkeep()
    failures: dict[str, str] = {}
    while True:
        try:
            with unit_of_work(sessions) as session:
                done = maintain(session, now, catalog=catalog, anew=anew, wait=wait, seconds=seconds)
                return replace(done, failures=failures)
        except EvaluationFailed as failed:
            with unit_of_work(sessions) as session:
                failures[_mark_failed(session, failed, now)] = failed.reason
            anew -= {failed.segment_id}


def is_due(session: Session, now: datetime) -> bool:
    """Whether something changed that was not followed up, or a day has begun."""
    today = local_day(now, get_workspace(session).zone)
    is_noted, is_old = exists(select(MemberChange.id)), exists().where(Segment.evaluated_on != today)
    return bool(session.scalar(select(or_(is_noted, is_old))))


def maintain(
    session: Session,
    now: datetime,
    *,
    catalog: Catalog,
    anew: frozenset[int] = frozenset(),
    wait: bool = False,
    seconds: float = EVALUATION_SECONDS,
) -> Upkeep:
    """One round within the caller's transaction. Raises EvaluationFailed; then nothing may be committed."""
    segments = lock_segments(session, wait=wait)
    if segments is None:
        return Upkeep()
    scope = scope_for_all(session, now, catalog)
    with work_tables(session):
        round_ = _Round(session, scope, now, segments, _take_noted(session), anew, seconds)
        evaluations = [done for segment in round_.ordered() if (done := round_.attend(segment)) is not None]
        changes = session.scalar(select(func.count()).select_from(NOTED)) or 0
    return Upkeep(changes, tuple(evaluations))


def lock_segments(session: Session, *, wait: bool) -> list[Segment] | None:
    """All saved segments, held until the transaction ends: one round at a time. None when another holds some."""
    query = select(Segment).order_by(Segment.id).with_for_update(skip_locked=not wait)
    found = list(session.scalars(query.execution_options(populate_existing=True)))
    if not wait and len(found) < (session.scalar(select(func.count()).select_from(Segment)) or 0):
        return None
    return found


def refresh_one(session: Session, segment: Segment, now: datetime, *, catalog: Catalog, is_first: bool = False) -> None:
    """Find the members of one segment anew, over the segments that it builds on as they stand.

    Segments that build on it follow in the next round. Raises InvalidRequest or TimedOut; then nothing may be
    committed.
    """
    with work_tables(session):
        evaluate(session, segment, scope_for_all(session, now, catalog), now, is_first=is_first)
        if not is_first:
            mark_members_changed(session, select(PASSED.c.member_id), Change.SEGMENTS)


def _mark_failed(session: Session, failed: EvaluationFailed, now: datetime) -> str:
    segment = session.get_one(Segment, failed.segment_id, with_for_update=True)
    segment.failure, segment.evaluated_on = failed.reason, local_day(now, get_workspace(session).zone)
    return segment.name


def _take_noted(session: Session) -> frozenset[Change]:
    """Move the noted changes into `NOTED`, where this round alone has them; gives those that are of everyone.

    Taken row by row and not by number: on PostgreSQL a change with a smaller number may become visible later.
    """
    copied = ["id", "member_id", "what"]
    session.execute(insert(NOTED).from_select(copied, select(*(CHANGE.c[name] for name in copied))))
    session.execute(delete(CHANGE).where(CHANGE.c.id.in_(select(NOTED.c.id))))
    return frozenset(session.scalars(select(NOTED.c.what).where(NOTED.c.member_id.is_(None)).distinct()))


def _builds_on(segment: Segment) -> frozenset[str]:
    """The segments that one builds on; none for one that cannot be read, whose turn says so."""
    with isolated(f"segment:{segment.id}", known=segment.failure):
        return segments_named(segment.definition)
    return frozenset()


@dataclass(frozen=True)
class _Round:
    session: Session
    scope: SegmentScope
    now: datetime
    segments: list[Segment]
    of_everyone: frozenset[Change]
    anew: frozenset[int]
    seconds: float
    """For one evaluation."""

    def ordered(self) -> list[Segment]:
        by_name = {segment.name: segment for segment in self.segments}
        named = {name: _builds_on(segment) for name, segment in by_name.items()}
        return [by_name[name] for name in in_order_of_building(named)]

    def attend(self, segment: Segment) -> Evaluation | None:
        """Do for one segment what has to be done."""
        has_failed_today = segment.failure is not None and segment.evaluated_on == self.scope.today
        if has_failed_today and segment.id not in self.anew:
            return None
        done: Evaluation | None = None
        with isolated(f"segment:{segment.id}", known=segment.failure) as attempt:
            done = self._attend(segment)
        if attempt.reason is not None:
            raise EvaluationFailed(segment, attempt.reason) from attempt.error
        return done

    def _attend(self, segment: Segment) -> Evaluation | None:
        definition = parse_definition(segment.definition, self.scope.catalog)
        concerns = changes_that_concern(definition)
        crossed = self._crossed(segment, definition)
        if crossed is None or segment.failure is not None or segment.id in self.anew or concerns & self.of_everyone:
            return self._evaluate(segment, touched_only=False)
        if self._touch(segment, concerns, crossed):
            return self._evaluate(segment, touched_only=not looks_at_everyone(definition))
        if segment.evaluated_on != self.scope.today:
            require_known_names(self.session, definition)
            confirm(self.session, segment, self.scope, self.now)
        return None

    def _evaluate(self, segment: Segment, *, touched_only: bool) -> Evaluation:
        return evaluate(self.session, segment, self.scope, self.now, touched_only=touched_only, seconds=self.seconds)

    def _crossed(self, segment: Segment, definition: Definition) -> tuple[Members, ...] | None:
        """Whom the days since the last evaluation may have moved; None: anybody."""
        if segment.evaluated_on == self.scope.today:
            return ()
        before = Viewpoint(today=segment.evaluated_on, zone=self.scope.zone)
        return crossings(definition, before, self.scope.viewpoint)

    def _touch(self, segment: Segment, concerns: frozenset[Change], crossed: tuple[Members, ...]) -> bool:
        """Gather in `TOUCHED` who has to be looked at again; whether there is anybody."""
        names = _builds_on(segment)
        bases = [base.id for base in self.segments if base.name in names]
        changed = select(NOTED.c.member_id).where(NOTED.c.what.in_(concerns), NOTED.c.member_id.is_not(None))
        passed = select(PASSED.c.member_id).where(PASSED.c.segment_id.in_(bases))
        self.session.execute(delete(TOUCHED))
        self.session.execute(insert(TOUCHED).from_select(["member_id"], union(changed, passed, *crossed)))
        return self.session.scalar(select(TOUCHED.c.member_id).limit(1)) is not None
