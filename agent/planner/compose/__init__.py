"""Answers from tool results. Every figure in them stands in a result; nothing is added from memory."""

from agent.planner.compose.answer import compose_answer

__all__ = ["compose_answer"]
