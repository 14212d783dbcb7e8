"""Whether a database may be filled with a data set, and the workspace row that says with which one it was."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from crm.clock import Clock
from crm.datasets.bulk import count_rows
from crm.errors import Conflict
from crm.members.models import Member
from crm.workspace import WORKSPACE_ID, Workspace

_WAY_OUT = "to load it beside this one, set NURTURE_HOME (or DATABASE_URL) to another place; nothing was changed here"


def is_loaded(session: Session, dataset: str, origin: dict[str, Any]) -> bool:
    """Whether exactly this data set stands in the database; False when the database is empty.

    Raises Conflict when it holds other data.
    """
    workspace = session.get(Workspace, WORKSPACE_ID)
    if workspace is None:
        if count_rows(session, Member):
            raise Conflict(f"this database holds members of its own; {_WAY_OUT}")
        return False
    if workspace.dataset != dataset:
        raise Conflict(f"this database holds the data set {workspace.dataset!r}, not {dataset!r}; {_WAY_OUT}")
    if workspace.origin != origin:
        raise Conflict(f"this database holds {dataset} with {workspace.origin}, not with {origin}; {_WAY_OUT}")
    return True


def open_workspace(
    session: Session,
    *,
    name: str,
    dataset: str,
    zone: ZoneInfo,
    currency: str,
    origin: dict[str, Any],
    now: datetime,
    machine: Clock,
) -> Workspace:
    """The workspace of a data set whose clock shows `now` at this moment and whose members have lived until then."""
    workspace = Workspace(
        id=WORKSPACE_ID,
        name=name,
        dataset=dataset,
        zone_name=zone.key,
        currency=currency,
        clock_offset_seconds=int((now - machine.now()).total_seconds()),
        origin=origin,
        lived_until=now,
    )
    session.add(workspace)
    session.flush()
    return workspace
