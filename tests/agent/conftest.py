"""An assistant over probe tools and a scripted model, on real files that survive a new assistant."""

from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from agent.events import Event
from agent.model_calls import ChosenModel
from agent.runtime import Assistant
from crm.access.actor import Actor
from crm.access.models import Role
from crm.access.service import actor_for
from crm.clock import FixedClock
from crm.database import Sessions, unit_of_work
from tests.agent.probe_tools import PROBES
from tests.agent.scripted_model import Line, ScriptedModel
from tests.builders import make_account

MakeAssistant = Callable[..., Assistant]


def person(sessions: Sessions, role: Role, **changes: Any) -> Actor:
    with unit_of_work(sessions) as session:
        return actor_for(make_account(session, role=role, **changes))


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged; structlog's default would print every frame with its variables, which takes seconds."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
def operator(sessions: Sessions) -> Actor:
    return person(sessions, Role.OPERATIONS, display_name="Olive")


@pytest_asyncio.fixture
async def make_assistant(sessions: Sessions, tmp_path: Path, now: datetime) -> AsyncIterator[MakeAssistant]:
    """Makes assistants with a script; a second one on the same files is the process after a restart."""
    made: list[Assistant] = []

    def make(*lines: Line, model: ChosenModel | None = None, **changes: Any) -> Assistant:
        chosen = model or ChosenModel(ScriptedModel(lines=list(lines)), is_planner=True)
        values = {"sessions": sessions, "model": chosen, "clock": FixedClock(now), "home": tmp_path, "tools": PROBES}
        assistant = Assistant(**values | changes)
        made.append(assistant)
        return assistant

    yield make
    for assistant in made:
        await assistant.aclose()


async def hear(events: AsyncIterator[Event]) -> list[Event]:
    return [event async for event in events]


def only(events: list[Event], kind: type[Any]) -> Any:
    """The one event of this kind."""
    found = [event for event in events if isinstance(event, kind)]
    assert len(found) == 1, f"{len(found)} events of {kind.__name__} in {events}"
    return found[0]
