"""The workspace and its clock."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import AfterValidator, AwareDatetime, BaseModel

from api.auth import SignedIn, TheNurture
from api.bodies import Body
from api.while_connected import while_connected
from crm.access.actor import Permission, require
from crm.bounds import aware_within
from crm.catalog import CATALOG
from crm.clock import SystemClock
from crm.database import read_only
from crm.datasets.simulation_clock import advance_clock
from crm.errors import Cancelled
from crm.limits import Cancellation
from crm.workspace import get_workspace

router = APIRouter(prefix="/api/workspace", tags=["workspace"])


class WorkspaceView(BaseModel):
    name: str
    dataset: str
    zone: str
    currency: str
    is_simulated: bool
    now: datetime


class ClockTarget(Body):
    at: Annotated[AwareDatetime, AfterValidator(aware_within)]


@router.get("")
def show_workspace(actor: SignedIn, nurture: TheNurture) -> WorkspaceView:
    with read_only(nurture.sessions) as session:
        workspace = get_workspace(session)
    return WorkspaceView(
        name=workspace.name,
        dataset=workspace.dataset,
        zone=workspace.zone_name,
        currency=workspace.currency,
        is_simulated=workspace.is_simulated,
        now=nurture.clock.now(),
    )


@router.post("/clock")
async def walk_clock(request: Request, target: ClockTarget, actor: SignedIn, nurture: TheNurture) -> WorkspaceView:
    """Walk a demo's time forward, doing everything that falls due on the way; it stops when the caller hangs up."""
    require(actor, Permission.WALK_TIME)

    def work(cancellation: Cancellation) -> WorkspaceView:
        walked = advance_clock(
            nurture.sessions,
            target.at,
            nurture.adapters,
            machine=SystemClock(),
            links=nurture.links,
            cancellation=cancellation,
            catalog=CATALOG,
        )
        if cancellation.is_cancelled:
            raise Cancelled(f"nobody waited for the walk any more; it stopped at {walked.until.isoformat()}")
        return show_workspace(actor, nurture)

    return await while_connected(request, work)
