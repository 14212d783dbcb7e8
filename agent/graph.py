"""The agent's graph: a model in a loop with tools, and what stands between them.

A tool call passes, from the outside in: `CheckCalls` (rights, arguments, possible at all), the
confirmation by a person (WRITE tools only), `RunCalls` (arguments again, one transaction, once).
"""

from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import AgentState, HumanInTheLoopMiddleware
from langchain.agents.middleware.human_in_the_loop import InterruptOnConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph

from agent.context import TurnContext
from agent.desk import ToolDesk
from agent.guard import CheckCalls, RunCalls, declare
from agent.model_calls import CallModel, ChosenModel
from tools.base import Effect

Graph = CompiledStateGraph[AgentState[Any], TurnContext, Any, Any]


def build_graph(model: ChosenModel, desk: ToolDesk, checkpointer: BaseCheckpointSaver[Any]) -> Graph:
    """The graph for every person; what a person may use is decided on each call."""
    confirmed: dict[str, bool | InterruptOnConfig] = {
        tool.name: InterruptOnConfig(allowed_decisions=["approve", "edit", "reject"])
        for tool in desk.tools
        if tool.effect is Effect.WRITE
    }
    return create_agent(
        model.chat,
        [declare(tool) for tool in desk.tools],
        middleware=[
            CallModel(model, desk),
            CheckCalls(desk),
            HumanInTheLoopMiddleware(confirmed, interrupt_mode="per_call"),
            RunCalls(desk),
        ],
        context_schema=TurnContext,
        checkpointer=checkpointer,
    )
