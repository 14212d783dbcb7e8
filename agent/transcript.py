"""The conversation as people see it, in our own tables: a page is rebuilt from here alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from agent.events import CallStatus, ConfirmationAsked, ConfirmationDecided, ToolFinished
from agent.models import EntryKind, Thread, TranscriptEntry
from crm.access.actor import Actor
from crm.errors import NotFound
from tools.base import Effect

MAX_TITLE_CHARACTERS = 60
_UNFINISHED = (EntryKind.REQUEST, EntryKind.TOOL, EntryKind.DECISION)
"""After these something is still to come."""


@dataclass(frozen=True)
class ThreadSummary:
    id: str
    title: str
    """The first words said in it; empty for a new one."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Entry:
    """One thing in a conversation.

    `payload` by kind: request {}; answer {asked, refused, failed: a code or None};
    tool {call_id, name, effect, args, status, artifact, message};
    confirmation {interrupt_id, call_id, tool, args, summary, args_schema, mark};
    decision {interrupt_id, decision, edited_args}, its text says why when it was not the person who decided.
    """

    id: int
    kind: EntryKind
    text: str
    payload: dict[str, Any]
    created_at: datetime
    is_open: bool = False
    """A confirmation that still waits for its answer."""


def open_thread(session: Session, actor: Actor, now: datetime) -> str:
    """The id of a new, empty conversation of this person."""
    thread = Thread(id=uuid4().hex, account_id=actor.account_id, title="", created_at=now, updated_at=now)
    session.add(thread)
    session.flush()
    return thread.id


def list_threads(session: Session, actor: Actor, limit: int = 50) -> tuple[ThreadSummary, ...]:
    """The person's own conversations that hold words, the latest first."""
    query = select(Thread).where(Thread.account_id == actor.account_id, Thread.title != "")
    rows = session.scalars(query.order_by(Thread.updated_at.desc(), Thread.created_at.desc()).limit(limit))
    return tuple(ThreadSummary(row.id, row.title, row.created_at, row.updated_at) for row in rows)


def own_thread(session: Session, actor: Actor, thread_id: str) -> Thread:
    """Raises NotFound for a conversation that does not exist or belongs to somebody else, admins included."""
    thread = session.get(Thread, thread_id)
    if thread is None or thread.account_id != actor.account_id:
        raise NotFound("there is no such conversation of yours")
    return thread


def read_transcript(session: Session, actor: Actor, thread_id: str) -> tuple[Entry, ...]:
    """Everything said and done in a conversation, oldest first. Raises NotFound as `own_thread` does."""
    own_thread(session, actor, thread_id)
    query = select(TranscriptEntry).where(TranscriptEntry.thread_id == thread_id)
    rows = session.scalars(query.order_by(TranscriptEntry.id)).all()
    decided = {row.payload["interrupt_id"] for row in rows if row.kind is EntryKind.DECISION}
    return tuple(
        Entry(
            row.id,
            row.kind,
            row.text,
            row.payload,
            row.created_at,
            is_open=row.kind is EntryKind.CONFIRMATION and row.payload["interrupt_id"] not in decided,
        )
        for row in rows
    )


def last_request(session: Session, thread_id: str) -> str:
    """What the person last said; empty in a new conversation."""
    query = select(TranscriptEntry.text).where(
        TranscriptEntry.thread_id == thread_id, TranscriptEntry.kind == EntryKind.REQUEST
    )
    return session.scalar(query.order_by(TranscriptEntry.id.desc()).limit(1)) or ""


@dataclass(frozen=True)
class Question:
    """What a confirmation asked."""

    summary: str
    mark: str | None


def question_of(session: Session, thread_id: str, interrupt_id: str) -> Question | None:
    """What a confirmation said would happen; None when the process died before it was asked."""
    query = select(TranscriptEntry).where(
        TranscriptEntry.thread_id == thread_id, TranscriptEntry.kind == EntryKind.CONFIRMATION
    )
    for entry in session.scalars(query.order_by(TranscriptEntry.id.desc())):
        if entry.payload["interrupt_id"] == interrupt_id:
            return Question(entry.text, entry.payload.get("mark"))
    return None


def told_calls(session: Session, thread_id: str) -> set[str]:
    """Ids of the calls whose end the conversation holds already."""
    query = select(TranscriptEntry.payload["call_id"].as_string()).where(
        TranscriptEntry.thread_id == thread_id, TranscriptEntry.kind == EntryKind.TOOL
    )
    return set(session.scalars(query))


def unanswered_threads(session: Session) -> list[tuple[str, int]]:
    """Conversations that end with something a person said or decided, or a tool did, and their owners' accounts.

    A turn under way looks the same: whoever asks takes the conversation's lock first.
    """
    newest = select(func.max(TranscriptEntry.id)).group_by(TranscriptEntry.thread_id)
    query = (
        select(TranscriptEntry.thread_id, Thread.account_id)
        .join(Thread, Thread.id == TranscriptEntry.thread_id)
        .where(TranscriptEntry.id.in_(newest), TranscriptEntry.kind.in_(_UNFINISHED))
    )
    return [(thread_id, account_id) for thread_id, account_id in session.execute(query)]


def unanswered_request(session: Session, thread_id: str) -> str | None:
    """What the person last said, if nothing has answered it."""
    query = select(TranscriptEntry.kind).where(TranscriptEntry.thread_id == thread_id)
    newest = session.scalar(query.order_by(TranscriptEntry.id.desc()).limit(1))
    return last_request(session, thread_id) if newest in _UNFINISHED else None


def done_since_request(session: Session, thread_id: str) -> tuple[str, ...]:
    """The names of the tools that changed something since the person last said something, in order."""
    query = select(TranscriptEntry).where(TranscriptEntry.thread_id == thread_id)
    names: list[str] = []
    for entry in session.scalars(query.order_by(TranscriptEntry.id.desc())):
        if entry.kind is EntryKind.REQUEST:
            break
        if entry.kind is EntryKind.TOOL and _changed_something(entry):
            names.append(entry.payload["name"])
    return tuple(reversed(names))


def _changed_something(entry: TranscriptEntry) -> bool:
    was_done = entry.payload["status"] in (CallStatus.DONE, CallStatus.PENDING_APPROVAL)
    return was_done and entry.payload["effect"] != Effect.READ


def write_request(session: Session, thread_id: str, text: str, now: datetime) -> None:
    """What the person said. The first words become the title."""
    thread = session.get_one(Thread, thread_id)
    thread.title = thread.title or " ".join(text.split())[:MAX_TITLE_CHARACTERS]
    thread.updated_at = now
    _write(session, thread_id, EntryKind.REQUEST, text, {}, now)


def write_answer(
    session: Session,
    thread_id: str,
    text: str,
    now: datetime,
    *,
    asked: str | None = None,
    refused: str | None = None,
    failed: str | None = None,
) -> None:
    _write(session, thread_id, EntryKind.ANSWER, text, {"asked": asked, "refused": refused, "failed": failed}, now)


def write_tool(session: Session, thread_id: str, finished: ToolFinished, now: datetime) -> None:
    payload = {
        "call_id": finished.call_id,
        "name": finished.name,
        "effect": finished.effect,
        "args": dict(finished.args),
        "status": finished.status,
        "artifact": dict(finished.artifact) if finished.artifact is not None else None,
        "message": finished.message,
    }
    _write(session, thread_id, EntryKind.TOOL, finished.message or "", payload, now)


def write_confirmation(session: Session, thread_id: str, asked: ConfirmationAsked, now: datetime) -> None:
    payload = {
        "interrupt_id": asked.interrupt_id,
        "call_id": asked.call_id,
        "tool": asked.tool,
        "args": dict(asked.args),
        "summary": asked.summary,
        "args_schema": dict(asked.args_schema),
        "mark": asked.mark,
    }
    _write(session, thread_id, EntryKind.CONFIRMATION, asked.summary, payload, now)


def write_decision(session: Session, thread_id: str, decided: ConfirmationDecided, now: datetime) -> None:
    payload = {
        "interrupt_id": decided.interrupt_id,
        "decision": decided.decision,
        "edited_args": dict(decided.edited_args) if decided.edited_args is not None else None,
    }
    _write(session, thread_id, EntryKind.DECISION, decided.note or "", payload, now)


def _write(
    session: Session, thread_id: str, kind: EntryKind, text: str, payload: dict[str, Any], now: datetime
) -> None:
    session.add(TranscriptEntry(thread_id=thread_id, kind=kind, text=text, payload=payload, created_at=now))
    session.flush()
