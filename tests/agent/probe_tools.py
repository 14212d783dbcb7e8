"""Tools of every effect that write into the audit log, so that a test can count what was written."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import Field
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm.access import audit
from crm.access.actor import Permission
from crm.access.confirmed import mark_of, require_confirmed
from crm.access.models import AuditEntry
from crm.database import Sessions, unit_of_work
from crm.errors import Conflict
from tools.base import Effect, Tool, ToolArgs, ToolContext, ToolResult

ENDLESS = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000000) SELECT count(*) FROM n"
)
"""A query that would run for hours."""


class ProbeArgs(ToolArgs):
    subject: str = Field(min_length=1, max_length=20)
    amount: int = Field(default=1, ge=1)


def _note(ctx: ToolContext, args: ProbeArgs) -> ToolResult:
    if args.subject == "crash":
        raise ZeroDivisionError("a secret in a traceback")
    if args.subject == "impossible":
        raise Conflict("the probe cannot do the impossible")
    audit.record(ctx.session, now=ctx.now.astimezone(UTC), actor=ctx.actor, action="probe.noted", subject=args.subject)
    summary = f"Note {args.subject} {args.amount} times."
    return ToolResult(
        content={"noted": args.subject, "amount": args.amount, "summary": summary}, artifact={"card": args.subject}
    )


def _look(ctx: ToolContext, args: ProbeArgs) -> ToolResult:
    if args.subject == "crash":
        raise ZeroDivisionError("a secret in a traceback")
    if args.subject == "everything":
        ctx.session.execute(ENDLESS)
    return ToolResult(content={"seen": args.subject, "count": 42, "share": 0.125}, artifact={"card": args.subject})


def _reach(ctx: ToolContext, args: ProbeArgs) -> ToolResult:
    result = _note(ctx, args)
    return ToolResult(
        content={**result.content, "summary": f"{args.subject} waits for approval"},
        artifact=result.artifact,
        approval_id=7,
    )


def settle(sessions: Sessions, subject: str, *, is_settled: bool) -> None:
    """Others rely on the subject from now on, or not any more."""
    action = "probe.settled" if is_settled else "probe.unsettled"
    with unit_of_work(sessions) as session:
        audit.record(session, now=datetime(2026, 6, 1, tzinfo=UTC), actor=None, action=action, subject=subject)


def _standing(session: Session, subject: str) -> AuditEntry | None:
    query = select(AuditEntry).where(AuditEntry.action.like("probe.%settled"), AuditEntry.subject == subject)
    return session.scalar(query.order_by(AuditEntry.id.desc()).limit(1))


def _shape(ctx: ToolContext, args: ProbeArgs) -> ToolResult:
    standing = _standing(ctx.session, args.subject)
    mark = mark_of(standing.action, {"entry": standing.id}) if standing else "new"
    if _effect_of_shaping(ctx, args) is Effect.WRITE:
        require_confirmed(ctx.confirmed, mark=mark, why=f"{args.subject} is settled", name=args.subject)
    return replace(_note(ctx, args), mark=mark)


def _effect_of_shaping(ctx: ToolContext, args: ProbeArgs) -> Effect:
    standing = _standing(ctx.session, args.subject)
    return Effect.WRITE if standing is not None and standing.action == "probe.settled" else Effect.DRAFT


LOOK = Tool("look", ProbeArgs, Effect.READ, Permission.READ_MEMBERS, _look, "Look at a subject.")
SKETCH = Tool("sketch", ProbeArgs, Effect.DRAFT, Permission.DRAFT_CAMPAIGN, _note, "Sketch a subject.")
NOTE = Tool("note", ProbeArgs, Effect.WRITE, Permission.OPERATE_CAMPAIGN, _note, "Note a subject.")
PUBLISH = Tool("publish", ProbeArgs, Effect.REACH, Permission.SUBMIT_CAMPAIGN, _reach, "Publish a subject.")

SHAPE = Tool(
    "shape",
    ProbeArgs,
    Effect.DRAFT,
    Permission.DRAFT_CAMPAIGN,
    _shape,
    "Shape a subject.",
    effect_of=_effect_of_shaping,
)

PROBES: tuple[Tool[Any], ...] = (LOOK, SKETCH, NOTE, PUBLISH)


def times_noted(session: Session, subject: str) -> int:
    query = select(func.count()).where(AuditEntry.action == "probe.noted", AuditEntry.subject == subject)
    return session.scalar(query) or 0
