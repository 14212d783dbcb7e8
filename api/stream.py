"""The assistant's events as server-sent events (HTML standard, section 9.2)."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import asdict

from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from agent.events import Event, Failed
from crm.errors import CrmError

_JSON = TypeAdapter(object)
_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


def event_name(event: Event) -> str:
    """`ToolFinished` is sent as `tool_finished`."""
    return _WORD_START.sub("_", type(event).__name__).lower()


async def stream_events(events: AsyncIterator[Event]) -> StreamingResponse:
    """A streamed answer. An error before the first event becomes an ordinary problem+json answer."""
    first = await anext(events, None)
    return StreamingResponse(
        _lines(first, events), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


async def _lines(first: Event | None, rest: AsyncIterator[Event]) -> AsyncIterator[str]:
    if first is not None:
        yield _line(first)
    try:
        async for event in rest:
            yield _line(event)
    except CrmError as error:
        yield _line(Failed(error.code, error.message))


def _line(event: Event) -> str:
    data = json.dumps(_JSON.dump_python(asdict(event), mode="json"), ensure_ascii=False)
    return f"event: {event_name(event)}\ndata: {data}\n\n"
