"""Who can write to the checkpoints' table cannot make the server build or call what he names there."""

import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import aiosqlite
import ormsgpack
import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.types import Interrupt
from pydantic import BaseModel

from agent.checkpoint_reader import StrictReader
from agent.checkpoint_store import CHECKPOINTS_FILE, open_checkpoint_store
from crm.database import Sessions

CONFIG: RunnableConfig = {"configurable": {"thread_id": "foreign", "checkpoint_ns": ""}}
BUILT: list[object] = []


@dataclass(frozen=True)
class Parcel:
    words: str

    def __post_init__(self) -> None:
        BUILT.append(self)


class Form(BaseModel):
    words: str

    def model_post_init(self, _context: object, /) -> None:
        BUILT.append(self)


class Colour(Enum):
    RED = "red"


class Pair(NamedTuple):
    left: str
    right: str


FOREIGN = [
    Parcel("boo"),
    Form(words="boo"),
    Colour.RED,
    Pair("a", "b"),
    [Parcel("deep")],
    {"a": {"b": Form(words="c")}},
]
OURS = [
    HumanMessage("多少会员？"),
    AIMessage("Many.", tool_calls=[{"name": "look", "args": {"subject": "tea"}, "id": "1"}]),
    ToolMessage("ok", tool_call_id="1"),
    Interrupt(value={"action_requests": []}, id="x"),
]


async def put(saver: BaseCheckpointSaver[Any], value: object) -> None:
    """A checkpoint that holds the value, as state and as a write that waits."""
    checkpoint = empty_checkpoint()
    checkpoint["channel_values"] = {"messages": value}
    checkpoint["channel_versions"] = {"messages": saver.get_next_version(None, None)}
    stored = await saver.aput(CONFIG, checkpoint, {}, checkpoint["channel_versions"])
    await saver.aput_writes(stored, [("messages", value)], "task")


async def values(saver: BaseCheckpointSaver[Any]) -> list[Any]:
    found = await saver.aget_tuple(CONFIG)
    assert found is not None
    return [found.checkpoint["channel_values"]["messages"], *(value for _, _, value in found.pending_writes or ())]


def kinds_in(value: Any) -> set[type]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return {type(value)}.union(*(kinds_in(one) for one in inner))


@pytest.mark.parametrize("value", FOREIGN, ids=lambda value: type(value).__name__)
async def test_a_foreign_type_in_a_checkpoint_stays_data(sessions: Sessions, tmp_path: Path, value: object) -> None:
    async with open_checkpoint_store(sessions.kw["bind"], tmp_path) as store:
        await put(store.saver, value)
        BUILT.clear()
        read = await values(store.saver)
    assert len(read) == 2
    assert kinds_in(read) <= {list, dict, str, tuple}
    assert not BUILT


async def test_what_a_conversation_holds_is_read_as_it_was(sessions: Sessions, tmp_path: Path) -> None:
    async with open_checkpoint_store(sessions.kw["bind"], tmp_path) as store:
        await put(store.saver, OURS)
        assert await values(store.saver) == [OURS, OURS]


async def test_a_foreign_type_in_a_file_of_an_older_server_is_not_moved_as_one(
    sessions: Sessions, tmp_path: Path
) -> None:
    async with aiosqlite.connect(tmp_path / CHECKPOINTS_FILE) as connection:
        old = AsyncSqliteSaver(connection)
        await old.setup()
        await put(old, [Parcel("boo"), HumanMessage("hello")])
    BUILT.clear()
    async with open_checkpoint_store(sessions.kw["bind"], tmp_path) as store:
        assert (await values(store.saver))[0] == [{"words": "boo"}, HumanMessage("hello")]
    assert not BUILT


@pytest.mark.parametrize(
    "named",
    [
        (0, ("os", "system", "touch {}")),
        (0, ("subprocess", "getoutput", "touch {}")),
        (0, ("builtins", "eval", "open('{}', 'w')")),
        (1, ("subprocess", "getoutput", ("touch {}",))),
        (2, ("subprocess", "Popen", {"args": "touch {}", "shell": True})),
        (3, ("subprocess", "sys", "touch {}", "exit")),
        (4, ("subprocess", "Popen", {"args": "touch {}", "shell": True})),
        (5, ("subprocess", "Popen", {"args": "touch {}", "shell": True}, "model_construct")),
    ],
    ids=str,
)
def test_no_function_is_called_that_a_checkpoint_names(tmp_path: Path, named: tuple[int, Any]) -> None:
    mark = tmp_path / "mark"
    code, call = named
    stored = ormsgpack.packb(ormsgpack.Ext(code, ormsgpack.packb(_with(call, str(mark)))))
    StrictReader().loads_typed(("msgpack", stored))
    assert not mark.exists()


def _with(value: Any, mark: str) -> Any:
    if isinstance(value, str):
        return value.replace("{}", mark)
    if isinstance(value, dict):
        return {key: _with(inner, mark) for key, inner in value.items()}
    return [_with(inner, mark) for inner in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("edition", [1, 2])
def test_json_stays_json_and_a_pickle_is_refused(edition: int) -> None:
    plain = {"lc": edition, "type": "constructor", "id": ["langchain_core", "documents", "Document"], "kwargs": {}}
    stored = ormsgpack.packb(plain)
    assert StrictReader().loads_typed(("msgpack", stored)) == plain
    assert StrictReader().loads_typed(("json", json.dumps(plain).encode())) == plain
    with pytest.raises(NotImplementedError):
        StrictReader().loads_typed(("pickle", b""))


def test_the_library_itself_would_have_built_it() -> None:
    """Else the tests above would hold whatever the reader does."""
    BUILT.clear()
    reader = JsonPlusSerializer()
    assert reader.loads_typed(reader.dumps_typed(FOREIGN[0])) == FOREIGN[0]
    assert BUILT
