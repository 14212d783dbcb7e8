"""Conversations that a server on PostgreSQL kept in a file of its own, before the database held them."""

from itertools import groupby
from pathlib import Path

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from agent.checkpoint_reader import StrictReader

MOVED_SUFFIX = ".moved"


async def move_into_database(file: Path, saver: BaseCheckpointSaver[str]) -> int:
    """Copy the newest state of each conversation, with the questions that wait in it; says how many.

    The file is renamed afterwards. A conversation that the database knows already stays as it is there.
    """
    if not file.exists():
        return 0
    moved = 0
    async with aiosqlite.connect(file, timeout=30) as connection:
        old = AsyncSqliteSaver(connection, serde=StrictReader())
        await old.setup()
        async with connection.execute("SELECT DISTINCT thread_id FROM checkpoints") as cursor:
            threads = [str(row[0]) for row in await cursor.fetchall()]
        for thread_id in threads:
            config: RunnableConfig = {"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}}
            newest = await old.aget_tuple(config)
            if newest is not None and await saver.aget_tuple(config) is None:
                await _copy(newest, config, saver)
                moved += 1
    file.rename(file.with_name(file.name + MOVED_SUFFIX))
    return moved


async def _copy(state: CheckpointTuple, config: RunnableConfig, saver: BaseCheckpointSaver[str]) -> None:
    checkpoint = state.checkpoint
    stored = await saver.aput(config, checkpoint, state.metadata, checkpoint["channel_versions"])
    for task_id, writes in groupby(state.pending_writes or (), key=lambda write: write[0]):
        await saver.aput_writes(stored, [(channel, value) for _task, channel, value in writes], task_id)
