"""Tools of every effect that write into the audit log, so that a test can count what was written."""

from datetime import UTC
from typing import Any

from pydantic import Field
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm.access import audit
from crm.access.actor import Permission
from crm.access.models import AuditEntry
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


LOOK = Tool("look", ProbeArgs, Effect.READ, Permission.READ_MEMBERS, _look, "Look at a subject.")
SKETCH = Tool("sketch", ProbeArgs, Effect.DRAFT, Permission.DRAFT_CAMPAIGN, _note, "Sketch a subject.")
NOTE = Tool("note", ProbeArgs, Effect.WRITE, Permission.OPERATE_CAMPAIGN, _note, "Note a subject.")
PUBLISH = Tool("publish", ProbeArgs, Effect.REACH, Permission.SUBMIT_CAMPAIGN, _reach, "Publish a subject.")

PROBES: tuple[Tool[Any], ...] = (LOOK, SKETCH, NOTE, PUBLISH)


def times_noted(session: Session, subject: str) -> int:
    query = select(func.count()).where(AuditEntry.action == "probe.noted", AuditEntry.subject == subject)
    return session.scalar(query) or 0
