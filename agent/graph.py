"""The agent's graph: a model in a loop with tools, and what stands between them.

A tool call passes, from the outside in: `ConfirmCalls` (rights, arguments, possible at all, and a person's yes
where the state of what it touches asks for one), `RunCalls` (arguments again, one transaction, once).
"""

from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import AgentState
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph

from agent.context import TurnContext
from agent.model_calls import CallModel, ChosenModel
from agent.tool_executor import ToolExecutor
from agent.tool_middleware import ConfirmCalls, RunCalls, declare

Graph = CompiledStateGraph[AgentState[Any], TurnContext, Any, Any]


def build_graph(model: ChosenModel, executor: ToolExecutor, checkpointer: BaseCheckpointSaver[Any]) -> Graph:
    """The graph for every person; what a person may use is decided on each call."""
    return create_agent(
        model.chat,
        [declare(tool) for tool in executor.tools],
        middleware=[
            CallModel(model, executor),
            ConfirmCalls(executor),
            RunCalls(executor),
        ],
        context_schema=TurnContext,
        checkpointer=checkpointer,
    )
