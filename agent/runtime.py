"""The assistant: conversations of people with the agent, each turn a stream of events.

A turn runs in a task of its own, so that it ends and is written down even when its listener goes
away. One turn runs at a time in a conversation, over all processes that share the database.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from langchain_core.messages import HumanMessage
from langgraph.types import Command
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from agent import transcript
from agent.checkpoint_store import CheckpointStore, open_checkpoint_store
from agent.checkpoints import PendingConfirmation, pending_confirmations, thread_config
from agent.context import TurnContext
from agent.events import (
    Answered,
    CallStatus,
    ConfirmationDecided,
    Decision,
    Event,
    Failed,
    TextDelta,
    ToolFinished,
)
from agent.graph import Graph, build_graph
from agent.interrupted import interrupted_note
from agent.model_calls import ChosenModel
from agent.own_words import BROKE_OFF, FAULT, MOVED_ON, WHICH
from agent.plain_answer import answer_to
from agent.planner.language import language_of
from agent.repair import close_open_calls
from agent.tool_executor import ToolExecutor
from agent.transcript import Question
from agent.turn import Emit, TurnRun
from crm.access.actor import Actor
from crm.access.lookup import actor_of_account
from crm.bounds import checked_words
from crm.catalog import CATALOG
from crm.clock import Clock
from crm.database import Sessions, read_only, unit_of_work
from crm.errors import Conflict, CrmError, InvalidRequest, Unavailable
from crm.segments.language.vocabulary import Vocabulary, load_vocabulary
from crm.settings import READ_SECONDS
from crm.trouble import Fault, explain
from crm.workspace import get_workspace
from knowledge_base.port import InsightIndex
from tools.base import Effect, Language, Tool
from tools.registry import TOOLS

P = ParamSpec("P")
T = TypeVar("T")

MAX_REQUEST_CHARACTERS = 8_000


@dataclass(frozen=True)
class _Opened:
    """What exists once the assistant runs in an event loop."""

    graph: Graph
    store: CheckpointStore


class Assistant:
    """Conversations with the agent. Every method checks that the conversation belongs to the actor.

    Lives in one event loop: the first turn opens the checkpoints, `aclose` waits for running
    turns and closes them.
    """

    def __init__(
        self,
        *,
        sessions: Sessions,
        model: ChosenModel,
        clock: Clock,
        home: Path,
        insight_index: InsightIndex | None = None,
        tools: Sequence[Tool[Any]] = TOOLS,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._sessions = sessions
        self._model = model
        self._clock = clock
        self._home = home
        self._engine: Engine = sessions.kw["bind"]
        self._executor = ToolExecutor(
            tools,
            sessions,
            insight_index=insight_index,
            archive_folder=home / "archive",
            read_seconds=read_seconds,
        )
        self._resources = AsyncExitStack()
        self._opened: _Opened | None = None
        self._opening = asyncio.Lock()
        self._turns: set[asyncio.Task[None]] = set()
        self._vocabulary: Vocabulary | None = None

    async def aclose(self) -> None:
        """Let running turns end, then close the checkpoints."""
        await asyncio.gather(*self._turns, return_exceptions=True)
        await self._resources.aclose()
        self._opened = None

    async def open_thread(self, actor: Actor) -> str:
        """The id of a new conversation."""
        return await self._write(transcript.open_thread, actor, self._clock.now())

    async def list_threads(self, actor: Actor) -> tuple[transcript.ThreadSummary, ...]:
        """The person's own conversations, the latest first."""
        return await self._read(transcript.list_threads, actor)

    async def transcript(self, actor: Actor, thread_id: str) -> tuple[transcript.Entry, ...]:
        """Everything said and done, oldest first. Raises NotFound for somebody else's conversation."""
        return await self._read(transcript.read_transcript, actor, thread_id)

    async def say(
        self, actor: Actor, thread_id: str, text: str, *, now: datetime | None = None
    ) -> AsyncIterator[Event]:
        """One message of the person and everything that follows from it.

        A plain yes or no answers the pending confirmations; any other message first drops them.
        Raises NotFound for somebody else's conversation and InvalidRequest for an empty or huge message.
        """
        if not text.strip():
            raise InvalidRequest("the message is empty; say what you would like to know or do")
        checked_words(text, what="message", most=MAX_REQUEST_CHARACTERS)
        turn = await self._read(self._turn, actor, thread_id, language_of(text), now or self._clock.now())
        async for event in self._in_own_task(turn, lambda emit: self._answer(turn, text, emit)):
            yield event

    async def decide(
        self,
        actor: Actor,
        thread_id: str,
        interrupt_id: str,
        decision: Decision,
        edited_args: Mapping[str, Any] | None = None,
        *,
        now: datetime | None = None,
    ) -> AsyncIterator[Event]:
        """Answer one pending confirmation; with `edit`, the call runs with `edited_args` instead.

        Raises NotFound for somebody else's conversation, Conflict when the question was answered
        already, InvalidRequest when the edited arguments do not fit; then it can be answered again.
        """
        language = language_of(await self._read(transcript.last_request, thread_id))
        turn = await self._read(self._turn, actor, thread_id, language, now or self._clock.now())

        async def work(emit: Emit) -> None:
            await self._decide(turn, interrupt_id, decision, edited_args, emit)

        async for event in self._in_own_task(turn, work):
            yield event

    async def settle_interrupted(self) -> int:
        """Answer the requests that a killed process left without a word; how many there were.

        Those that another process answers at this moment are left to it.
        """
        opened = await self._open()
        settled = 0
        for thread_id, account_id in await self._read(transcript.unanswered_threads):
            try:
                async with opened.store.lock(thread_id, wait_seconds=0):
                    settled += await self._settle(opened, thread_id, account_id)
            except Unavailable:
                continue
        return settled

    async def _settle(self, opened: _Opened, thread_id: str, account_id: int) -> bool:
        said = await self._read(transcript.unanswered_request, thread_id)
        actor = await self._read(actor_of_account, account_id)
        if said is None or actor is None:
            return False
        turn = await self._read(self._turn, actor, thread_id, language_of(said), self._clock.now())
        await self._withdraw(opened, turn, await self._pending(opened, turn), BROKE_OFF, lambda _event: None)
        done = await self._read(transcript.done_since_request, thread_id)
        words = interrupted_note(done, turn.language)
        await self._write(transcript.write_answer, thread_id, words, turn.now, failed="interrupted")
        return True

    async def _answer(self, turn: TurnContext, text: str, emit: Emit) -> None:
        opened = await self._open()
        pending = await self._pending(opened, turn)
        await self._write(transcript.write_request, turn.thread_id, text, turn.now)
        questions = await self._questions(turn, pending)
        # A question that the process died before asking was never seen, so no words can answer it.
        was_asked = len(questions) == len(pending)
        answer = answer_to(text, len(pending)) if pending and was_asked else None
        if answer is None:
            notes = await self._withdraw(opened, turn, pending, MOVED_ON, emit)
            await self._run(opened, turn, {"messages": [HumanMessage(text)]}, emit, preface=notes)
            return
        if not answer.meant:
            await self._ask_which(turn, [questions[each.call.call_id].summary for each in pending], emit)
            return
        decision: Decision = "approve" if answer.is_yes else "reject"
        meant = [pending[index] for index in answer.meant]
        for confirmation in meant:
            await self._decided(turn, confirmation, ConfirmationDecided(confirmation.interrupt_id, decision), emit)
        resume: Command[Any] = Command(resume={each.interrupt_id: {"type": decision} for each in meant})
        await self._run(opened, _going_on(turn, pending, questions), resume, emit)

    async def _ask_which(self, turn: TurnContext, summaries: Sequence[str], emit: Emit) -> None:
        """Several questions wait and the person said yes: one yes answers one question."""
        listed = "\n".join(f"{number}. {summary}" for number, summary in enumerate(summaries, start=1))
        words = WHICH[turn.language].format(listed=listed)
        await self._write(transcript.write_answer, turn.thread_id, words, turn.now, asked=words)
        emit(TextDelta(words))
        emit(Answered(words, asked=words))

    async def _questions(self, turn: TurnContext, pending: Sequence[PendingConfirmation]) -> dict[str, Question]:
        """What the person was asked about each waiting call, by call id; without those that were never asked."""
        found = {}
        for each in pending:
            question = await self._read(transcript.question_of, turn.thread_id, each.interrupt_id)
            if question is not None:
                found[each.call.call_id] = question
        return found

    async def _decide(
        self,
        turn: TurnContext,
        interrupt_id: str,
        decision: Decision,
        edited_args: Mapping[str, Any] | None,
        emit: Emit,
    ) -> None:
        opened = await self._open()
        pending = {each.interrupt_id: each for each in await self._pending(opened, turn)}
        confirmation = pending.get(interrupt_id)
        if confirmation is None:
            raise Conflict("this question was answered or withdrawn already")
        answer: dict[str, Any] = {"type": decision}
        if decision == "edit":
            edited = replace(confirmation.call, args=dict(edited_args or {}))
            await asyncio.to_thread(self._executor.dry_run, turn, edited)
            answer["edited_action"] = {"name": edited.name, "args": edited.args}
        decided = ConfirmationDecided(interrupt_id, decision, edited_args=answer.get("edited_action", {}).get("args"))
        await self._decided(turn, confirmation, decided, emit)
        questions = await self._questions(turn, [*pending.values()])
        going_on = _going_on(turn, [*pending.values()], questions)
        await self._run(opened, going_on, Command(resume={interrupt_id: answer}), emit)

    async def _run(
        self,
        opened: _Opened,
        turn: TurnContext,
        given: Mapping[str, Any] | Command[Any],
        emit: Emit,
        *,
        preface: str = "",
    ) -> None:
        """Run the graph; an expected failure and a fault of ours both leave the conversation usable."""
        run = TurnRun(opened.graph, self._executor, self._sessions, turn, emit)
        try:
            await run.run(given, preface=preface)
        except CrmError as error:
            await self._break_off(opened, turn, Failed(error.code, error.message), emit)
        except Exception as error:  # noqa: BLE001 - the edge at which a bug is logged, once
            # Neither the model nor the person is shown any of it.
            told = explain(error, "turn.failed", thread_id=turn.thread_id)
            words = FAULT[turn.language].format(fault=told.number) if isinstance(told, Fault) else told.message
            await self._break_off(opened, turn, Failed(told.code, words), emit)
        if not await self._pending(opened, turn):
            await opened.store.prune(turn.thread_id)

    async def _break_off(self, opened: _Opened, turn: TurnContext, failed: Failed, emit: Emit) -> None:
        await self._withdraw(opened, turn, await self._pending(opened, turn), BROKE_OFF, emit)
        await self._write(transcript.write_answer, turn.thread_id, failed.message, turn.now, failed=failed.code)
        emit(failed)

    async def _withdraw(
        self,
        opened: _Opened,
        turn: TurnContext,
        pending: Sequence[PendingConfirmation],
        why: Mapping[Language, str],
        emit: Emit,
    ) -> str:
        """Close every call that has no result, those that wait for the person included; returns what to say of it."""
        notes = []
        for confirmation in pending:
            question = await self._read(transcript.question_of, turn.thread_id, confirmation.interrupt_id)
            note = why[turn.language].format(summary=question.summary if question else confirmation.call.name)
            decided = ConfirmationDecided(confirmation.interrupt_id, "reject", note=note)
            await self._decided(turn, confirmation, decided, emit)
            notes.append(note)
        # A call may have ended and been told before its sibling broke the graph off.
        told = await self._read(transcript.told_calls, turn.thread_id)
        for finished in await close_open_calls(opened.graph, self._executor, turn):
            if finished.status is not CallStatus.REJECTED and finished.call_id not in told:
                await self._write(transcript.write_tool, turn.thread_id, finished, turn.now)
                emit(finished)
        return "".join(f"{note}\n\n" for note in notes)

    async def _decided(
        self, turn: TurnContext, confirmation: PendingConfirmation, decided: ConfirmationDecided, emit: Emit
    ) -> None:
        """Note and tell a decision; a rejected call is over with it."""
        await self._write(transcript.write_decision, turn.thread_id, decided, turn.now)
        emit(decided)
        if decided.decision == "reject":
            call = confirmation.call
            finished = ToolFinished(call.call_id, call.name, Effect.WRITE, call.args, CallStatus.REJECTED)
            await self._write(transcript.write_tool, turn.thread_id, finished, turn.now)
            emit(finished)

    async def _pending(self, opened: _Opened, turn: TurnContext) -> tuple[PendingConfirmation, ...]:
        return pending_confirmations(await opened.graph.aget_state(thread_config(turn.thread_id)))

    async def _in_own_task(self, turn: TurnContext, work: Callable[[Emit], Awaitable[None]]) -> AsyncIterator[Event]:
        """The events of `work`, which runs under the conversation's lock and to its end, listened to or not."""
        events: asyncio.Queue[Event | None] = asyncio.Queue()

        async def locked() -> None:
            try:
                async with (await self._open()).store.lock(turn.thread_id):
                    await work(events.put_nowait)
            finally:
                events.put_nowait(None)

        task = asyncio.create_task(locked())
        self._turns.add(task)
        task.add_done_callback(self._turns.discard)
        while (event := await events.get()) is not None:
            yield event
        await task

    async def _open(self) -> _Opened:
        async with self._opening:
            if self._opened is None:
                store = await self._resources.enter_async_context(open_checkpoint_store(self._engine, self._home))
                self._opened = _Opened(build_graph(self._model, self._executor, store.saver), store)
            return self._opened

    def _turn(self, session: Session, actor: Actor, thread_id: str, language: Language, now: datetime) -> TurnContext:
        transcript.own_thread(session, actor, thread_id)
        workspace = get_workspace(session)
        return TurnContext(
            actor=actor,
            now=now,
            thread_id=thread_id,
            language=language,
            zone=workspace.zone,
            currency=workspace.currency,
            vocabulary=self._current_vocabulary(session),
        )

    def _current_vocabulary(self, session: Session) -> Vocabulary:
        """The names in use now. While they stay the same it is one object, which keeps what was worked out from it."""
        vocabulary = load_vocabulary(session, CATALOG)
        if self._vocabulary is None or vocabulary != self._vocabulary:
            self._vocabulary = vocabulary
        return self._vocabulary

    async def _read(self, ask: Callable[Concatenate[Session, P], T], *args: P.args, **more: P.kwargs) -> T:
        def on_one_snapshot() -> T:
            with read_only(self._sessions) as session:
                return ask(session, *args, **more)

        return await asyncio.to_thread(on_one_snapshot)

    async def _write(self, change: Callable[Concatenate[Session, P], T], *args: P.args, **more: P.kwargs) -> T:
        def in_one_transaction() -> T:
            with unit_of_work(self._sessions) as session:
                return change(session, *args, **more)

        return await asyncio.to_thread(in_one_transaction)


def _going_on(
    turn: TurnContext, pending: Sequence[PendingConfirmation], questions: Mapping[str, Question]
) -> TurnContext:
    """The turn that resumes a run: it knows which calls the person was asked about, and what was shown."""
    marks = {each.call.call_id: questions.get(each.call.call_id) for each in pending}
    return replace(turn, asked={call_id: question.mark if question else None for call_id, question in marks.items()})
