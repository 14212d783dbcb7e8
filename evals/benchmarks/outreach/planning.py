"""Times planning and launch of one campaign, and SQL written by hand for the same members, in turn."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from crm.access.policy import get_policy
from crm.database import Sessions
from crm.errors import Conflict
from crm.journeys.schedulers.planned import draft
from crm.journeys.schedulers.planned.draft import drafted
from crm.journeys.schedulers.planned.launch import launch_planned
from crm.members.models import Member
from crm.outreach.models import LEDGER, ExclusionReason, Message
from evals.benchmarks.outreach.journeys import bench_setting, journey
from evals.benchmarks.outreach.people import NOW
from evals.benchmarks.outreach.yardstick import (
    HOLDOUT_SHARE,
    OUTBOX,
    STEP_DAYS,
    Found,
    found_by_yardstick,
    outbox,
    run_ledger_yardstick,
    run_yardstick,
)

REPEATS = 5
_SPEC = journey("Planned", STEP_DAYS, holdout_share=HOLDOUT_SHARE)
_EVERYBODY = select(Member.id)
_LEFT_OUT_BY_BOTH = (
    ExclusionReason.SUPPRESSED,
    ExclusionReason.NO_CONSENT,
    ExclusionReason.UNREACHABLE,
    ExclusionReason.DUPLICATE_PERSON,
    ExclusionReason.DUPLICATE_ADDRESS,
)


@dataclass(frozen=True)
class Planning:
    """Medians in seconds, without the commit; messages that would go out."""

    members: int
    plan_seconds: float
    """Everybody's messages drafted and judged, as for a preview."""
    launch_seconds: float
    """The same, and written to the ledger, what is excluded with its reason."""
    yardstick_seconds: float
    """The campaign by hand, of which what goes out is written to a table of its own."""
    ledger_yardstick_seconds: float
    """The campaign by hand, written to the ledger like ours."""
    ledger_rows: int
    ledger_messages: int
    yardstick_messages: int
    found: Found
    """The same for both."""

    @property
    def plan_ratio(self) -> float:
        return self.plan_seconds / self.yardstick_seconds

    @property
    def launch_ratio(self) -> float:
        return self.launch_seconds / self.ledger_yardstick_seconds


def time_planning(sessions: Sessions, note: Callable[[str], None]) -> Planning:
    """Raises Conflict when the yardstick finds other people where the rules are the same."""
    engine: Engine = sessions.kw["bind"]
    with outbox(engine):
        found = _found(sessions)
        sizes = _sizes(sessions)
        works: dict[str, Callable[[Session], object]] = {
            "plan": _plan,
            "launch": _launch,
            "yardstick": lambda session: run_yardstick(session, get_policy(session)),
            "yardstick with the ledger": lambda session: run_ledger_yardstick(session, get_policy(session)),
        }
        spent: dict[str, list[float]] = {name: [] for name in works}
        for repeat in range(REPEATS + 1):
            for name, work in works.items():
                seconds = _undone_seconds(sessions, work)
                _clear_away(engine)
                if repeat:
                    spent[name].append(seconds)
            note(", ".join(f"{name} {times[-1]:.2f} s" for name, times in spent.items() if times) or "warmed up")
    with sessions() as session:
        members = session.scalar(select(func.count()).select_from(Member)) or 0
    return Planning(
        members=members,
        plan_seconds=median(spent["plan"]),
        launch_seconds=median(spent["launch"]),
        yardstick_seconds=median(spent["yardstick"]),
        ledger_yardstick_seconds=median(spent["yardstick with the ledger"]),
        **sizes,
        found=found,
    )


def _plan(session: Session) -> None:
    with drafted(session, _SPEC, _EVERYBODY, bench_setting(session)):
        pass


def _launch(session: Session) -> int:
    return launch_planned(session, _SPEC, _EVERYBODY, bench_setting(session), now=NOW).id


def _found(sessions: Sessions) -> Found:
    with sessions() as session:
        with drafted(session, _SPEC, _EVERYBODY, bench_setting(session)):
            columns = draft.MESSAGES.c
            stands = columns.reason.is_(None) | columns.reason.not_in([reason.value for reason in _LEFT_OUT_BY_BOTH])
            query = select(func.count(columns.member_id.distinct()), func.count()).where(stands)
            ours = Found(*session.execute(query).one())
        theirs = found_by_yardstick(session, get_policy(session))
        session.rollback()
    if ours != theirs:
        raise Conflict(f"{ours} before cap and holdout, but the yardstick has {theirs}")
    return ours


def _sizes(sessions: Sessions) -> dict[str, int]:
    with sessions() as session:
        mine = Message.journey_id == _launch(session)
        rows = session.scalar(select(func.count()).select_from(LEDGER).where(mine)) or 0
        passed = session.scalar(select(func.count()).select_from(LEDGER).where(mine, Message.reason.is_(None))) or 0
        run_yardstick(session, get_policy(session))
        theirs = session.scalar(select(func.count()).select_from(OUTBOX)) or 0
        session.rollback()
    return {"ledger_rows": rows, "ledger_messages": passed, "yardstick_messages": theirs}


def _undone_seconds(sessions: Sessions, work: Callable[[Session], Any]) -> float:
    with sessions() as session:
        session.connection()
        started = time.perf_counter()
        work(session)
        seconds = time.perf_counter() - started
        session.rollback()
    return seconds


def _clear_away(engine: Engine) -> None:
    """PostgreSQL keeps the rows of an undone transaction until a vacuum; the next one should not walk through them."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM messages, enrolments, journeys, message_links, member_changes"))
            connection.execute(text(f"VACUUM {OUTBOX.name}"))
