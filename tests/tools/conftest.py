"""Calls of tools as the agent makes them: raw arguments in, JSON out, over one session."""

import json
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

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
    """Runs a tool for the operator unless told otherwise; what is no argument of the tool changes its context."""

    context = {f.name for f in fields(ToolContext)}

    def run(tool: Tool[Any], **given: Any) -> ToolResult:
        values: dict[str, Any] = {
            "session": session,
            "actor": operator,
            "now": now,
            "thread_id": "t",
            "call_id": uuid4().hex,
            "archive_folder": tmp_path / "archive",
        }
        ctx = ToolContext(**values | {name: value for name, value in given.items() if name in context})
        result = tool.run(
            ctx, bind_arguments(tool, {name: value for name, value in given.items() if name not in context})
        )
        json.dumps([result.content, result.artifact])
        return result

    return run
