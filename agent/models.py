"""Conversations: the transcript that people see. The graph's checkpoints are apart and may be pruned."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.database import Base


class Thread(Base):
    __tablename__ = "threads"

    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    title: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class EntryKind(StrEnum):
    REQUEST = "request"
    ANSWER = "answer"
    TOOL = "tool"
    CONFIRMATION = "confirmation"
    DECISION = "decision"


class TranscriptEntry(Base):
    """One thing in a conversation: words, a tool call with its card, or a question for confirmation."""

    __tablename__ = "transcript_entries"
    __table_args__ = (Index(None, "thread_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id"))
    kind: Mapped[EntryKind]
    text: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Tool: name, effect, args, status, artifact. Confirmation: interrupt id, tool, args, summary."""
    created_at: Mapped[datetime]


class ToolEffect(Base):
    """A tool call that wrote something, with its result: the same call again returns it and writes nothing."""

    __tablename__ = "tool_effects"
    __table_args__ = (UniqueConstraint("thread_id", "call_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id"))
    call_id: Mapped[str]
    tool: Mapped[str]
    result: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
