"""Conversations with the assistant; its answers stream as server-sent events."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from api.auth import SignedIn, TheNurture
from api.bodies import Body
from api.stream import stream_events
from crm.bounds import Name

router = APIRouter(prefix="/api/threads", tags=["assistant"])
EVENT_STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}}


class ThreadView(BaseModel):
    id: str
    title: str
    created_at: datetime
    updated_at: datetime


class NewThread(BaseModel):
    id: str


class EntryView(BaseModel):
    id: int
    kind: str
    text: str
    payload: dict[str, Any]
    created_at: datetime
    is_open: bool


class Words(Body):
    text: str = Field(min_length=1, max_length=8_000)


class DecisionBody(Body):
    """Approve or reject a pending confirmation, or approve it with other arguments (`edit`)."""

    interrupt_id: Name
    decision: Literal["approve", "edit", "reject"]
    args: dict[str, Any] | None = None


@router.post("", status_code=201)
async def open_thread(actor: SignedIn, nurture: TheNurture) -> NewThread:
    return NewThread(id=await nurture.assistant.open_thread(actor))


@router.get("")
async def list_threads(actor: SignedIn, nurture: TheNurture) -> list[ThreadView]:
    return [ThreadView(**asdict(thread)) for thread in await nurture.assistant.list_threads(actor)]


@router.get("/{thread_id}")
async def show_thread(thread_id: str, actor: SignedIn, nurture: TheNurture) -> list[EntryView]:
    """Everything said and done, oldest first."""
    return [EntryView(**asdict(entry)) for entry in await nurture.assistant.transcript(actor, thread_id)]


@router.post("/{thread_id}/messages", responses=EVENT_STREAM, response_class=StreamingResponse)
async def say(thread_id: str, words: Words, actor: SignedIn, nurture: TheNurture) -> StreamingResponse:
    """Say something; the answer streams. A plain yes or no answers a pending confirmation."""
    return await stream_events(nurture.assistant.say(actor, thread_id, words.text))


@router.post("/{thread_id}/decisions", responses=EVENT_STREAM, response_class=StreamingResponse)
async def decide(thread_id: str, body: DecisionBody, actor: SignedIn, nurture: TheNurture) -> StreamingResponse:
    """Answer a pending confirmation."""
    return await stream_events(nurture.assistant.decide(actor, thread_id, body.interrupt_id, body.decision, body.args))
