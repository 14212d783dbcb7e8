"""Calls of tools as the agent makes them: raw arguments in, JSON out, over one session."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.models import Role
from crm.access.service import actor_for
from tests.builders import make_account
from tools.base import Tool, ToolContext, ToolResult
from tools.binding import bind_arguments

Call = Callable[..., ToolResult]


def actor_with(session: Session, role: Role, **changes: Any) -> Actor:
    return actor_for(make_account(session, role=role, **changes))


@pytest.fixture
def operator(session: Session) -> Actor:
    return actor_with(session, Role.OPERATIONS)


@pytest.fixture
def call(session: Session, operator: Actor, now: datetime, tmp_path: Path) -> Call:
    """Runs a tool for the operator unless told otherwise; the result is plain JSON, as it is stored."""

    def run(
        tool: Tool[Any], *, actor: Actor = operator, call_id: str = "call", now: datetime = now, **args: Any
    ) -> ToolResult:
        ctx = ToolContext(
            session=session, actor=actor, now=now, thread_id="t", call_id=call_id, archive_folder=tmp_path / "archive"
        )
        result = tool.run(ctx, bind_arguments(tool, args))
        json.dumps([result.content, result.artifact])
        return result

    return run
