"""Every tool there is, and which of them a person may use."""

from typing import Any

from crm.access.actor import Actor
from tools.base import Tool
from tools.segments import SEGMENT_TOOLS

TOOLS: tuple[Tool[Any], ...] = (*SEGMENT_TOOLS,)


def tools_for(actor: Actor) -> tuple[Tool[Any], ...]:
    """The tools that the person's role allows. `agent.desk` checks the same again on each call."""
    return tuple(tool for tool in TOOLS if actor.may(tool.permission))
