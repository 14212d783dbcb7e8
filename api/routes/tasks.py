"""Tasks of people: whose, take, give away, complete, reopen."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.auth import SignedIn, TheNurture
from api.bodies import Body
from api.paging import Cursor, Offset
from crm.bounds import RowId
from crm.database import read_only, unit_of_work
from crm.success import service as tasks
from crm.success.models import Task, TaskState
from crm.success.service import TaskPage, Whose, list_tasks

router = APIRouter(prefix="/api/tasks", tags=["tasks"])
TASK = "/{task_id:int}"


class Outcome(Body):
    outcome: str = Field(min_length=1, max_length=2_000, examples=["Will order next week."])


class Owner(Body):
    owner_id: RowId


class TaskView(BaseModel):
    id: int
    state: TaskState
    owner_id: int | None
    due_at: datetime
    closed_at: datetime | None
    outcome: str | None


@router.get("")
def list_all(
    actor: SignedIn,
    nurture: TheNurture,
    whose: Whose = "mine",
    state: TaskState | None = TaskState.OPEN,
    after: Cursor = None,
    offset: Offset = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> TaskPage:
    """The most urgent first; read on with `after`. A CSM sees their own and those that nobody has."""
    with read_only(nurture.sessions) as session:
        return list_tasks(
            session,
            actor=actor,
            now=nurture.clock.now(),
            whose=whose,
            state=state,
            offset=offset,
            after=after,
            limit=limit,
        )


@router.post(TASK + "/complete")
def complete(task_id: RowId, body: Outcome, actor: SignedIn, nurture: TheNurture) -> TaskView:
    """Say what came of it; its owner may, and whoever operates campaigns."""
    with unit_of_work(nurture.sessions) as session:
        return _view(tasks.complete_task(session, task_id, outcome=body.outcome, actor=actor, now=nurture.clock.now()))


@router.post(TASK + "/reopen")
def reopen(task_id: RowId, actor: SignedIn, nurture: TheNurture) -> TaskView:
    """It was not done after all."""
    with unit_of_work(nurture.sessions) as session:
        return _view(tasks.reopen_task(session, task_id, actor=actor, now=nurture.clock.now()))


@router.post(TASK + "/take")
def take(task_id: RowId, actor: SignedIn, nurture: TheNurture) -> TaskView:
    """A CSM takes one that nobody has."""
    with unit_of_work(nurture.sessions) as session:
        return _view(tasks.take_task(session, task_id, actor=actor, now=nurture.clock.now()))


@router.post(TASK + "/assign")
def assign(task_id: RowId, body: Owner, actor: SignedIn, nurture: TheNurture) -> TaskView:
    """Give it to a CSM; whoever operates campaigns may."""
    with unit_of_work(nurture.sessions) as session:
        return _view(tasks.assign_task(session, task_id, owner_id=body.owner_id, actor=actor, now=nurture.clock.now()))


def _view(task: Task) -> TaskView:
    return TaskView(
        id=task.id,
        state=task.state,
        owner_id=task.owner_id,
        due_at=task.due_at,
        closed_at=task.closed_at,
        outcome=task.outcome,
    )
